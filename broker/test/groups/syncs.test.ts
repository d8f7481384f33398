import { errorCodes } from '@zookafka/kafka-wire';
import { readStoredRecord } from '../../src/core/groups/groupRecords.ts';
import { GroupCluster } from './harness.ts';
import { assignmentOf, beat, got, join, stableGroup, sync } from './members.ts';

const joined = (cluster: GroupCluster, count = 2): string[] => {
  const answers = Array.from({ length: count }, () => join(cluster));
  cluster.run(6000);
  return answers.map((answer) => got(answer).memberId);
};

const stateOf = (cluster: GroupCluster): string =>
  cluster.ask('describeGroups', { groups: ['g'] }).groups[0]?.groupState as string;

describe('the checks of SyncGroup', () => {
  test('a group that nobody knows has no members', () => {
    const answer = sync(new GroupCluster(), { generation: 1, memberId: 'm' });
    expect(got(answer).errorCode).toBe(errorCodes.UNKNOWN_MEMBER_ID);
  });

  test('who is not a member is told that before its generation is looked at', () => {
    const cluster = new GroupCluster();
    stableGroup(cluster);
    const answer = sync(cluster, { generation: 99, memberId: 'm' });
    expect(got(answer).errorCode).toBe(errorCodes.UNKNOWN_MEMBER_ID);
  });

  test.each([
    ['an older generation', { generation: 0 }, errorCodes.ILLEGAL_GENERATION],
    ['a newer generation', { generation: 2 }, errorCodes.ILLEGAL_GENERATION],
    ['another type', { protocolType: 'connect' }, errorCodes.INCONSISTENT_GROUP_PROTOCOL],
    ['another protocol', { protocolName: 'sticky' }, errorCodes.INCONSISTENT_GROUP_PROTOCOL],
  ])('a member of %s is refused', (_what, options, errorCode) => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster);
    const answer = sync(cluster, { generation, memberId: ids[0] as string, ...options });
    expect(got(answer).errorCode).toBe(errorCode);
  });

  test('while a rebalance is prepared there is nothing to be had', () => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster);
    join(cluster);
    const answer = sync(cluster, { generation, memberId: ids[0] as string });
    expect(got(answer).errorCode).toBe(errorCodes.REBALANCE_IN_PROGRESS);
  });
});

