import { api, array, boolean, bytes, int16, int32, string, struct } from '../schema.ts';

/** DescribeGroups. */
export const describeGroups = api({
  key: 15,
  name: 'describeGroups',
  versions: { min: 0, max: 5 },
  flexibleFrom: 5,
  request: {
    groups: array(string()),
    includeAuthorizedOperations: boolean({ from: 3 }),
  },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    groups: array(
      struct({
        errorCode: int16(),
        groupId: string(),
        groupState: string(),
        protocolType: string(),
        protocolData: string(),
        members: array(
          struct({
            memberId: string(),
            groupInstanceId: string({ from: 4, nullable: 4, default: null }),
            clientId: string(),
            clientHost: string(),
            memberMetadata: bytes(),
            memberAssignment: bytes(),
          }),
        ),
        authorizedOperations: int32({ from: 3, default: -2147483648 }),
      }),
    ),
  },
});
