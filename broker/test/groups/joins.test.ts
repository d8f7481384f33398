import { errorCodes } from '@zookafka/kafka-wire';
import { GroupCluster } from './harness.ts';
import { assignmentOf, beat, got, join, stableGroup, sync } from './members.ts';

const stateOf = (cluster: GroupCluster, group = 'g'): string =>
  cluster.ask('describeGroups', { groups: [group] }).groups[0]?.groupState as string;

describe('the checks of JoinGroup, in their order', () => {
  test('an empty group id is refused before all else', () => {
    const cluster = new GroupCluster();
    const answer = join(cluster, { group: '', sessionMs: 1 });
    expect(got(answer)).toMatchObject({ errorCode: errorCodes.INVALID_GROUP_ID, generationId: -1 });
  });

  test('a group of another broker is refused before its session timeout is looked at', () => {
    const cluster = new GroupCluster({ brokers: 2 });
    const answer = join(cluster, { sessionMs: 1, broker: 1 });
    expect(got(answer).errorCode).toBe(errorCodes.NOT_COORDINATOR);
  });

  test.each([5999, 1_800_001])('a session timeout of %i ms is outside the limits', (sessionMs) => {
    const answer = join(new GroupCluster(), { sessionMs });
    expect(got(answer).errorCode).toBe(errorCodes.INVALID_SESSION_TIMEOUT);
  });

  test('a member id in a group that nobody knows is unknown, and makes no group', () => {
    const cluster = new GroupCluster();
    expect(got(join(cluster, { memberId: 'm' })).errorCode).toBe(errorCodes.UNKNOWN_MEMBER_ID);
    expect(cluster.ask('listGroups', { statesFilter: [], typesFilter: [] }).groups).toEqual([]);
  });

  test('a member id that a known group never gave out is unknown', () => {
    const cluster = new GroupCluster();
    stableGroup(cluster);
    expect(got(join(cluster, { memberId: 'm' })).errorCode).toBe(errorCodes.UNKNOWN_MEMBER_ID);
  });

  test.each([
    ['no protocol', { protocols: [] }],
    ['no protocol type', { protocolType: '' }],
  ])('the first member needs more than %s', (_what, options) => {
    const { errorCode } = got(join(new GroupCluster(), options));
    expect(errorCode).toBe(errorCodes.INCONSISTENT_GROUP_PROTOCOL);
  });

  test.each([
    ['another protocol type', { protocolType: 'connect' }],
    ['no protocol that all have', { protocols: [['sticky', 'm']] as const }],
  ])('who has %s stays outside', (_what, options) => {
    const cluster = new GroupCluster();
    stableGroup(cluster);
    const { errorCode } = got(join(cluster, options));
    expect(errorCode).toBe(errorCodes.INCONSISTENT_GROUP_PROTOCOL);
  });

  test('who was promised a place gets it when the last member left meanwhile', () => {
    const cluster = new GroupCluster();
    const { ids } = stableGroup(cluster);
    const promised = got(join(cluster, { version: 4 }));
    expect(promised.errorCode).toBe(errorCodes.MEMBER_ID_REQUIRED);
    const members = ids.map((memberId) => ({ memberId, groupInstanceId: null, reason: null }));
    cluster.ask('leaveGroup', { groupId: 'g', members });
    expect(stateOf(cluster)).toBe('PreparingRebalance');
    const joined = join(cluster, { version: 4, memberId: promised.memberId });
    cluster.run(7000);
    expect(got(joined)).toMatchObject({ errorCode: 0, leader: promised.memberId });
  });

  test('a text that no record can hold is refused', () => {
    const instance = 'x'.repeat(32_760);
    const { errorCode } = got(join(new GroupCluster(), { instance }));
    expect(errorCode).toBe(errorCodes.INVALID_REQUEST);
  });
});

describe('member ids', () => {
  test('from version 4 on a newcomer is given an id first, and joins with it', () => {
    const cluster = new GroupCluster();
    const first = got(join(cluster, { version: 4 }));
    expect(first.errorCode).toBe(errorCodes.MEMBER_ID_REQUIRED);
    expect(first.memberId).toMatch(
      /^client-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    const second = join(cluster, { version: 4, memberId: first.memberId });
    cluster.run(3000);
    expect(got(second)).toMatchObject({ errorCode: 0, memberId: first.memberId, generationId: 1 });
  });

  test('an id that is not used within the session timeout is worth nothing', () => {
    const cluster = new GroupCluster();
    const { memberId } = got(join(cluster, { version: 4, sessionMs: 6000 }));
    cluster.run(6001);
    const { errorCode } = got(join(cluster, { version: 4, memberId }));
    expect(errorCode).toBe(errorCodes.UNKNOWN_MEMBER_ID);
  });

  test('a rebalance waits for an id that was given out, no longer than its session timeout', () => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster, { count: 1 });
    join(cluster, { version: 4, sessionMs: 6000 });
    const again = join(cluster, { memberId: ids[0] as string });
    expect(again.body).toBeUndefined();
    cluster.run(6001);
    expect(got(again).generationId).toBe(generation + 1);
  });

  test('until version 3 a newcomer joins at once', () => {
    const cluster = new GroupCluster();
    const answer = join(cluster, { version: 0, sessionMs: 10_000 });
    cluster.run(3000);
    expect(got(answer)).toMatchObject({ errorCode: 0, generationId: 1 });
  });
});

