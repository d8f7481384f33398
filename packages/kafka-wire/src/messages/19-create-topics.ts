import { api, array, boolean, int16, int32, int8, string, struct, uuid } from '../schema.ts';

/** CreateTopics. */
export const createTopics = api({
  key: 19,
  name: 'createTopics',
  versions: { min: 0, max: 7 },
  flexibleFrom: 5,
  request: {
    topics: array(
      struct({
        name: string(),
        numPartitions: int32(),
        replicationFactor: int16(),
        assignments: array(
          struct({
            partitionIndex: int32(),
            brokerIds: array(int32()),
          }),
        ),
        configs: array(
          struct({
            name: string(),
            value: string({ nullable: 0 }),
          }),
        ),
      }),
    ),
    timeoutMs: int32({ default: 60000 }),
    validateOnly: boolean({ from: 1, default: false }),
  },
  response: {
    throttleTimeMs: int32({ from: 2 }),
    topics: array(
      struct({
        name: string(),
        topicId: uuid({ from: 7 }),
        errorCode: int16(),
        errorMessage: string({ from: 1, nullable: 0 }),
        topicConfigErrorCode: int16({ from: 5, tag: 0, tagged: 5 }),
        numPartitions: int32({ from: 5, default: -1 }),
        replicationFactor: int16({ from: 5, default: -1 }),
        configs: array(
          struct({
            name: string({ from: 5 }),
            value: string({ from: 5, nullable: 5 }),
            readOnly: boolean({ from: 5 }),
            configSource: int8({ from: 5, default: -1 }),
            isSensitive: boolean({ from: 5 }),
          }),
          { from: 5, nullable: 5 },
        ),
      }),
    ),
  },
});
