import { Prng } from '@zookafka/base';
import { assignReplicas } from '../../src/core/controlPlane/assignment.ts';
import { controllerRules, type ElectionQuestion } from '../../src/core/controlPlane/elections.ts';
import { topicConfigRefusal } from '../../src/core/controlPlane/topicConfigs.ts';
import {
  assignmentRefusal,
  randomId,
  topicNameCollision,
  topicNameRefusal,
} from '../../src/core/controlPlane/topicRules.ts';

const base: ElectionQuestion = {
  replicas: [1, 2, 3],
  isr: [1, 2, 3],
  leader: 1,
  live: [1, 2, 3],
  returned: [],
  isUncleanAllowed: false,
};

describe('an election', () => {
  it.each<[string, Partial<ElectionQuestion>, [number, number[]] | undefined]>([
    ['changes nothing while all live', {}, undefined],
    ['takes the first live replica of the ISR', { live: [2, 3] }, [2, [2, 3]]],
    ['goes by the assignment, not by the ISR', { isr: [3, 2, 1], live: [2, 3] }, [2, [3, 2]]],
    ['passes over replicas outside the ISR', { isr: [1, 3], live: [2, 3] }, [3, [3]]],
    ['drops a dead follower, the leader stays', { live: [1, 3] }, [1, [1, 3]]],
    ['leaves a dead last member in the ISR', { isr: [1], live: [2, 3] }, [-1, [1]]],
    ['changes nothing again then', { leader: -1, isr: [1], live: [2, 3] }, undefined],
    ['elects it when it returns', { leader: -1, isr: [1], live: [1, 2], returned: [1] }, [1, [1]]],
    ['counts a leader that returned as failed', { returned: [1] }, [2, [2, 3]]],
    ['counts a follower that returned as failed', { returned: [3] }, [1, [1, 2]]],
    ['elects a returned leader again where nobody else is', { isr: [1], returned: [1] }, [1, [1]]],
    [
      'keeps all that returned where nobody lived on',
      { live: [2, 3], returned: [2, 3] },
      [2, [2, 3]],
    ],
  ])('%s', (_, change, expected) => {
    const answer = controllerRules.elect({ ...base, ...change });
    expect(answer && [answer.leader, answer.isr]).toEqual(expected);
    expect(answer?.isUnclean ?? false).toBe(false);
  });

  it('takes a leader from outside the ISR only where that is allowed', () => {
    const question = { ...base, isr: [1], live: [3, 2] };
    expect(controllerRules.elect({ ...question, isUncleanAllowed: true })).toEqual({
      leader: 2,
      isr: [2],
      isUnclean: true,
    });
  });

  it('hands leadership to the preferred replica only when it is live and in the ISR', () => {
    const question = { ...base, leader: 2 };
    expect(controllerRules.electPreferred(question)?.leader).toBe(1);
    expect(controllerRules.electPreferred(base)).toBeUndefined();
    expect(controllerRules.electPreferred({ ...question, isr: [2, 3] })).toBeUndefined();
    expect(controllerRules.electPreferred({ ...question, live: [2, 3] })).toBeUndefined();
  });

  it('starts a partition with all its live replicas in sync, the first of them leading', () => {
    expect(controllerRules.firstState([3, 1, 2], [1, 2])).toEqual({
      leader: 1,
      isr: [1, 2],
      isUnclean: false,
    });
    expect(controllerRules.firstState([3], [1, 2])).toBeUndefined();
  });
});

describe('an assignment', () => {
  it('gives every partition different brokers, and every broker its share', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const prng = new Prng(seed);
      const brokers = Array.from({ length: prng.between(1, 7) }, (_, index) => index * 3);
      const replicationFactor = prng.between(1, brokers.length);
      const partitions = brokers.length * prng.between(1, 4);
      const assignment = assignReplicas({ brokers, partitions, replicationFactor }, prng);
      expect(assignmentRefusal(assignment, brokers)).toBeUndefined();
      const leads = brokers.map((id) => assignment.filter(([first]) => first === id).length);
      expect(new Set(leads).size).toBe(1);
    }
  });
});

describe('topics', () => {
  it.each(['', '.', '..', 'a b', 'ä', 'a/b', 'x'.repeat(250)])('refuses the name %j', (name) => {
    expect(topicNameRefusal(name)).toBeDefined();
  });

  it.each(['a', 'a.b-c_D9', '...', 'x'.repeat(249), '__proto__'])('takes the name %j', (name) => {
    expect(topicNameRefusal(name)).toBeUndefined();
  });

  it('finds names that differ only in . and _', () => {
    expect(topicNameCollision('a.b', ['x', 'a_b'])).toBe('a_b');
    expect(topicNameCollision('a.b', ['a.b', 'ab'])).toBeUndefined();
  });

  it('refuses assignments that cannot be', () => {
    expect(assignmentRefusal([[1, 1]], [1])).toMatch(/Duplicate/);
    expect(assignmentRefusal([[1], [1, 2]], [1, 2])).toMatch(/Inconsistent/);
    expect(assignmentRefusal([[4]], [1])).toMatch(/Unknown broker/);
    expect(assignmentRefusal([[]], [1])).toMatch(/No replicas/);
  });

  it('draws ids of 22 characters that never begin with a hyphen', () => {
    const prng = new Prng(5);
    const ids = Array.from({ length: 2000 }, () => randomId(prng));
    expect(ids.every((id) => /^[A-Za-z0-9_][A-Za-z0-9_-]{20}[AQgw]$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(2000);
  });

  it('knows settings of topics and what their values may be', () => {
    expect(
      topicConfigRefusal({ 'cleanup.policy': 'compact,delete', 'retention.ms': '-1' }),
    ).toBeUndefined();
    expect(topicConfigRefusal({ 'retention.ms': 'x' })).toMatch(/Invalid value/);
    expect(topicConfigRefusal({ 'segment.bytes': '13' })).toMatch(/Invalid value/);
    expect(topicConfigRefusal({ 'flush.ms': '9223372036854775807' })).toBeUndefined();
    expect(topicConfigRefusal({ nonsense: '1' })).toMatch(/Unknown topic config name: nonsense/);
  });
});
