import { api, array, int16, int32, int64, string, struct } from '../schema.ts';

/** OffsetCommit. */
export const offsetCommit = api({
  key: 8,
  name: 'offsetCommit',
  versions: { min: 0, max: 9 },
  flexibleFrom: 8,
  request: {
    groupId: string(),
    generationIdOrMemberEpoch: int32({ from: 1, default: -1 }),
    memberId: string({ from: 1 }),
    groupInstanceId: string({ from: 7, nullable: 7, default: null }),
    retentionTimeMs: int64({ from: 2, to: 4, default: -1 }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32({ from: 6, default: -1 }),
            commitTimestamp: int64({ from: 1, to: 1, default: -1 }),
            committedMetadata: string({ nullable: 0 }),
          }),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32({ from: 3 }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
          }),
        ),
      }),
    ),
  },
});