describe('the assignment', () => {
  test('is in the log before anybody hears of it', () => {
    const cluster = new GroupCluster({ isSlow: true });
    cluster.answerReads();
    const [leader, other] = joined(cluster) as [string, string];
    const assignments = { [leader]: 'mine', [other]: 'yours' };
    const answers = [
      sync(cluster, { generation: 1, memberId: other }),
      sync(cluster, { generation: 1, memberId: leader, assignments }),
    ];
    expect(answers.map(({ body }) => body)).toEqual([undefined, undefined]);
    expect(stateOf(cluster)).toBe('CompletingRebalance');
    cluster.commit();
    expect(answers.map((answer) => assignmentOf(answer))).toEqual(['yours', 'mine']);
    expect(stateOf(cluster)).toBe('Stable');
  });

  test('is written once a generation: what the log has is what members were told', () => {
    const cluster = new GroupCluster({ isSlow: true });
    cluster.answerReads();
    const [leader] = joined(cluster, 1) as [string];
    const first = sync(cluster, {
      generation: 1,
      memberId: leader,
      assignments: { [leader]: '1st' },
    });
    const again = sync(cluster, {
      generation: 1,
      memberId: leader,
      assignments: { [leader]: '2nd' },
    });
    cluster.commit();
    expect(got(first).errorCode).toBe(errorCodes.REBALANCE_IN_PROGRESS);
    expect(assignmentOf(again)).toBe('1st');
    expect(cluster.logs[0]?.batches).toHaveLength(1);
  });

  test('is empty for who the leader forgot, and nobody else gets a place', () => {
    const cluster = new GroupCluster();
    const [leader, other] = joined(cluster) as [string, string];
    const waiting = sync(cluster, { generation: 1, memberId: other });
    sync(cluster, {
      generation: 1,
      memberId: leader,
      assignments: { [leader]: 'all', ghost: 'x' },
    });
    expect(assignmentOf(waiting)).toBe('');
    const [record] = cluster.logs[0]?.records() ?? [];
    const said = readStoredRecord(record ?? { key: null, value: null });
    expect(said).toMatchObject({
      kind: 'group',
      group: 'g',
      stored: { generation: 1, protocol: 'range', leader, protocolType: 'consumer' },
    });
    const members = said?.kind === 'group' ? said.stored?.members : undefined;
    expect(members?.map(({ memberId }) => memberId)).toEqual([leader, other]);
    expect(members?.[0]).toMatchObject({ clientId: 'client', clientHost: '/127.0.0.1' });
  });

  test.each([
    ['in time', errorCodes.REQUEST_TIMED_OUT, errorCodes.REBALANCE_IN_PROGRESS],
    ['by enough', errorCodes.NOT_ENOUGH_REPLICAS, errorCodes.COORDINATOR_NOT_AVAILABLE],
    ['as too large', errorCodes.MESSAGE_TOO_LARGE, errorCodes.UNKNOWN_SERVER_ERROR],
  ])('that is not stored %s is nobody`s: all begin anew', (_how, fault, errorCode) => {
    const cluster = new GroupCluster();
    const [leader, other] = joined(cluster) as [string, string];
    cluster.appendFault = fault;
    const waiting = sync(cluster, { generation: 1, memberId: other });
    const own = sync(cluster, {
      generation: 1,
      memberId: leader,
      assignments: { [other]: 'yours' },
    });
    expect(got(own).errorCode).toBe(errorCode);
    expect(got(waiting)).toMatchObject({ errorCode, assignment: new Uint8Array(0) });
    expect(stateOf(cluster)).toBe('PreparingRebalance');
  });

  test('that comes too late belongs to no generation', () => {
    const cluster = new GroupCluster({ isSlow: true });
    cluster.answerReads();
    const [leader, other] = joined(cluster) as [string, string];
    sync(cluster, { generation: 1, memberId: leader, assignments: { [leader]: 'old' } });
    join(cluster, { memberId: other, protocols: [['range', 'changed']] });
    const again = join(cluster, { memberId: leader });
    expect(got(again).generationId).toBe(2);
    cluster.commit();
    expect(stateOf(cluster)).toBe('CompletingRebalance');
  });

  test('is given to who asks later, and asks again', () => {
    const cluster = new GroupCluster();
    const [leader, other] = joined(cluster) as [string, string];
    const assignments = { [leader]: 'mine', [other]: 'yours' };
    sync(cluster, { generation: 1, memberId: leader, assignments });
    expect(assignmentOf(sync(cluster, { generation: 1, memberId: other }))).toBe('yours');
    expect(assignmentOf(sync(cluster, { generation: 1, memberId: other }))).toBe('yours');
  });

  test('has to be asked for within the rebalance timeout', () => {
    const cluster = new GroupCluster();
    const [leader, other] = joined(cluster) as [string, string];
    sync(cluster, { generation: 1, memberId: leader, assignments: { [leader]: 'all' } });
    for (let at = 0; at < 30_000; at += 5000) {
      beat(cluster, { generation: 1, memberId: leader });
      beat(cluster, { generation: 1, memberId: other });
      cluster.run(5000);
    }
    expect(stateOf(cluster)).toBe('PreparingRebalance');
    expect(beat(cluster, { generation: 1, memberId: other })).toBe(errorCodes.UNKNOWN_MEMBER_ID);
    const again = join(cluster, { memberId: leader });
    expect(got(again).generationId).toBe(2);
  });
});

describe('Heartbeat', () => {
  test('of a group that nobody knows: no member', () => {
    const code = beat(new GroupCluster(), { generation: 1, memberId: 'm' });
    expect(code).toBe(errorCodes.UNKNOWN_MEMBER_ID);
  });

  test.each([
    ['another member', { memberId: 'm' }, errorCodes.UNKNOWN_MEMBER_ID],
    ['another generation', { generation: 7 }, errorCodes.ILLEGAL_GENERATION],
  ])('of %s is refused', (_what, options, errorCode) => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster);
    const code = beat(cluster, { generation, memberId: ids[0] as string, ...options });
    expect(code).toBe(errorCode);
  });

  test('keeps a member for as long as it comes', () => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster);
    for (let count = 0; count < 20; count++) {
      cluster.run(9000);
      for (const memberId of ids) expect(beat(cluster, { generation, memberId })).toBe(0);
    }
  });

  test('that does not come within the session timeout costs the member its place', () => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster);
    const [kept, lost] = ids as [string, string];
    cluster.run(5000);
    beat(cluster, { generation, memberId: kept });
    cluster.run(5001);
    expect(beat(cluster, { generation, memberId: kept })).toBe(errorCodes.REBALANCE_IN_PROGRESS);
    expect(beat(cluster, { generation, memberId: lost })).toBe(errorCodes.UNKNOWN_MEMBER_ID);
  });

  test('while the leader shares out is good', () => {
    const cluster = new GroupCluster();
    const [leader] = joined(cluster) as [string];
    expect(beat(cluster, { generation: 1, memberId: leader })).toBe(0);
  });

  test('while a rebalance is prepared still keeps the member', () => {
    const cluster = new GroupCluster();
    const { ids, generation } = stableGroup(cluster, { count: 1 });
    const memberId = ids[0] as string;
    join(cluster);
    for (let count = 0; count < 3; count++) {
      cluster.run(9000);
      expect(beat(cluster, { generation, memberId })).toBe(errorCodes.REBALANCE_IN_PROGRESS);
    }
  });

  test('is not asked of members that wait for the others', () => {
    const cluster = new GroupCluster();
    const { ids } = stableGroup(cluster, { sessionMs: 60_000, rebalanceMs: 40_000 });
    const again = join(cluster, { memberId: ids[0] as string, sessionMs: 6000 });
    cluster.run(20_000);
    expect(again.body).toBeUndefined();
    join(cluster, { memberId: ids[1] as string });
    expect(got(again).errorCode).toBe(0);
  });

  test('a newcomer that waits is let go after five minutes: nobody knows if it is there (KAFKA-9752)', () => {
    const cluster = new GroupCluster();
    const options = { sessionMs: 1_800_000, rebalanceMs: 1_800_000 };
    stableGroup(cluster, { count: 1, ...options });
    const newcomer = join(cluster, options);
    cluster.run(299_999);
    expect(newcomer.body).toBeUndefined();
    cluster.run(1);
    expect(got(newcomer).errorCode).toBe(errorCodes.UNKNOWN_MEMBER_ID);
  });
});

