import { Invariants } from './invariants.ts';
import { World } from './world.ts';

const open = { partitions: -1, replicationFactor: -1 } as const;
const three = [
  [1, 2, 3],
  [2, 3, 1],
  [3, 1, 2],
];

function worldWithTopic(assignment: readonly (readonly number[])[] = three): World {
  const world = new World().startAll().run(2000);
  world.createTopic(world.host(1), 't', assignment);
  return world.run(1000);
}

describe('the controller', () => {
  it('elects when a broker dies, and removes it from every ISR, each at the next leader epoch', () => {
    const world = worldWithTopic();
    world.kill(world.host(1));
    world.run(8000);
    expect(world.state('t', 0)).toMatchObject({ leader: 2, leader_epoch: 1, isr: [2, 3] });
    expect(world.state('t', 1)).toMatchObject({ leader: 2, leader_epoch: 1, isr: [2, 3] });
    expect(world.state('t', 2)).toMatchObject({ leader: 3, leader_epoch: 1, isr: [3, 2] });
  });

  it('leaves a partition without a leader rather than lose records, and elects when one returns', () => {
    const world = worldWithTopic([[1]]);
    world.kill(world.host(1));
    world.run(8000);
    expect(world.state('t')).toMatchObject({ leader: -1, leader_epoch: 1, isr: [1] });
    world.start(world.host(1));
    world.run(3000);
    expect(world.state('t')).toMatchObject({ leader: 1, leader_epoch: 2, isr: [1] });
  });

  it('K12: a broker that came back within its session counts as failed, then started', () => {
    const world = worldWithTopic();
    const controller = world.controller;
    const host = world.otherThan(controller);
    world.kill(host);
    world.start(host);
    world.run(2000);
    const led = world.state('t', host.broker - 1);
    expect(led?.leader).not.toBe(host.broker);
    expect(led?.leader_epoch).toBeGreaterThan(0);
    const events = world.traces
      .filter(({ facts }) => facts['broker'] === host.broker)
      .map(({ event }) => event);
    expect(events).toEqual(['brokerFailed', 'brokerStarted']);
  });

  it('K22: all brokers killed at once and started again: everything is led again', () => {
    const world = worldWithTopic();
    const invariants = new Invariants(world);
    for (const host of world.hosts) world.kill(host);
    world.run(1000);
    world.startAll().run(10_000);
    invariants.lookAtPeace();
    expect(invariants.breaches).toEqual([]);
  });

  it('loads, elects and deletes no more in the term after its own', () => {
    const world = worldWithTopic();
    const controller = world.controller;
    world.pause(controller);
    world.run(9000);
    world.traces.length = 0;
    world.resume(controller);
    world.run(3000);
    const acts = world.traced('leaderElected', controller.broker);
    expect(acts).toEqual([]);
    expect(world.traced('controllerResigned', controller.broker)).toHaveLength(1);
  });

  it('traces the anatomy of a fail-over', () => {
    const world = worldWithTopic();
    const controller = world.controller;
    world.traces.length = 0;
    world.kill(controller);
    world.run(8000);
    const winner = world.controller;
    const events = world.traces
      .filter(({ broker, event }) => broker === winner.broker && event !== 'metadataLearned')
      .map(({ event }) => event);
    expect(events).toEqual([
      'controllerElected',
      'controllerLoaded',
      'leaderElected',
      'leaderElected',
      'leaderElected',
    ]);
    expect(world.traced('controllerLoaded')[0]?.facts).toMatchObject({
      brokers: 2,
      topics: 1,
      partitions: 3,
    });
    expect(world.traced('metadataLearned').length).toBe(6);
  });

  it('gives preferred replicas their leadership back', () => {
    const world = new World({ rebalanceMs: 20_000 }).startAll().run(2000);
    world.createTopic(world.host(1), 't', [[1, 2, 3]]);
    world.run(1000);
    world.kill(world.host(1));
    world.run(8000);
    world.start(world.host(1));
    world.run(2000);
    const state = world.host(2).known('t');
    expect(state.leader).toBe(2);
    world.alterIsr(world.host(2), { ...state, isr: [2, 3, 1] });
    world.run(45_000);
    expect(world.state('t')).toMatchObject({ leader: 1, isr: [2, 3, 1] });
  });

  it('elects from outside the ISR only where the topic allows it', () => {
    const world = new World().startAll().run(2000);
    const configs = { 'unclean.leader.election.enable': 'true' };
    world.createTopic(world.host(1), 'loose', [[1, 2, 3]], configs);
    world.createTopic(world.host(1), 'strict', [[1, 2, 3]]);
    world.run(1000);
    for (const topic of ['loose', 'strict']) {
      world.alterIsr(world.host(1), { ...world.host(1).known(topic), isr: [1] });
    }
    world.run(1000);
    world.kill(world.host(1));
    world.run(9000);
    expect(world.state('loose')).toMatchObject({ leader: 2, isr: [2] });
    expect(world.state('strict')).toMatchObject({ leader: -1, isr: [1] });
  });
});

