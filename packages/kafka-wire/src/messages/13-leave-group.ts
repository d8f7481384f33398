import { api, array, int16, int32, string, struct } from '../schema.ts';

/** LeaveGroup. */
export const leaveGroup = api({
  key: 13,
  name: 'leaveGroup',
  versions: { min: 0, max: 5 },
  flexibleFrom: 4,
  request: {
    groupId: string(),
    memberId: string({ to: 2 }),
    members: array(
      struct({
        memberId: string({ from: 3 }),
        groupInstanceId: string({ from: 3, nullable: 3, default: null }),
        reason: string({ from: 5, nullable: 5, default: null }),
      }),
      { from: 3 },
    ),
  },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    errorCode: int16(),
    members: array(
      struct({
        memberId: string({ from: 3 }),
        groupInstanceId: string({ from: 3, nullable: 3 }),
        errorCode: int16({ from: 3 }),
      }),
      { from: 3 },
    ),
  },
});
