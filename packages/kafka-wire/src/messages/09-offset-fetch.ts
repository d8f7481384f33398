import { api, array, boolean, int16, int32, int64, string, struct } from '../schema.ts';

/** OffsetFetch. */
export const offsetFetch = api({
  key: 9,
  name: 'offsetFetch',
  versions: { min: 0, max: 9 },
  flexibleFrom: 6,
  request: {
    groupId: string({ to: 7 }),
    topics: array(
      struct({
        name: string({ to: 7 }),
        partitionIndexes: array(int32(), { to: 7 }),
      }),
      { to: 7, nullable: 2 },
    ),
    groups: array(
      struct({
        groupId: string({ from: 8 }),
        memberId: string({ from: 9, nullable: 9, default: null }),
        memberEpoch: int32({ from: 9, default: -1 }),
        topics: array(
          struct({
            name: string({ from: 8 }),
            partitionIndexes: array(int32(), { from: 8 }),
          }),
          { from: 8, nullable: 8 },
        ),
      }),
      { from: 8 },
    ),
    requireStable: boolean({ from: 7, default: false }),
  },
  response: {
    throttleTimeMs: int32({ from: 3 }),
    topics: array(
      struct({
        name: string({ to: 7 }),
        partitions: array(
          struct({
            partitionIndex: int32({ to: 7 }),
            committedOffset: int64({ to: 7 }),
            committedLeaderEpoch: int32({ from: 5, to: 7, default: -1 }),
            metadata: string({ to: 7, nullable: 0 }),
            errorCode: int16({ to: 7 }),
          }),
          { to: 7 },
        ),
      }),
      { to: 7 },
    ),
    errorCode: int16({ from: 2, to: 7, default: 0 }),
    groups: array(
      struct({
        groupId: string({ from: 8 }),
        topics: array(
          struct({
            name: string({ from: 8 }),
            partitions: array(
              struct({
                partitionIndex: int32({ from: 8 }),
                committedOffset: int64({ from: 8 }),
                committedLeaderEpoch: int32({ from: 8, default: -1 }),
                metadata: string({ from: 8, nullable: 8 }),
                errorCode: int16({ from: 8 }),
              }),
              { from: 8 },
            ),
          }),
          { from: 8 },
        ),
        errorCode: int16({ from: 8, default: 0 }),
      }),
      { from: 8 },
    ),
  },
});