describe('creating topics', () => {
  it('writes settings and assignment, spread where none is given, and any broker can', () => {
    const world = new World().startAll().run(2000);
    const wanted = { name: 't', partitions: 6, replicationFactor: 3, assignment: undefined };
    const configs = { 'retention.ms': '1000' };
    const token = world.createTopics(world.host(3), [{ ...wanted, configs }]);
    world.run(2000);
    const [result] = world.host(3).created.get(token) ?? [];
    expect(result).toMatchObject({ errorCode: 0, partitions: 6, replicationFactor: 3 });
    for (const host of world.hosts) {
      const topic = host.plane?.image.topics.get('t');
      expect(topic).toMatchObject({ topicId: result?.topicId, config: configs });
      expect(topic?.partitions.filter((state) => (state?.leader ?? -1) > 0)).toHaveLength(6);
    }
  });

  it.each<[string, number, Parameters<World['createTopics']>[1][number]]>([
    ['bad names', 17, wanted('a b')],
    ['collisions of . and _', 17, wanted('x_y')],
    ['topics that exist', 36, wanted('x.y')],
    ['no partitions', 37, { ...wanted('t'), partitions: 0 }],
    ['more replicas than brokers', 38, { ...wanted('t'), replicationFactor: 4 }],
    ['no replicas', 38, { ...wanted('t'), replicationFactor: 0 }],
    ['brokers that are none', 39, { ...wanted('t'), ...open, assignment: [[9]] }],
    ['settings that are none', 40, { ...wanted('t'), configs: { a: 'b' } }],
    ['a count beside an assignment', 42, { ...wanted('t'), assignment: [[1]] }],
  ])('refuses %s with error %i', (_, errorCode, topic) => {
    const world = new World().startAll().run(2000);
    world.createTopics(world.host(1), [wanted('x.y')]);
    world.run(500);
    const token = world.createTopics(world.host(1), [topic]);
    world.run(500);
    expect(world.host(1).created.get(token)).toMatchObject([{ errorCode }]);
    expect(world.ensemble.tree.children('/brokers/topics')).toEqual(['x.y']);
  });

  it('only validates when asked to', () => {
    const world = new World().startAll().run(2000);
    const token = world.createTopics(world.host(1), [wanted('t')], true);
    world.run(500);
    expect(world.host(1).created.get(token)).toMatchObject([{ errorCode: 0, partitions: 1 }]);
    expect(world.ensemble.tree.children('/brokers/topics')).toEqual([]);
  });

  it('knows its own topic again when the answer was lost', () => {
    const world = new World().startAll().run(2000);
    const token = world.createTopics(world.host(2), [wanted('t')]);
    world.runUntil(() => world.ensemble.tree.znodes.has('/brokers/topics/t'));
    world.cut(world.host(2));
    world.run(3000);
    expect(world.host(2).created.get(token)).toMatchObject([{ errorCode: 0 }]);
  });
});

describe('deleting topics', () => {
  it('tells every broker which id was deleted, one that was down then too, and leaves no znode', () => {
    const world = worldWithTopic();
    const { topicId } = world.host(1).topic('t');
    world.kill(world.host(3));
    world.run(8000);
    const token = world.deleteTopic(world.host(1), 't');
    world.run(2000);
    expect(world.host(1).deleted.get(token)).toMatchObject([{ errorCode: 0 }]);
    const { tree } = world.ensemble;
    expect(tree.znodes.has('/brokers/topics/t')).toBe(false);
    expect(tree.znodes.has('/config/topics/t')).toBe(false);
    expect(tree.children('/admin/delete_topics')).toEqual([]);
    for (const host of [world.host(1), world.host(2)]) {
      expect(host.deletedIds).toEqual([topicId]);
      expect(host.absentIds).toEqual([]);
    }
    world.start(world.host(3));
    world.run(2000);
    expect(world.host(3).deltas.flatMap((delta) => delta.topicsDeleted ?? [])).toEqual([
      { name: 't', topicId },
    ]);
  });

  it('a znode that is merely gone is never told as a deletion', () => {
    const world = worldWithTopic([[1]]);
    const { topicId } = world.host(1).topic('t');
    const root = '/brokers/topics/t';
    const paths = ['/partitions/0/state', '/partitions/0', '/partitions', ''];
    for (const path of paths) {
      world.ensemble.tool([{ op: 'delete', path: root + path, version: -1 }], 0);
    }
    world.run(1000);
    for (const host of world.hosts) {
      expect(host.absentIds).toEqual([topicId]);
      expect(host.deletedIds).toEqual([]);
    }
  });

  it('goes on where a controller that died left it', () => {
    const world = worldWithTopic();
    const controller = world.controller;
    world.deleteTopic(world.otherThan(controller), 't');
    world.runUntil(() => world.ensemble.tree.children('/admin/deleted_topic_ids').length > 0);
    world.kill(controller);
    world.run(9000);
    expect(world.ensemble.tree.znodes.has('/brokers/topics/t')).toBe(false);
  });

  it('a topic of the same name is another one', () => {
    const world = worldWithTopic();
    const before = world.host(2).topic('t').topicId;
    world.deleteTopic(world.host(1), 't');
    world.run(1000);
    world.createTopic(world.host(1), 't', [[2, 1]]);
    world.run(1000);
    const after = world.host(2).topic('t');
    expect(after.topicId).not.toBe(before);
    expect(world.host(2).state('t')).toMatchObject({ leader: 2, leaderEpoch: 0, isr: [2, 1] });
    expect(world.host(2).absentIds).toEqual([]);
  });

  it('refuses what is not there', () => {
    const world = worldWithTopic();
    const token = world.deleteTopic(world.host(1), 'none');
    world.run(500);
    expect(world.host(1).deleted.get(token)).toMatchObject([{ errorCode: 3 }]);
  });
});

