import { encodeBatch, errorCodes } from '@zookafka/kafka-wire';
import { GroupCluster } from './harness.ts';
import {
  assignmentOf,
  beat,
  codeOf,
  commit,
  fetchOffset,
  got,
  join,
  sendCommit,
  stableGroup,
  sync,
} from './members.ts';

const two = { brokers: 2 };

describe('another broker takes over', () => {
  test('and knows offsets, members, generation and work: members go on with their heartbeats', () => {
    const cluster = new GroupCluster(two);
    const { ids, generation, leader } = stableGroup(cluster);
    const memberId = ids[1] as string;
    commit(cluster, { generation, memberId, offset: 17 });
    cluster.lead(0, 1);
    for (const one of ids) expect(beat(cluster, { generation, memberId: one, broker: 1 })).toBe(0);
    expect(fetchOffset(cluster, { broker: 1 })).toBe(17);
    expect(assignmentOf(sync(cluster, { generation, memberId, broker: 1 }))).toBe('part 1');
    expect(got(join(cluster, { memberId, broker: 1 }))).toMatchObject({
      errorCode: 0,
      generationId: generation,
      leader,
    });
    expect(commit(cluster, { generation, memberId, offset: 18, broker: 1 })).toBe(0);
  });

  test('and gives members their whole session timeout anew', () => {
    const cluster = new GroupCluster(two);
    const { ids, generation } = stableGroup(cluster, { count: 1 });
    cluster.run(9000);
    cluster.lead(0, 1);
    cluster.run(9999);
    expect(beat(cluster, { generation, memberId: ids[0] as string, broker: 1 })).toBe(0);
    cluster.run(10_000);
    expect(beat(cluster, { generation, memberId: ids[0] as string, broker: 1 })).toBe(
      errorCodes.UNKNOWN_MEMBER_ID,
    );
  });

  test('and the one before serves nobody', () => {
    const cluster = new GroupCluster(two);
    const { ids, generation } = stableGroup(cluster);
    cluster.lead(0, 1);
    const memberId = ids[0] as string;
    expect(beat(cluster, { generation, memberId })).toBe(errorCodes.NOT_COORDINATOR);
    expect(commit(cluster, { generation, memberId, offset: 1 })).toBe(errorCodes.NOT_COORDINATOR);
    expect(fetchOffset(cluster)).toBe(`error ${errorCodes.NOT_COORDINATOR}`);
    expect(cluster.brokers[0]?.port.timers.size).toBeLessThanOrEqual(1);
    cluster.run(100_000);
    const lost = cluster.traces.filter(({ facts }) => facts['reason'] === 'a member was silent');
    // The new one only: both members at once, and the second ends the rebalance of the first.
    expect(lost).toHaveLength(1);
  });

  test('and those that wait for the others are told to ask elsewhere', () => {
    const cluster = new GroupCluster(two);
    const answers = [join(cluster), join(cluster)];
    cluster.lead(0, 1);
    for (const answer of answers) expect(got(answer).errorCode).toBe(errorCodes.NOT_COORDINATOR);
  });

  test('and those that wait for their work are told to ask elsewhere', () => {
    const cluster = new GroupCluster({ ...two, isSlow: true });
    cluster.answerReads();
    const answers = [join(cluster), join(cluster)];
    cluster.run(6000);
    const [leader, other] = answers.map((answer) => got(answer).memberId) as [string, string];
    const waiting = [
      sync(cluster, { generation: 1, memberId: other }),
      sync(cluster, { generation: 1, memberId: leader, assignments: { [leader]: 'all' } }),
    ];
    cluster.depose(0);
    for (const answer of waiting) expect(got(answer).errorCode).toBe(errorCodes.NOT_COORDINATOR);
  });

  test('and commits that are not in the log are refused there', () => {
    const cluster = new GroupCluster({ ...two, isSlow: true });
    cluster.answerReads();
    const answer = sendCommit(cluster, { offset: 8 });
    cluster.lead(0, 1, 0);
    expect(codeOf(answer)).toBe(errorCodes.NOT_COORDINATOR);
    cluster.answerReads();
    expect(fetchOffset(cluster, { broker: 1 })).toBe(-1);
  });

  test('in the middle of a rebalance: the generation before is the one that counts', () => {
    const cluster = new GroupCluster(two);
    const { ids, generation } = stableGroup(cluster);
    const again = ids.map((memberId) =>
      join(cluster, { memberId, protocols: [['range', 'changed']] }),
    );
    expect(got(again[0] as (typeof again)[number]).generationId).toBe(generation + 1);
    cluster.lead(0, 1);
    const memberId = ids[0] as string;
    expect(beat(cluster, { generation: generation + 1, memberId, broker: 1 })).toBe(
      errorCodes.ILLEGAL_GENERATION,
    );
    expect(beat(cluster, { generation, memberId, broker: 1 })).toBe(0);
  });

  test('and a static member that comes back keeps its place there too', () => {
    const cluster = new GroupCluster(two);
    const options = { instance: 'i', sessionMs: 60_000 };
    const { generation, ids } = stableGroup(cluster, options);
    cluster.lead(0, 1);
    const back = got(join(cluster, { ...options, instance: 'i1', broker: 1 }));
    expect(back).toMatchObject({ errorCode: 0, generationId: generation });
    const old = { generation, memberId: ids[1] as string, instance: 'i1', broker: 1 };
    expect(beat(cluster, old)).toBe(errorCodes.FENCED_INSTANCE_ID);
    cluster.lead(0, 0);
    expect(beat(cluster, { ...old, memberId: back.memberId, broker: 0 })).toBe(0);
  });

  test('and an empty group goes on with its generation', () => {
    const cluster = new GroupCluster(two);
    const { generation } = stableGroup(cluster, { count: 1 });
    cluster.run(10_001);
    cluster.lead(0, 1);
    const answer = join(cluster, { broker: 1 });
    cluster.run(3000);
    expect(got(answer).generationId).toBe(generation + 2);
  });

  test('with a smaller group.max.size: the group has to join anew', () => {
    const cluster = new GroupCluster(two);
    stableGroup(cluster, { count: 3 });
    Object.assign(cluster.brokers[0]?.port.config ?? {}, { groupMaxSize: 2 });
    cluster.lead(0, 1);
    const [before] = cluster.ask('describeGroups', { groups: ['g'] }, { broker: 1 }).groups;
    expect(before?.groupState).toBe('Stable');
    const small = new GroupCluster({ ...two, config: { groupMaxSize: 2 } });
    const log = small.logs[0];
    if (log !== undefined) log.batches = cluster.logs[0]?.batches ?? [];
    small.lead(0, 1);
    const [after] = small.ask('describeGroups', { groups: ['g'] }, { broker: 1 }).groups;
    expect(after?.groupState).toBe('PreparingRebalance');
  });
});

