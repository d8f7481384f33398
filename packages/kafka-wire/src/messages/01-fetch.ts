import { api, array, int16, int32, int64, int8, records, string, struct, uuid } from '../schema.ts';

/** Fetch. */
export const fetch = api({
  key: 1,
  name: 'fetch',
  versions: { min: 4, max: 17 },
  flexibleFrom: 12,
  request: {
    clusterId: string({ from: 12, nullable: 12, tag: 0, tagged: 12, default: null }),
    replicaId: int32({ to: 14, default: -1 }),
    replicaState: struct(
      {
        replicaId: int32({ from: 15, default: -1 }),
        replicaEpoch: int64({ from: 15, default: -1 }),
      },
      { from: 15, tag: 1, tagged: 15 },
    ),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ from: 3, default: 2147483647 }),
    isolationLevel: int8({ from: 4, default: 0 }),
    sessionId: int32({ from: 7, default: 0 }),
    sessionEpoch: int32({ from: 7, default: -1 }),
    topics: array(
      struct({
        topic: string({ to: 12 }),
        topicId: uuid({ from: 13 }),
        partitions: array(
          struct({
            partition: int32(),
            currentLeaderEpoch: int32({ from: 9, default: -1 }),
            fetchOffset: int64(),
            lastFetchedEpoch: int32({ from: 12, default: -1 }),
            logStartOffset: int64({ from: 5, default: -1 }),
            partitionMaxBytes: int32(),
            replicaDirectoryId: uuid({ from: 17, tag: 0, tagged: 17 }),
          }),
        ),
      }),
    ),
    forgottenTopicsData: array(
      struct({
        topic: string({ from: 7, to: 12 }),
        topicId: uuid({ from: 13 }),
        partitions: array(int32(), { from: 7 }),
      }),
      { from: 7 },
    ),
    rackId: string({ from: 11, default: '' }),
  },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    errorCode: int16({ from: 7 }),
    sessionId: int32({ from: 7, default: 0 }),
    responses: array(
      struct({
        topic: string({ to: 12 }),
        topicId: uuid({ from: 13 }),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            highWatermark: int64(),
            lastStableOffset: int64({ from: 4, default: -1 }),
            logStartOffset: int64({ from: 5, default: -1 }),
            divergingEpoch: struct(
              {
                epoch: int32({ from: 12, default: -1 }),
                endOffset: int64({ from: 12, default: -1 }),
              },
              { from: 12, tag: 0, tagged: 12 },
            ),
            currentLeader: struct(
              {
                leaderId: int32({ from: 12, default: -1 }),
                leaderEpoch: int32({ from: 12, default: -1 }),
              },
              { from: 12, tag: 1, tagged: 12 },
            ),
            snapshotId: struct(
              {
                endOffset: int64({ default: -1 }),
                epoch: int32({ default: -1 }),
              },
              { from: 12, tag: 2, tagged: 12 },
            ),
            abortedTransactions: array(
              struct({
                producerId: int64({ from: 4 }),
                firstOffset: int64({ from: 4 }),
              }),
              { from: 4, nullable: 4 },
            ),
            preferredReadReplica: int32({ from: 11, default: -1 }),
            records: records({ nullable: 0 }),
          }),
        ),
      }),
    ),
    nodeEndpoints: array(
      struct({
        nodeId: int32({ from: 16 }),
        host: string({ from: 16 }),
        port: int32({ from: 16 }),
        rack: string({ from: 16, nullable: 16, default: null }),
      }),
      { from: 16, tag: 0, tagged: 16 },
    ),
  },
});
