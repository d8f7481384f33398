import { ByteWriter } from '@zookafka/base';
import {
  consumerProtocolSubscription,
  encodeRecordData,
  errorCodes,
  type FetchedRecord,
} from '@zookafka/kafka-wire';
import { readStoredRecord } from '../../src/core/groups/groupRecords.ts';
import { GroupCluster } from './harness.ts';
import {
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

/** The tests' unit of retention: seven of them, looked at ten times in each. */
const unitMs = 360_000;
const checkMs = unitMs / 10;

const saidOf = (cluster: GroupCluster): ReturnType<typeof readStoredRecord>[] =>
  (cluster.logs[0]?.records() ?? []).map((record: FetchedRecord) => readStoredRecord(record));

describe('who may commit', () => {
  test('anybody without a group`s generation, as long as nobody is in the group', () => {
    const cluster = new GroupCluster();
    expect(commit(cluster, { offset: 3 })).toBe(0);
    expect(commit(cluster, { offset: 4 })).toBe(0);
    expect(fetchOffset(cluster)).toBe(4);
  });

  test('not who claims a generation of a group that nobody knows', () => {
    const cluster = new GroupCluster();
    const code = commit(cluster, { generation: 0, memberId: 'm', offset: 1 });
    expect(code).toBe(errorCodes.ILLEGAL_GENERATION);
  });

  test('not who names no member while there are some', () => {
    const cluster = new GroupCluster();
    stableGroup(cluster);
    expect(commit(cluster, { offset: 1 })).toBe(errorCodes.UNKNOWN_MEMBER_ID);
  });

  test.each([
    ['an older generation', { generation: 0 }, errorCodes.ILLEGAL_GENERATION],
    ['no generation', { generation: -1 }, errorCodes.ILLEGAL_GENERATION],
    ['another member', { memberId: 'm' }, errorCodes.UNKNOWN_MEMBER_ID],
  ])('not %s', (_who, options, errorCode) => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster);
    const code = commit(cluster, {
      generation,
      memberId: ids[0] as string,
      offset: 1,
      ...options,
    });
    expect(code).toBe(errorCode);
    expect(fetchOffset(cluster)).toBe(-1);
  });

  test('a member, also while a rebalance is prepared: what it has done is done', () => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster);
    const memberId = ids[0] as string;
    join(cluster);
    expect(commit(cluster, { generation, memberId, offset: 1 })).toBe(0);
  });

  test('not a member of a generation whose work is not shared out', () => {
    const cluster = new GroupCluster();
    const answer = join(cluster);
    cluster.run(3000);
    const { memberId } = got(answer);
    const code = commit(cluster, { generation: 1, memberId, offset: 1 });
    expect(code).toBe(errorCodes.REBALANCE_IN_PROGRESS);
  });

  test('and a commit keeps the member, as a heartbeat does', () => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster, { count: 1 });
    const memberId = ids[0] as string;
    for (let offset = 0; offset < 5; offset++) {
      cluster.run(9000);
      expect(commit(cluster, { generation, memberId, offset })).toBe(0);
    }
    expect(beat(cluster, { generation, memberId })).toBe(0);
  });
});

