import { api, int16, int32, string } from '../schema.ts';

/** Heartbeat. */
export const heartbeat = api({
  key: 12,
  name: 'heartbeat',
  versions: { min: 0, max: 4 },
  flexibleFrom: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ from: 3, nullable: 3, default: null }),
  },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    errorCode: int16(),
  },
});
