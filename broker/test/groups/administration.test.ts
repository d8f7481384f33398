import { utf8Decode } from '@zookafka/base';
import { errorCodes } from '@zookafka/kafka-wire';
import { offsetsTopic } from '@zookafka/broker/core';
import { GroupCluster } from './harness.ts';
import { codeOf, commit, fetchOffset, got, join, sendCommit, stableGroup } from './members.ts';

const notAvailable = errorCodes.COORDINATOR_NOT_AVAILABLE;
const listed = (cluster: GroupCluster, statesFilter: string[] = [], typesFilter: string[] = []) =>
  cluster
    .ask('listGroups', { statesFilter, typesFilter })
    .groups.map(({ groupId, groupState }) => `${groupId} ${groupState}`)
    .sort();

describe('FindCoordinator', () => {
  test('names the leader of the partition that the group falls into', () => {
    const cluster = new GroupCluster({ brokers: 3, partitions: 3 });
    const keys = ['a', 'b', 'c'];
    const { coordinators } = cluster.ask('findCoordinator', {
      keyType: 0,
      coordinatorKeys: keys,
    });
    // "a" has the hash 97: 97 % 3 is 1.
    expect(coordinators.map(({ key, nodeId, host, port }) => [key, nodeId, host, port])).toEqual([
      ['a', 1, 'b1', 9093],
      ['b', 2, 'b2', 9094],
      ['c', 0, 'b0', 9092],
    ]);
  });

  test.each([0, 1, 2, 3])('answers one key in version %i', (version) => {
    const cluster = new GroupCluster();
    const answer = cluster.ask('findCoordinator', { key: 'g', keyType: 0 }, { version });
    expect(answer).toMatchObject({ errorCode: 0, nodeId: 0, host: 'b0', port: 9092 });
  });

  test('has the topic of groups made where it is missing, and says: not yet', () => {
    const cluster = new GroupCluster({ hasOffsetsTopic: false });
    const answer = cluster.ask('findCoordinator', { key: 'g', keyType: 0 }, { version: 3 });
    expect(answer).toMatchObject({ errorCode: notAvailable, nodeId: -1, host: '', port: -1 });
    expect(cluster.creations).toBe(1);
  });

  test('says "not yet" while the partition has no leader', () => {
    const cluster = new GroupCluster();
    cluster.depose(0);
    const answer = cluster.ask('findCoordinator', { key: 'g', keyType: 0 }, { version: 3 });
    expect(answer.errorCode).toBe(notAvailable);
    expect(answer.errorMessage).toBe(`${offsetsTopic}-0 has no leader`);
    expect(cluster.creations).toBe(0);
  });

  test.each([
    [1, notAvailable],
    [2, errorCodes.INVALID_REQUEST],
  ])('of type %i has the error %i', (keyType, errorCode) => {
    const cluster = new GroupCluster();
    const { coordinators } = cluster.ask('findCoordinator', { keyType, coordinatorKeys: ['x'] });
    expect(coordinators[0]?.errorCode).toBe(errorCode);
  });
});

describe('DescribeGroups', () => {
  test('tells members and their work of a stable group', () => {
    const cluster = new GroupCluster();
    const { ids } = stableGroup(cluster);
    const [group] = cluster.ask('describeGroups', { groups: ['g'] }).groups;
    expect(group).toMatchObject({
      errorCode: 0,
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
    });
    expect(group?.members.map(({ memberId }) => memberId)).toEqual(ids);
    expect(group?.members.map((one) => utf8Decode(one.memberAssignment))).toEqual([
      'part 0',
      'part 1',
    ]);
    expect(group?.members[0]).toMatchObject({ clientId: 'client', clientHost: '/127.0.0.1' });
  });

  test('tells no work while it is not settled', () => {
    const cluster = new GroupCluster();
    stableGroup(cluster);
    join(cluster);
    const [group] = cluster.ask('describeGroups', { groups: ['g'] }, { version: 0 }).groups;
    expect(group).toMatchObject({ groupState: 'PreparingRebalance', protocolData: '' });
    expect(group?.members.map((one) => one.memberAssignment.length)).toEqual([0, 0, 0]);
  });

  test('of a group that nobody knows is dead, not an error; of another broker`s an error', () => {
    const cluster = new GroupCluster({ brokers: 2 });
    const [group] = cluster.ask('describeGroups', { groups: ['x'] }).groups;
    expect(group).toMatchObject({ errorCode: 0, groupState: 'Dead', members: [] });
    const [other] = cluster.ask('describeGroups', { groups: ['x'] }, { broker: 1 }).groups;
    expect(other).toMatchObject({ errorCode: errorCodes.NOT_COORDINATOR, groupState: '' });
  });
});