describe('while a partition is read', () => {
  const loading = (): GroupCluster => {
    const cluster = new GroupCluster({ ...two, isSlow: true });
    cluster.answerReads();
    sendCommit(cluster, { offset: 5 });
    cluster.commit();
    cluster.lead(0, 1);
    return cluster;
  };
  const wait = errorCodes.COORDINATOR_LOAD_IN_PROGRESS;

  test('requests are told to come again', () => {
    const cluster = loading();
    expect(got(join(cluster, { broker: 1 })).errorCode).toBe(wait);
    expect(commit(cluster, { offset: 1, broker: 1 })).toBe(wait);
    expect(fetchOffset(cluster, { broker: 1 })).toBe(`error ${wait}`);
    const [described] = cluster.ask('describeGroups', { groups: ['g'] }, { broker: 1 }).groups;
    expect(described?.errorCode).toBe(wait);
    const deleted = cluster.ask('deleteGroups', { groupsNames: ['g'] }, { broker: 1 });
    expect(deleted.results[0]?.errorCode).toBe(wait);
    const left = cluster.ask('leaveGroup', { groupId: 'g', members: [] }, { broker: 1 });
    expect(left.errorCode).toBe(wait);
    cluster.answerReads();
    expect(fetchOffset(cluster, { broker: 1 })).toBe(5);
  });

  test('heartbeats are good, and a sync has to join again', () => {
    const cluster = loading();
    expect(beat(cluster, { generation: 1, memberId: 'm', broker: 1 })).toBe(0);
    const answer = sync(cluster, { generation: 1, memberId: 'm', broker: 1 });
    expect(got(answer).errorCode).toBe(errorCodes.REBALANCE_IN_PROGRESS);
  });

  test('a read that failed is tried again', () => {
    const cluster = loading();
    cluster.readFault = errorCodes.KAFKA_STORAGE_ERROR;
    cluster.answerReads();
    expect(fetchOffset(cluster, { broker: 1 })).toBe(`error ${wait}`);
    cluster.readFault = 0;
    cluster.run(1000);
    cluster.answerReads();
    expect(fetchOffset(cluster, { broker: 1 })).toBe(5);
  });

  test('an answer of an earlier leadership changes nothing', () => {
    const cluster = loading();
    const stale = cluster.reads.splice(0);
    cluster.lead(0, 0);
    cluster.lead(0, 1);
    for (const read of stale) read();
    expect(fetchOffset(cluster, { broker: 1 })).toBe(`error ${wait}`);
    cluster.answerReads();
    expect(fetchOffset(cluster, { broker: 1 })).toBe(5);
  });

  test('a log of many slices is read to its end, and the last record of a key counts', () => {
    const cluster = new GroupCluster(two);
    for (let offset = 0; offset < 300; offset++) {
      commit(cluster, { offset, partition: offset % 4, metadata: 'x'.repeat(4000) });
    }
    cluster.lead(0, 1);
    const offsets = [0, 1, 2, 3].map((partition) => fetchOffset(cluster, { broker: 1, partition }));
    expect(offsets).toEqual([296, 297, 298, 299]);
  });

  test('records that nobody understands are left out, and counted', () => {
    const cluster = new GroupCluster(two);
    commit(cluster, { offset: 5 });
    const log = cluster.logs[0];
    const key = new Uint8Array([0, 3, 0, 1, 65]);
    const bytes = encodeBatch({
      records: [
        { key, value: new Uint8Array([0, 0]), timestampMs: 1 },
        { key: new Uint8Array([0, 1, 0, 9]), value: null, timestampMs: 1 },
      ],
      baseOffset: 1,
    });
    log?.batches.push({ bytes, firstOffset: 1, offsetNext: 3, onDone: undefined });
    cluster.lead(0, 1);
    expect(fetchOffset(cluster, { broker: 1 })).toBe(5);
    const loaded = cluster.traces.filter(({ event }) => event === 'groupsLoaded').at(-1);
    expect(loaded?.facts).toMatchObject({ groups: 1, offsetNext: 3, unreadable: 2 });
  });
});
