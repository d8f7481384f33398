import { utf8Decode, utf8Encode } from '@zookafka/base';
import { classicGroups, offsetsTopic } from '@zookafka/broker/core';
import { errorCodes } from '@zookafka/kafka-wire';
import { World } from '../core/world.ts';

const body = { groupId: 'g', memberId: '', groupInstanceId: null };

/** Three whole brokers with groups, and a topic to consume. */
function started(): World {
  const world = new World({
    groups: () => classicGroups(),
    config: { offsetsTopicPartitions: 1, groupInitialRebalanceDelayMs: 100 },
  });
  world.createTopic('t', [[1, 2, 3]]);
  world.run(50);
  const before = world.ask(1, 'findCoordinator', { keyType: 0, coordinatorKeys: ['g'] });
  expect(before.coordinators[0]?.errorCode).toBe(errorCodes.COORDINATOR_NOT_AVAILABLE);
  world.run(200);
  return world;
}

const coordinatorOf = (world: World): number | undefined =>
  world.ask(3, 'findCoordinator', { keyType: 0, coordinatorKeys: ['g'] }).coordinators[0]?.nodeId;

const commit = (world: World, broker: number, about: object, offset: number): number | undefined =>
  world.ask(broker, 'offsetCommit', {
    ...body,
    generationIdOrMemberEpoch: -1,
    ...about,
    topics: [
      {
        name: 't',
        partitions: [{ partitionIndex: 0, committedOffset: offset, committedMetadata: '' }],
      },
    ],
  }).topics[0]?.partitions[0]?.errorCode;

const fetchOffset = (world: World, broker: number): number | undefined => {
  const groups = [{ groupId: 'g', topics: [{ name: 't', partitionIndexes: [0] }] }];
  const answer = world.ask(broker, 'offsetFetch', { groups, requireStable: true });
  return answer.groups[0]?.topics[0]?.partitions[0]?.committedOffset;
};

test('a group works on whole brokers: found, joined, shared out, committed, and taken over', () => {
  const world = started();
  expect(coordinatorOf(world)).toBe(1);
  const wanted = {
    ...body,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: utf8Encode('m') }],
  };
  const given = world.ask(1, 'joinGroup', wanted);
  expect(given.errorCode).toBe(errorCodes.MEMBER_ID_REQUIRED);
  const { memberId } = given;
  const joined = world.ask(1, 'joinGroup', { ...wanted, memberId });
  expect(joined).toMatchObject({ errorCode: 0, generationId: 1, leader: memberId });
  const member = { ...body, memberId, generationId: 1 };
  const assignments = [{ memberId, assignment: utf8Encode('all') }];
  const synced = world.ask(1, 'syncGroup', { ...member, assignments });
  expect(utf8Decode(synced.assignment)).toBe('all');
  expect(commit(world, 1, { memberId, generationIdOrMemberEpoch: 1 }, 7)).toBe(0);
  expect(fetchOffset(world, 1)).toBe(7);
  expect(world.log(3, offsetsTopic).logEndOffset).toBe(2);

  world.kill(1);
  world.expire(1);
  world.elect(2, [2, 3], offsetsTopic);
  world.run(500);
  expect(coordinatorOf(world)).toBe(2);
  expect(world.ask(2, 'heartbeat', member).errorCode).toBe(0);
  expect(fetchOffset(world, 2)).toBe(7);
  expect(commit(world, 2, { memberId, generationIdOrMemberEpoch: 1 }, 8)).toBe(0);
  expect(world.ask(3, 'heartbeat', member).errorCode).toBe(errorCodes.NOT_COORDINATOR);
  world.run(10_100);
  const [described] = world.ask(2, 'describeGroups', { groups: ['g'] }).groups;
  expect(described?.groupState).toBe('Empty');
});

test('what is read at a takeover is not shown before it is committed: it could be taken back', () => {
  const world = started();
  expect(commit(world, 1, {}, 1)).toBe(0);
  // Nobody but the leader gets the next one: broker 2 copies it, broker 3 is cut off.
  world.setCut(3, 1, true);
  const pending = world.request(1, 'offsetCommit', {
    ...body,
    generationIdOrMemberEpoch: -1,
    topics: [
      {
        name: 't',
        partitions: [{ partitionIndex: 0, committedOffset: 2, committedMetadata: '' }],
      },
    ],
  });
  world.run(200);
  expect(pending.body).toBeUndefined();
  world.setCut(3, 2, true);
  world.elect(2, [2, 3], offsetsTopic);
  world.run(500);
  const groups = [{ groupId: 'g', topics: null }];
  const early = world.ask(2, 'offsetFetch', { groups, requireStable: true });
  expect(early.groups[0]?.errorCode).toBe(errorCodes.COORDINATOR_LOAD_IN_PROGRESS);
  world.setCut(3, 2, false);
  world.run(3000);
  expect(fetchOffset(world, 2)).toBe(2);
});