describe('LeaveGroup', () => {
  const one = (memberId: string, groupInstanceId: string | null = null): object => ({
    memberId,
    groupInstanceId,
    reason: null,
  });
  const leave = (
    cluster: GroupCluster,
    members: readonly object[],
  ): { errorCode: number; codes: number[] } => {
    const body = { groupId: 'g', members: members as never };
    const { errorCode, members: told } = cluster.ask('leaveGroup', body);
    return { errorCode, codes: told.map((member) => member.errorCode) };
  };

  test('of the last member makes the group empty at once', () => {
    const cluster = new GroupCluster();
    const { ids } = stableGroup(cluster, { count: 1 });
    expect(leave(cluster, [one(ids[0] as string)])).toEqual({ errorCode: 0, codes: [0] });
    expect(stateOf(cluster)).toBe('Empty');
  });

  test('tells each member`s own outcome from version 3 on', () => {
    const cluster = new GroupCluster();
    const { ids } = stableGroup(cluster);
    const outcome = leave(cluster, [one('ghost'), one(ids[1] as string), one('')]);
    const unknown = errorCodes.UNKNOWN_MEMBER_ID;
    expect(outcome).toEqual({ errorCode: 0, codes: [unknown, 0, unknown] });
    expect(stateOf(cluster)).toBe('PreparingRebalance');
  });

  test('of one member is told as a whole until version 2', () => {
    const cluster = new GroupCluster();
    const { ids } = stableGroup(cluster);
    const ask = (memberId: string): number =>
      cluster.ask('leaveGroup', { groupId: 'g', memberId }, { version: 2 }).errorCode;
    expect(ask('ghost')).toBe(errorCodes.UNKNOWN_MEMBER_ID);
    expect(ask(ids[0] as string)).toBe(0);
  });

  test('of a group that nobody knows: no such members', () => {
    const outcome = leave(new GroupCluster(), [one('m')]);
    expect(outcome).toEqual({ errorCode: 0, codes: [errorCodes.UNKNOWN_MEMBER_ID] });
  });

  test('of an id that was given out lets the others go on', () => {
    const cluster = new GroupCluster();
    const { ids } = stableGroup(cluster, { count: 1 });
    const { memberId } = got(join(cluster, { version: 4 }));
    const again = join(cluster, { memberId: ids[0] as string });
    expect(again.body).toBeUndefined();
    expect(leave(cluster, [one(memberId)]).codes).toEqual([0]);
    expect(got(again).errorCode).toBe(0);
  });

  test('answers what the member waits for', () => {
    const cluster = new GroupCluster();
    const [, other] = joined(cluster) as [string, string];
    const waiting = sync(cluster, { generation: 1, memberId: other });
    leave(cluster, [one(other)]);
    expect(got(waiting).errorCode).toBe(errorCodes.UNKNOWN_MEMBER_ID);
    const newcomer = join(cluster);
    const body = { groupId: 'g', members: [one('', 'nobody') as never] };
    expect(cluster.ask('leaveGroup', body).members[0]?.errorCode).toBe(
      errorCodes.UNKNOWN_MEMBER_ID,
    );
    expect(newcomer.body).toBeUndefined();
  });
});