describe('a commit', () => {
  test('counts when it is in the log, not before', () => {
    const cluster = new GroupCluster({ isSlow: true });
    cluster.answerReads();
    const answer = sendCommit(cluster, { offset: 9 });
    expect(codeOf(answer)).toBeUndefined();
    expect(fetchOffset(cluster)).toBe(-1);
    cluster.commit();
    expect(codeOf(answer)).toBe(0);
    expect(fetchOffset(cluster)).toBe(9);
  });

  test('may go back: the last one counts', () => {
    const cluster = new GroupCluster();
    commit(cluster, { offset: 9 });
    expect(commit(cluster, { offset: 2 })).toBe(0);
    expect(fetchOffset(cluster)).toBe(2);
  });

  test('is refused for partitions that are not there, and taken for the others', () => {
    const cluster = new GroupCluster();
    const partition = (partitionIndex: number): object => ({
      partitionIndex,
      committedOffset: 7,
      committedMetadata: 'x',
    });
    const body = {
      groupId: 'g',
      topics: [
        { name: 'nowhere', partitions: [partition(0)] },
        { name: 't', partitions: [partition(4), partition(3), partition(-1)] },
      ] as never,
    };
    const { topics } = cluster.ask('offsetCommit', body, { version: 2 });
    const missing = errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    expect(topics.map(({ partitions }) => partitions.map(({ errorCode }) => errorCode))).toEqual([
      [missing],
      [missing, 0, missing],
    ]);
    expect(fetchOffset(cluster, { partition: 3 })).toBe(7);
  });

  test('with more than 4096 characters of metadata is too large; 4096 are kept', () => {
    const cluster = new GroupCluster();
    const code = commit(cluster, { offset: 1, metadata: 'ü'.repeat(4097) });
    expect(code).toBe(errorCodes.OFFSET_METADATA_TOO_LARGE);
    expect(commit(cluster, { offset: 1, metadata: 'ü'.repeat(4096) })).toBe(0);
  });

  test.each([
    [errorCodes.REQUEST_TIMED_OUT, errorCodes.COORDINATOR_NOT_AVAILABLE],
    [errorCodes.NOT_ENOUGH_REPLICAS, errorCodes.COORDINATOR_NOT_AVAILABLE],
    [errorCodes.NOT_LEADER_OR_FOLLOWER, errorCodes.NOT_COORDINATOR],
    [errorCodes.MESSAGE_TOO_LARGE, errorCodes.INVALID_COMMIT_OFFSET_SIZE],
  ])('that the log refuses with %i is refused with %i, and changes nothing', (fault, errorCode) => {
    const cluster = new GroupCluster();
    commit(cluster, { offset: 1 });
    cluster.appendFault = fault;
    expect(commit(cluster, { offset: 2 })).toBe(errorCode);
    expect(fetchOffset(cluster)).toBe(1);
  });

  test('is written as Kafka 3.9 writes it: key 1, value 3, or value 1 with an expiry of its own', () => {
    const cluster = new GroupCluster();
    commit(cluster, { offset: 5, metadata: 'm' });
    commit(cluster, { offset: 6, version: 4, retentionMs: 1000 });
    const records = cluster.logs[0]?.records() ?? [];
    expect(records.map(({ key, value }) => [key?.[1], value?.[1]])).toEqual([
      [1, 3],
      [1, 1],
    ]);
    const about = { kind: 'offset', group: 'g', topic: 't', partition: 0 };
    const commitTimestamp = cluster.wallMs;
    expect(saidOf(cluster)).toEqual([
      {
        ...about,
        committed: {
          offset: 5,
          leaderEpoch: 5,
          metadata: 'm',
          commitTimestamp,
          expireTimestamp: -1,
        },
      },
      {
        ...about,
        committed: {
          offset: 6,
          leaderEpoch: -1,
          metadata: '',
          commitTimestamp,
          expireTimestamp: commitTimestamp + 1000,
        },
      },
    ]);
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])('is served in version %i', (version) => {
    const cluster = new GroupCluster();
    expect(commit(cluster, { offset: 11, version })).toBe(0);
    expect(fetchOffset(cluster)).toBe(11);
  });
});

describe('OffsetFetch', () => {
  test('of what nobody committed is -1, not an error, also in a group that nobody knows', () => {
    const cluster = new GroupCluster();
    expect(fetchOffset(cluster)).toBe(-1);
    commit(cluster, { offset: 1 });
    expect(fetchOffset(cluster, { partition: 2 })).toBe(-1);
  });

  test('of all topics gives what was committed', () => {
    const cluster = new GroupCluster();
    commit(cluster, { offset: 1, metadata: 'm' });
    commit(cluster, { offset: 2, partition: 3 });
    const { topics } = cluster.ask('offsetFetch', { groupId: 'g', topics: null }, { version: 7 });
    const some = { committedLeaderEpoch: 5, errorCode: 0 };
    expect(topics).toEqual([
      {
        name: 't',
        partitions: [
          { partitionIndex: 0, committedOffset: 1, metadata: 'm', ...some },
          { partitionIndex: 3, committedOffset: 2, metadata: '', ...some },
        ],
      },
    ]);
  });

  test('of several groups tells each its own outcome', () => {
    const cluster = new GroupCluster({ brokers: 2, partitions: 2 });
    const names = ['a', 'b'];
    for (const group of names) commit(cluster, { group, offset: 4 });
    const groups = names.map((groupId) => ({ groupId, topics: null }));
    const answer = cluster.ask('offsetFetch', { groups });
    const codes = answer.groups.map(({ errorCode }) => errorCode).sort();
    expect(codes).toEqual([0, errorCodes.NOT_COORDINATOR]);
    const good = answer.groups.find(({ errorCode }) => errorCode === 0);
    expect(good?.topics[0]?.partitions[0]?.committedOffset).toBe(4);
  });

  test('refused is told in each partition until version 1, as a whole from version 2 on', () => {
    const cluster = new GroupCluster({ brokers: 2 });
    const body = { groupId: 'g', topics: [{ name: 't', partitionIndexes: [0, 1] }] };
    const errorCode = errorCodes.NOT_COORDINATOR;
    const first = cluster.ask('offsetFetch', body, { version: 1, broker: 1 });
    expect(first.topics[0]?.partitions.map((one) => one.errorCode)).toEqual([errorCode, errorCode]);
    const second = cluster.ask('offsetFetch', body, { version: 2, broker: 1 });
    expect(second).toMatchObject({ errorCode, topics: [] });
  });
});

