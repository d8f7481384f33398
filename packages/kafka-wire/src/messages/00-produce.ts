import { api, array, int16, int32, int64, records, string, struct } from '../schema.ts';

/** Produce. */
export const produce = api({
  key: 0,
  name: 'produce',
  versions: { min: 3, max: 11 },
  // Lower versions are advertised and refused: librdkafka compresses only where the range begins at 0.
  advertisedFrom: 0,
  flexibleFrom: 9,
  request: {
    transactionalId: string({ from: 3, nullable: 3, default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: array(
      struct({
        name: string(),
        partitionData: array(
          struct({
            index: int32(),
            records: records({ nullable: 0 }),
          }),
        ),
      }),
    ),
  },
  response: {
    responses: array(
      struct({
        name: string(),
        partitionResponses: array(
          struct({
            index: int32(),
            errorCode: int16(),
            baseOffset: int64(),
            logAppendTimeMs: int64({ from: 2, default: -1 }),
            logStartOffset: int64({ from: 5, default: -1 }),
            recordErrors: array(
              struct({
                batchIndex: int32({ from: 8 }),
                batchIndexErrorMessage: string({ from: 8, nullable: 8, default: null }),
              }),
              { from: 8 },
            ),
            errorMessage: string({ from: 8, nullable: 8, default: null }),
            currentLeader: struct(
              {
                leaderId: int32({ from: 10, default: -1 }),
                leaderEpoch: int32({ from: 10, default: -1 }),
              },
              { from: 10, tag: 0, tagged: 10 },
            ),
          }),
        ),
      }),
    ),
    throttleTimeMs: int32({ from: 1, default: 0 }),
    nodeEndpoints: array(
      struct({
        nodeId: int32({ from: 10 }),
        host: string({ from: 10 }),
        port: int32({ from: 10 }),
        rack: string({ from: 10, nullable: 10, default: null }),
      }),
      { from: 10, tag: 0, tagged: 10 },
    ),
  },
});