describe('ListGroups', () => {
  test('lists what is coordinated here, of the states that are asked for', () => {
    const cluster = new GroupCluster();
    stableGroup(cluster, { group: 'one' });
    commit(cluster, { group: 'two', offset: 1 });
    join(cluster, { group: 'three' });
    expect(listed(cluster)).toEqual(['one Stable', 'three PreparingRebalance', 'two Empty']);
    expect(listed(cluster, ['stable', 'EMPTY'])).toEqual(['one Stable', 'two Empty']);
    expect(listed(cluster, [], ['Classic'])).toHaveLength(3);
    expect(listed(cluster, [], ['consumer'])).toEqual([]);
    const { groups } = cluster.ask('listGroups', { statesFilter: [] }, { version: 0 });
    expect(groups).toHaveLength(3);
  });

  test('says that it is not all while something is read', () => {
    const cluster = new GroupCluster({ isSlow: true });
    const answer = cluster.ask('listGroups', { statesFilter: [], typesFilter: [] });
    expect(answer.errorCode).toBe(errorCodes.COORDINATOR_LOAD_IN_PROGRESS);
  });
});

describe('DeleteGroups', () => {
  const remove = (cluster: GroupCluster, groupsNames: string[]): number[] =>
    cluster.ask('deleteGroups', { groupsNames }).results.map(({ errorCode }) => errorCode);

  test('removes an empty group and its offsets, also for the next coordinator', () => {
    const cluster = new GroupCluster({ brokers: 2 });
    commit(cluster, { offset: 1 });
    commit(cluster, { offset: 1, partition: 1 });
    expect(remove(cluster, ['g'])).toEqual([0]);
    expect(fetchOffset(cluster)).toBe(-1);
    expect(listed(cluster)).toEqual([]);
    cluster.lead(0, 1);
    expect(fetchOffset(cluster, { broker: 1 })).toBe(-1);
  });

  test('leaves groups that have members, and says so of those that nobody knows', () => {
    const cluster = new GroupCluster();
    stableGroup(cluster);
    expect(remove(cluster, ['g', 'x', 'g'])).toEqual([
      errorCodes.NON_EMPTY_GROUP,
      errorCodes.GROUP_ID_NOT_FOUND,
    ]);
  });

  test('is answered when it is in the log; meanwhile nobody joins or commits', () => {
    const cluster = new GroupCluster({ isSlow: true });
    cluster.answerReads();
    const pending = sendCommit(cluster, { offset: 1 });
    expect(remove(cluster, ['g'])).toEqual([notAvailable]);
    cluster.commit();
    expect(codeOf(pending)).toBe(0);
    const answer = cluster.request('deleteGroups', { groupsNames: ['g'] });
    expect(answer.body).toBeUndefined();
    expect(got(join(cluster)).errorCode).toBe(notAvailable);
    expect(commit(cluster, { offset: 2 })).toBe(notAvailable);
    cluster.commit();
    expect(got(answer).results).toEqual([{ groupId: 'g', errorCode: 0 }]);
    expect(fetchOffset(cluster)).toBe(-1);
  });

  test('that cannot be written changes nothing', () => {
    const cluster = new GroupCluster();
    commit(cluster, { offset: 1 });
    cluster.appendFault = errorCodes.NOT_ENOUGH_REPLICAS;
    expect(remove(cluster, ['g'])).toEqual([notAvailable]);
    expect(fetchOffset(cluster)).toBe(1);
    expect(listed(cluster)).toEqual(['g Empty']);
  });
});