describe('offsets expire', () => {
  const short = { offsetsRetentionMs: 7 * unitMs, offsetsRetentionCheckMs: checkMs };

  const subscription = (topics: readonly string[]): string => {
    const writer = new ByteWriter();
    writer.int16(1);
    // Text goes through UTF-8 here: a null's bytes would not survive.
    const body = { topics, userData: new Uint8Array(0), ownedPartitions: [] };
    encodeRecordData(consumerProtocolSubscription, 1, body, writer);
    return String.fromCharCode(...writer.copy());
  };

  test('the retention after the commit where there never was a member', () => {
    const cluster = new GroupCluster({ config: short });
    commit(cluster, { offset: 5 });
    cluster.run(7 * unitMs - checkMs);
    expect(fetchOffset(cluster)).toBe(5);
    cluster.run(2 * checkMs);
    expect(fetchOffset(cluster)).toBe(-1);
    expect(saidOf(cluster).at(-1)).toMatchObject({ kind: 'offset', committed: undefined });
  });

  test('the retention after the last member left, and the group goes with them', () => {
    const cluster = new GroupCluster({ config: short });
    const { ids, generation } = stableGroup(cluster, { count: 1 });
    const memberId = ids[0] as string;
    commit(cluster, { generation, memberId, offset: 5 });
    for (let at = 0; at < 8 * unitMs; at += 9000) {
      cluster.run(9000);
      beat(cluster, { generation, memberId });
    }
    expect(fetchOffset(cluster)).toBe(5);
    cluster.ask('leaveGroup', {
      groupId: 'g',
      members: [{ memberId, groupInstanceId: null, reason: null }],
    });
    cluster.run(7 * unitMs - checkMs);
    expect(fetchOffset(cluster)).toBe(5);
    cluster.run(2 * checkMs);
    expect(fetchOffset(cluster)).toBe(-1);
    expect(saidOf(cluster).at(-1)).toEqual({ kind: 'group', group: 'g', stored: undefined });
    const { groups } = cluster.ask('listGroups', { statesFilter: [], typesFilter: [] });
    expect(groups).toEqual([]);
  });

  test.each([
    ['no member of a stable group wants any more', subscription(['other']), -1],
    ['a member of a stable group wants: not', subscription(['t']), 4],
    ['somebody may want, for all that can be read: not', 'not a subscription', 4],
  ])('of topics that %s', (_which, metadata, offset) => {
    const cluster = new GroupCluster({ config: short });
    commit(cluster, { offset: 4, partition: 1 });
    const protocols = [['range', metadata]] as const;
    const { ids, generation } = stableGroup(cluster, { count: 1, protocols });
    for (let at = 0; at < 7 * unitMs + 2 * checkMs; at += 9000) {
      cluster.run(9000);
      beat(cluster, { generation, memberId: ids[0] as string });
    }
    expect(fetchOffset(cluster, { partition: 1 })).toBe(offset);
  });

  test('an operator`s commit into a group that has been empty for long counts from itself', () => {
    const cluster = new GroupCluster({ config: short });
    const { ids } = stableGroup(cluster, { count: 1 });
    cluster.ask('leaveGroup', {
      groupId: 'g',
      members: [{ memberId: ids[0] as string, groupInstanceId: null, reason: null }],
    });
    commit(cluster, { offset: 1, partition: 1 });
    cluster.run(6 * unitMs);
    commit(cluster, { offset: 2 });
    cluster.run(2 * unitMs);
    expect(fetchOffset(cluster, { partition: 1 })).toBe(-1);
    expect(fetchOffset(cluster)).toBe(2);
  });

  test('not earlier because another broker took over (KAFKA-8069)', () => {
    const cluster = new GroupCluster({ brokers: 2, config: short });
    commit(cluster, { offset: 1, version: 2 });
    commit(cluster, { offset: 2, version: 2, partition: 1, retentionMs: 30 * unitMs });
    cluster.lead(0, 1);
    cluster.run(7 * unitMs - checkMs);
    expect(fetchOffset(cluster, { broker: 1 })).toBe(1);
    cluster.run(2 * checkMs);
    expect(fetchOffset(cluster, { broker: 1 })).toBe(-1);
    expect(fetchOffset(cluster, { broker: 1, partition: 1 })).toBe(2);
    cluster.run(23 * unitMs);
    expect(fetchOffset(cluster, { broker: 1, partition: 1 })).toBe(-1);
  });

  test('where the client said so, when it said', () => {
    const cluster = new GroupCluster({ config: short });
    commit(cluster, { offset: 1, version: 4, retentionMs: unitMs });
    cluster.run(unitMs + checkMs);
    expect(fetchOffset(cluster)).toBe(-1);
  });
});

test('a member that was assigned work commits, leaves, and its successor goes on there', () => {
  const cluster = new GroupCluster();
  const { ids, generation } = stableGroup(cluster, { count: 1 });
  commit(cluster, { generation, memberId: ids[0] as string, offset: 42 });
  cluster.run(10_001);
  const answer = join(cluster);
  cluster.run(3000);
  const { memberId, generationId } = got(answer);
  sync(cluster, { generation: generationId, memberId, assignments: { [memberId]: 'all' } });
  expect(fetchOffset(cluster)).toBe(42);
  expect(commit(cluster, { generation: generationId, memberId, offset: 43 })).toBe(0);
  expect(commit(cluster, { generation, memberId: ids[0] as string, offset: 41 })).toBe(
    errorCodes.UNKNOWN_MEMBER_ID,
  );
  expect(fetchOffset(cluster)).toBe(43);
});
