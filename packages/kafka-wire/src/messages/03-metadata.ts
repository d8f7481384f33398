import { api, array, boolean, int16, int32, string, struct, uuid } from '../schema.ts';

/** Metadata. */
export const metadata = api({
  key: 3,
  name: 'metadata',
  versions: { min: 0, max: 12 },
  flexibleFrom: 9,
  request: {
    topics: array(
      struct({
        topicId: uuid({ from: 10 }),
        name: string({ nullable: 10 }),
      }),
      { nullable: 1 },
    ),
    allowAutoTopicCreation: boolean({ from: 4, default: true }),
    includeClusterAuthorizedOperations: boolean({ from: 8, to: 10 }),
    includeTopicAuthorizedOperations: boolean({ from: 8 }),
  },
  response: {
    throttleTimeMs: int32({ from: 3 }),
    brokers: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ from: 1, nullable: 1, default: null }),
      }),
    ),
    clusterId: string({ from: 2, nullable: 2, default: null }),
    controllerId: int32({ from: 1, default: -1 }),
    topics: array(
      struct({
        errorCode: int16(),
        name: string({ nullable: 12 }),
        topicId: uuid({ from: 10 }),
        isInternal: boolean({ from: 1, default: false }),
        partitions: array(
          struct({
            errorCode: int16(),
            partitionIndex: int32(),
            leaderId: int32(),
            leaderEpoch: int32({ from: 7, default: -1 }),
            replicaNodes: array(int32()),
            isrNodes: array(int32()),
            offlineReplicas: array(int32(), { from: 5 }),
          }),
        ),
        topicAuthorizedOperations: int32({ from: 8, default: -2147483648 }),
      }),
    ),
    clusterAuthorizedOperations: int32({ from: 8, to: 10, default: -2147483648 }),
  },
});
