import { api, array, boolean, bytes, int16, int32, string, struct } from '../schema.ts';

/** JoinGroup. */
export const joinGroup = api({
  key: 11,
  name: 'joinGroup',
  versions: { min: 0, max: 9 },
  flexibleFrom: 6,
  request: {
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32({ from: 1, default: -1 }),
    memberId: string(),
    groupInstanceId: string({ from: 5, nullable: 5, default: null }),
    protocolType: string(),
    protocols: array(
      struct({
        name: string(),
        metadata: bytes(),
      }),
    ),
    reason: string({ from: 8, nullable: 8, default: null }),
  },
  response: {
    throttleTimeMs: int32({ from: 2 }),
    errorCode: int16(),
    generationId: int32({ default: -1 }),
    protocolType: string({ from: 7, nullable: 7, default: null }),
    protocolName: string({ nullable: 7 }),
    leader: string(),
    skipAssignment: boolean({ from: 9, default: false }),
    memberId: string(),
    members: array(
      struct({
        memberId: string(),
        groupInstanceId: string({ from: 5, nullable: 5, default: null }),
        metadata: bytes(),
      }),
    ),
  },
});
