import { api, array, int16, int32, int64, string, struct } from '../schema.ts';

/** OffsetForLeaderEpoch. */
export const offsetForLeaderEpoch = api({
  key: 23,
  name: 'offsetForLeaderEpoch',
  versions: { min: 0, max: 4 },
  flexibleFrom: 4,
  request: {
    replicaId: int32({ from: 3, default: -2 }),
    topics: array(
      struct({
        topic: string(),
        partitions: array(
          struct({
            partition: int32(),
            currentLeaderEpoch: int32({ from: 2, default: -1 }),
            leaderEpoch: int32(),
          }),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32({ from: 2 }),
    topics: array(
      struct({
        topic: string(),
        partitions: array(
          struct({
            errorCode: int16(),
            partition: int32(),
            leaderEpoch: int32({ from: 1, default: -1 }),
            endOffset: int64({ default: -1 }),
          }),
        ),
      }),
    ),
  },
});
