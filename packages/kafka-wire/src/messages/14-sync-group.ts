import { api, array, bytes, int16, int32, string, struct } from '../schema.ts';

/** SyncGroup. */
export const syncGroup = api({
  key: 14,
  name: 'syncGroup',
  versions: { min: 0, max: 5 },
  flexibleFrom: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ from: 3, nullable: 3, default: null }),
    protocolType: string({ from: 5, nullable: 5, default: null }),
    protocolName: string({ from: 5, nullable: 5, default: null }),
    assignments: array(
      struct({
        memberId: string(),
        assignment: bytes(),
      }),
    ),
  },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    errorCode: int16(),
    protocolType: string({ from: 5, nullable: 5, default: null }),
    protocolName: string({ from: 5, nullable: 5, default: null }),
    assignment: bytes(),
  },
});
