import { errorCodes } from '@zookafka/kafka-wire';
import { GroupCluster } from './harness.ts';
import { assignmentOf, beat, commit, got, join, stableGroup, sync } from './members.ts';

const unknown = errorCodes.UNKNOWN_MEMBER_ID;
const fenced = errorCodes.FENCED_INSTANCE_ID;
const group = { count: 2, instance: 'i', sessionMs: 60_000 };

describe('a static member', () => {
  test('needs no id given out first, and has its instance in its id', () => {
    const cluster = new GroupCluster();
    const answer = join(cluster, { instance: 'i0', version: 9 });
    cluster.run(3000);
    expect(got(answer)).toMatchObject({ errorCode: 0, generationId: 1 });
    expect(got(answer).memberId).toMatch(/^i0-/);
    expect(got(answer).members[0]?.groupInstanceId).toBe('i0');
  });

  test('that comes back takes its place without a rebalance, and keeps its work', () => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster, group);
    const back = got(join(cluster, { ...group, instance: 'i1' }));
    expect(back).toMatchObject({ errorCode: 0, generationId: generation, members: [] });
    expect(back.memberId).not.toBe(ids[1]);
    const part = sync(cluster, { generation, memberId: back.memberId, instance: 'i1' });
    expect(assignmentOf(part)).toBe('part 1');
    expect(beat(cluster, { generation, memberId: ids[0] as string, instance: 'i0' })).toBe(0);
  });

  test('that comes back is in the log under its new id before it is told', () => {
    const cluster = new GroupCluster({ isSlow: true });
    cluster.answerReads();
    stableGroup(cluster, group);
    const back = join(cluster, { ...group, instance: 'i1' });
    expect(back.body).toBeUndefined();
    cluster.commit();
    expect(got(back).errorCode).toBe(0);
  });

  test('whose return cannot be stored is what it was', () => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster, group);
    cluster.appendFault = errorCodes.NOT_ENOUGH_REPLICAS;
    const back = got(join(cluster, { ...group, instance: 'i1' }));
    expect(back).toMatchObject({ errorCode: errorCodes.COORDINATOR_NOT_AVAILABLE, memberId: '' });
    expect(beat(cluster, { generation, memberId: ids[1] as string, instance: 'i1' })).toBe(0);
  });

  test('fences the process that was there before it, whatever that asks', () => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster, group);
    const memberId = ids[1] as string;
    join(cluster, { ...group, instance: 'i1' });
    const old = { generation, memberId, instance: 'i1' };
    expect(beat(cluster, old)).toBe(fenced);
    expect(commit(cluster, { ...old, offset: 1 })).toBe(fenced);
    expect(got(sync(cluster, old)).errorCode).toBe(fenced);
    expect(got(join(cluster, { ...group, instance: 'i1', memberId })).errorCode).toBe(fenced);
    const body = {
      groupId: 'g',
      members: [{ memberId, groupInstanceId: 'i1', reason: null }],
    };
    expect(cluster.ask('leaveGroup', body).members[0]?.errorCode).toBe(fenced);
  });

  test('with an instance that nobody has is unknown', () => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster, group);
    const code = beat(cluster, { generation, memberId: ids[0] as string, instance: 'i9' });
    expect(code).toBe(unknown);
  });

  test('that leads and comes back skips the assignment from version 9 on', () => {
    const cluster = new GroupCluster();
    const { generation } = stableGroup(cluster, group);
    const back = got(join(cluster, { ...group, instance: 'i0', version: 9 }));
    expect(back).toMatchObject({ generationId: generation, skipAssignment: true });
    expect(back.leader).toBe(back.memberId);
    expect(back.members).toHaveLength(2);
  });

  test('that leads and comes back is not told so before version 9: it would share out in vain', () => {
    const cluster = new GroupCluster();
    const { leader } = stableGroup(cluster, group);
    const back = got(join(cluster, { ...group, instance: 'i0', version: 8 }));
    expect(back).toMatchObject({ leader, members: [] });
    expect(back.memberId).not.toBe(leader);
  });

  test('that comes back with another protocol begins a rebalance', () => {
    const cluster = new GroupCluster();
    const protocols = [
      ['range', 'm'],
      ['sticky', 'm'],
    ] as const;
    stableGroup(cluster, { ...group, protocols, count: 1 });
    const back = join(cluster, { instance: 'i0', protocols: [['sticky', 'm']] });
    expect(got(back)).toMatchObject({ generationId: 2, protocolName: 'sticky' });
  });

  test('that comes back while the leader shares out begins anew', () => {
    const cluster = new GroupCluster();
    const answers = [join(cluster, { instance: 'i0' }), join(cluster, { instance: 'i1' })];
    cluster.run(6000);
    const [leader, other] = answers.map((answer) => got(answer).memberId) as [string, string];
    const waiting = sync(cluster, { generation: 1, memberId: other, instance: 'i1' });
    const back = join(cluster, { instance: 'i1' });
    expect(got(waiting).errorCode).toBe(fenced);
    const again = join(cluster, { instance: 'i0', memberId: leader });
    expect(got(back).generationId).toBe(2);
    expect(got(again).generationId).toBe(2);
  });

  test('that is late keeps its place in a rebalance until its session ends', () => {
    const cluster = new GroupCluster();
    const options = { ...group, sessionMs: 50_000, rebalanceMs: 10_000 };
    const { ids, generation } = stableGroup(cluster, options);
    const again = join(cluster, { ...options, instance: 'i0', memberId: ids[0] as string });
    cluster.run(10_000);
    expect(got(again)).toMatchObject({ generationId: generation + 1 });
    expect(got(again).members).toHaveLength(2);
  });

  test('is removed by its instance when an operator says so', () => {
    const cluster = new GroupCluster();
    stableGroup(cluster, group);
    const body = {
      groupId: 'g',
      members: [{ memberId: '', groupInstanceId: 'i1', reason: null }],
    };
    expect(cluster.ask('leaveGroup', body).members).toEqual([
      { memberId: '', groupInstanceId: 'i1', errorCode: 0 },
    ]);
    const [described] = cluster.ask('describeGroups', { groups: ['g'] }).groups;
    expect(described?.members.map(({ groupInstanceId }) => groupInstanceId)).toEqual(['i0']);
  });
});