describe('the first rebalance of a group', () => {
  test('waits 3 seconds for more members', () => {
    const cluster = new GroupCluster();
    const answer = join(cluster);
    cluster.run(2999);
    expect(answer.body).toBeUndefined();
    cluster.run(1);
    expect(got(answer)).toMatchObject({ generationId: 1, protocolName: 'range' });
  });

  test('waits again when somebody came, up to the rebalance timeout', () => {
    const cluster = new GroupCluster();
    const options = { rebalanceMs: 8000 };
    const answers = [join(cluster, options)];
    const came: number[] = [];
    for (let index = 0; index < 5; index++) {
      cluster.run(2000);
      if (answers[0]?.body === undefined) answers.push(join(cluster, options));
      came.push(answers.filter(({ body }) => body !== undefined).length);
    }
    // 3 s, then 3 s and 2 s more: all are answered at 8 s.
    expect(came).toEqual([0, 0, 0, 4, 4]);
    expect(answers.map((answer) => got(answer).generationId)).toEqual([1, 1, 1, 1]);
  });

  test('has no delay where none is set', () => {
    const cluster = new GroupCluster({ config: { groupInitialRebalanceDelayMs: 0 } });
    const answer = join(cluster);
    cluster.run(1);
    expect(got(answer).generationId).toBe(1);
  });

  test('tells the members to the leader only', () => {
    const cluster = new GroupCluster();
    const answers = [join(cluster), join(cluster), join(cluster)];
    cluster.run(6000);
    const bodies = answers.map((answer) => got(answer));
    const leader = bodies[0]?.memberId;
    expect(bodies.map((body) => body.leader)).toEqual([leader, leader, leader]);
    expect(bodies.map(({ members }) => members.length)).toEqual([3, 0, 0]);
  });
});

describe('the vote', () => {
  test('takes the protocol that most prefer of those that all support', () => {
    const cluster = new GroupCluster();
    const wanted = [
      ['a', 'b', 'c'],
      ['c', 'b'],
      ['c', 'a', 'b'],
      ['b', 'c'],
    ];
    const answers = wanted.map((names) =>
      join(cluster, { protocols: names.map((name) => [name, `${name} of it`] as const) }),
    );
    cluster.run(6000);
    // b: 2 votes (a is not everybody's), c: 2 votes; b was voted for first.
    expect(answers.map((answer) => got(answer).protocolName)).toEqual(['b', 'b', 'b', 'b']);
    const { members } = got(answers[0] as (typeof answers)[number]);
    expect(members.map(({ metadata }) => String.fromCharCode(...metadata))).toEqual([
      'b of it',
      'b of it',
      'b of it',
      'b of it',
    ]);
  });
});