describe('what leaders ask', () => {
  it('an ISR changes at the known version, and everybody learns it', () => {
    const world = worldWithTopic();
    const state = world.host(1).known('t');
    world.alterIsr(world.host(1), { ...state, isr: [1, 2] });
    world.run(500);
    expect(world.host(1).isrs).toMatchObject([
      { result: 'ok', state: { isr: [1, 2], partitionEpoch: state.partitionEpoch + 1 } },
    ]);
    for (const host of world.hosts) expect(host.state('t')?.isr).toEqual([1, 2]);
    expect(world.state('t')?.leader_epoch).toBe(0);
  });

  it('a stale version is told with the newer state', () => {
    const world = worldWithTopic();
    const state = world.host(1).known('t');
    world.alterIsr(world.host(1), { ...state, isr: [1, 2] });
    world.alterIsr(world.host(1), { ...state, isr: [1] });
    world.run(500);
    expect(world.host(1).isrs[1]).toMatchObject({ result: 'badVersion', state: { isr: [1, 2] } });
  });

  it('a lost answer is looked up: the change stands, and is told so', () => {
    const world = worldWithTopic();
    const state = world.host(1).known('t');
    world.cutAnswers(world.host(1));
    world.alterIsr(world.host(1), { ...state, isr: [1, 2] });
    world.run(4000);
    expect(world.host(1).isrs).toMatchObject([{ result: 'ok', state: { isr: [1, 2] } }]);
  });

  it('a broker that is not registered enters no ISR', () => {
    const world = worldWithTopic();
    world.kill(world.host(3));
    world.run(8000);
    const state = world.host(2).known('t', 1);
    world.alterIsr(world.host(2), { ...state, isr: [...state.isr, 3] });
    world.run(500);
    expect(world.host(2).isrs).toMatchObject([{ result: 'badVersion' }]);
    expect(world.state('t', 1)?.isr).toEqual(state.isr);
  });

  it('who does not lead is fenced', () => {
    const world = worldWithTopic();
    world.alterIsr(world.host(2), { ...world.host(2).known('t'), isr: [2] });
    world.run(500);
    expect(world.host(2).isrs).toMatchObject([{ result: 'fenced' }]);
  });

  it('producer ids come in blocks of 1000 that never overlap', () => {
    const world = new World().startAll().run(2000);
    for (let round = 0; round < 3; round++) {
      for (const host of world.hosts) {
        world.feed(host, { kind: 'allocateProducerIds', token: round });
      }
    }
    world.run(3000);
    const blocks = world.hosts.flatMap((host) => host.producerIds);
    expect(blocks.map(({ first }) => first).sort((left, right) => left - right)).toEqual(
      Array.from({ length: 9 }, (_, index) => index * 1000),
    );
    expect(blocks.every(({ count }) => count === 1000)).toBe(true);
  });
});

describe.each([true, false])('what brokers know, addWatch %s', (hasAddWatch) => {
  it('changes of a time without a connection are read after it', () => {
    const world = new World({ hasAddWatch }).startAll().run(2000);
    const host = world.otherThan(world.controller);
    const other = world.otherThan(host);
    world.cut(host);
    world.createTopic(other, 't', [[other.broker, host.broker]]);
    world.run(5000);
    expect(host.state('t')).toMatchObject({ leader: other.broker });
    expect(host.wholeReads).toBe(2);
    expect([...(host.plane?.image.brokers.keys() ?? [])].sort()).toEqual([1, 2, 3]);
  });

  it('a state is told in the order of its writing, never an older one after a newer', () => {
    const world = new World({ hasAddWatch, delayMs: [1, 60] }).startAll().run(4000);
    world.createTopic(world.host(1), 't', [[1, 2, 3]]);
    world.run(2000);
    for (let round = 0; round < 10; round++) {
      const state = world.host(1).known('t');
      world.alterIsr(world.host(1), { ...state, isr: round % 2 === 0 ? [1, 2] : [1, 2, 3] });
      world.run(world.prng.between(30, 300));
    }
    world.run(2000);
    for (const host of world.hosts) {
      const told = host.deltas.flatMap((delta) => delta.partitions ?? []);
      const zxids = told.map(({ stateZxid }) => stateZxid);
      expect(zxids).toEqual([...zxids].sort((left, right) => left - right));
      expect(host.state('t')?.isr).toEqual(world.state('t')?.isr);
    }
  });
});

function wanted(name: string): Parameters<World['createTopics']>[1][number] {
  return { name, partitions: 1, replicationFactor: 1, assignment: undefined, configs: {} };
}
