import { api, array, int16, int32, int64, int8, string, struct } from '../schema.ts';

/** ListOffsets. */
export const listOffsets = api({
  key: 2,
  name: 'listOffsets',
  versions: { min: 0, max: 9 },
  flexibleFrom: 6,
  request: {
    replicaId: int32(),
    isolationLevel: int8({ from: 2 }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            currentLeaderEpoch: int32({ from: 4, default: -1 }),
            timestamp: int64(),
            maxNumOffsets: int32({ to: 0, default: 1 }),
          }),
        ),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32({ from: 2 }),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            oldStyleOffsets: array(int64(), { to: 0 }),
            timestamp: int64({ from: 1, default: -1 }),
            offset: int64({ from: 1, default: -1 }),
            leaderEpoch: int32({ from: 4, default: -1 }),
          }),
        ),
      }),
    ),
  },
});