describe('a rebalance of a group that has members', () => {
  test('ends as soon as all have joined again, with a higher generation', () => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster);
    const newcomer = join(cluster);
    expect(stateOf(cluster)).toBe('PreparingRebalance');
    for (const memberId of ids) {
      expect(beat(cluster, { generation, memberId })).toBe(errorCodes.REBALANCE_IN_PROGRESS);
    }
    const first = join(cluster, { memberId: ids[0] as string });
    expect(first.body).toBeUndefined();
    const second = join(cluster, { memberId: ids[1] as string });
    for (const answer of [newcomer, first, second]) {
      expect(got(answer)).toMatchObject({ errorCode: 0, generationId: generation + 1 });
    }
  });

  test('goes on without those that have not joined within the rebalance timeout', () => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster, { sessionMs: 60_000, rebalanceMs: 20_000 });
    const newcomer = join(cluster, { rebalanceMs: 5000 });
    const again = join(cluster, { memberId: ids[1] as string, rebalanceMs: 5000 });
    cluster.run(19_999);
    expect(newcomer.body).toBeUndefined();
    cluster.run(1);
    expect(got(newcomer).generationId).toBe(generation + 1);
    // The leader was the one that is missing.
    expect(got(again)).toMatchObject({ generationId: generation + 1, leader: ids[1] });
    const gone = { generation: generation + 1, memberId: ids[0] as string };
    expect(beat(cluster, gone)).toBe(errorCodes.UNKNOWN_MEMBER_ID);
  });

  test('answers a join that was asked twice: the older with an error', () => {
    const cluster = new GroupCluster();
    const { ids } = stableGroup(cluster);
    const older = join(cluster, { memberId: ids[1] as string, protocols: [['range', 'new']] });
    const newer = join(cluster, { memberId: ids[1] as string, protocols: [['range', 'new']] });
    expect(got(older).errorCode).toBe(errorCodes.REBALANCE_IN_PROGRESS);
    expect(newer.body).toBeUndefined();
    join(cluster, { memberId: ids[0] as string });
    expect(got(newer).errorCode).toBe(0);
  });

  test('that nobody joins leaves an empty group of the next generation, in the log', () => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster);
    const before = cluster.logs[0]?.end as number;
    cluster.run(10_000);
    expect(stateOf(cluster)).toBe('Empty');
    expect(cluster.logs[0]?.end).toBe(before + 1);
    const again = join(cluster);
    cluster.run(3000);
    expect(got(again).generationId).toBe(generation + 2);
    expect(beat(cluster, { generation, memberId: ids[0] as string })).toBe(
      errorCodes.UNKNOWN_MEMBER_ID,
    );
  });
});

describe('a known member that joins again', () => {
  test('in a stable group, unchanged and not leading, is told its generation', () => {
    const cluster = new GroupCluster();
    const { ids, generation, leader } = stableGroup(cluster);
    const answer = got(join(cluster, { memberId: ids[1] as string }));
    expect(answer).toMatchObject({ errorCode: 0, generationId: generation, leader, members: [] });
    expect(stateOf(cluster)).toBe('Stable');
    const part = sync(cluster, { generation, memberId: ids[1] as string });
    expect(assignmentOf(part)).toBe('part 1');
  });

  test.each([
    ['leads', 0, 'm'],
    ['changed what it wants', 1, 'changed'],
  ])('in a stable group begins a rebalance when it %s', (_why, index, metadata) => {
    const cluster = new GroupCluster();
    const { ids } = stableGroup(cluster);
    const answer = join(cluster, {
      memberId: ids[index] as string,
      protocols: [['range', metadata]],
    });
    expect(answer.body).toBeUndefined();
    expect(stateOf(cluster)).toBe('PreparingRebalance');
  });

  test('while the leader shares out, unchanged, is told its generation once more', () => {
    const cluster = new GroupCluster();
    const answers = [join(cluster), join(cluster)];
    cluster.run(6000);
    const [leader, other] = answers.map((answer) => got(answer));
    const again = got(join(cluster, { memberId: leader?.memberId as string }));
    expect(again).toEqual(leader);
    expect(got(join(cluster, { memberId: other?.memberId as string }))).toEqual(other);
    expect(stateOf(cluster)).toBe('CompletingRebalance');
  });

  test('while the leader shares out, changed, begins anew: those that wait are told', () => {
    const cluster = new GroupCluster();
    const answers = [join(cluster), join(cluster)];
    cluster.run(6000);
    const [leader, other] = answers.map((answer) => got(answer).memberId) as [string, string];
    const waiting = sync(cluster, { generation: 1, memberId: other });
    join(cluster, { memberId: leader, protocols: [['range', 'changed']] });
    expect(got(waiting).errorCode).toBe(errorCodes.REBALANCE_IN_PROGRESS);
    expect(stateOf(cluster)).toBe('PreparingRebalance');
  });
});

describe('group.max.size', () => {
  test('keeps the members that there are, and turns newcomers away', () => {
    const cluster = new GroupCluster({ config: { groupMaxSize: 2 } });
    const { ids, generation } = stableGroup(cluster);
    expect(got(join(cluster)).errorCode).toBe(errorCodes.GROUP_MAX_SIZE_REACHED);
    expect(beat(cluster, { generation, memberId: ids[0] as string })).toBe(0);
  });

  test('counts those that wait while a rebalance is prepared: the last to join stays outside', () => {
    const cluster = new GroupCluster({ config: { groupMaxSize: 2 } });
    const { ids, generation } = stableGroup(cluster);
    const memberId = ids[0] as string;
    join(cluster, { memberId });
    join(cluster);
    const last = got(join(cluster, { memberId: ids[1] as string }));
    expect(last).toMatchObject({ errorCode: errorCodes.GROUP_MAX_SIZE_REACHED, memberId: '' });
    expect(beat(cluster, { generation: generation + 1, memberId })).toBe(0);
  });
});
