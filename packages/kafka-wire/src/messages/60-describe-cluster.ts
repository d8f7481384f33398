import { api, array, boolean, int16, int32, int8, string, struct } from '../schema.ts';

/** DescribeCluster. */
export const describeCluster = api({
  key: 60,
  name: 'describeCluster',
  versions: { min: 0, max: 1 },
  flexibleFrom: 0,
  request: {
    includeClusterAuthorizedOperations: boolean(),
    endpointType: int8({ from: 1, default: 1 }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: 0, default: null }),
    endpointType: int8({ from: 1, default: 1 }),
    clusterId: string(),
    controllerId: int32({ default: -1 }),
    brokers: array(
      struct({
        brokerId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: 0, default: null }),
      }),
    ),
    clusterAuthorizedOperations: int32({ default: -2147483648 }),
  },
});
