import { array, bytes, int32, int64, record, string, struct } from '../schema.ts';

/** What a member of a consumer group wants, in its JoinGroup. */
export const consumerProtocolSubscription = record({
  name: 'ConsumerProtocolSubscription',
  versions: { min: 0, max: 3 },
  flexibleFrom: Infinity,
  fields: {
    topics: array(string()),
    userData: bytes({ nullable: 0, default: null }),
    ownedPartitions: array(
      struct({
        topic: string({ from: 1 }),
        partitions: array(int32(), { from: 1 }),
      }),
      { from: 1 },
    ),
    generationId: int32({ from: 2, default: -1 }),
    rackId: string({ from: 3, nullable: 3, default: null }),
  },
});

/** What a member of a consumer group gets, in its SyncGroup. */
export const consumerProtocolAssignment = record({
  name: 'ConsumerProtocolAssignment',
  versions: { min: 0, max: 3 },
  flexibleFrom: Infinity,
  fields: {
    assignedPartitions: array(
      struct({
        topic: string(),
        partitions: array(int32()),
      }),
    ),
    userData: bytes({ nullable: 0, default: null }),
  },
});

/** The key of a committed offset in `__consumer_offsets`. */
export const offsetCommitKey = record({
  name: 'OffsetCommitKey',
  versions: { min: 0, max: 1 },
  flexibleFrom: Infinity,
  fields: {
    group: string({ to: 1 }),
    topic: string({ to: 1 }),
    partition: int32({ to: 1 }),
  },
});

/** The value of a committed offset. */
export const offsetCommitValue = record({
  name: 'OffsetCommitValue',
  versions: { min: 0, max: 4 },
  flexibleFrom: 4,
  fields: {
    offset: int64(),
    leaderEpoch: int32({ from: 3, default: -1 }),
    metadata: string(),
    commitTimestamp: int64(),
    expireTimestamp: int64({ from: 1, to: 1, default: -1 }),
  },
});

/** The key of a group in `__consumer_offsets`. */
export const groupMetadataKey = record({
  name: 'GroupMetadataKey',
  versions: { min: 2, max: 2 },
  flexibleFrom: Infinity,
  fields: {
    group: string({ from: 2, to: 2 }),
  },
});

/** The value of a group. */
export const groupMetadataValue = record({
  name: 'GroupMetadataValue',
  versions: { min: 0, max: 4 },
  flexibleFrom: 4,
  fields: {
    protocolType: string(),
    generation: int32(),
    protocol: string({ nullable: 0 }),
    leader: string({ nullable: 0 }),
    currentStateTimestamp: int64({ from: 2, default: -1 }),
    members: array(
      struct({
        memberId: string(),
        groupInstanceId: string({ from: 3, nullable: 3, default: null }),
        clientId: string(),
        clientHost: string(),
        rebalanceTimeout: int32({ from: 1, default: -1 }),
        sessionTimeout: int32(),
        subscription: bytes(),
        assignment: bytes(),
      }),
    ),
  },
});
