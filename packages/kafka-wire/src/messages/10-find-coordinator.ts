import { api, array, int16, int32, int8, string, struct } from '../schema.ts';

/** FindCoordinator. */
export const findCoordinator = api({
  key: 10,
  name: 'findCoordinator',
  versions: { min: 0, max: 6 },
  flexibleFrom: 3,
  request: {
    key: string({ to: 3 }),
    keyType: int8({ from: 1, default: 0 }),
    coordinatorKeys: array(string(), { from: 4 }),
  },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    errorCode: int16({ to: 3 }),
    errorMessage: string({ from: 1, to: 3, nullable: 1 }),
    nodeId: int32({ to: 3 }),
    host: string({ to: 3 }),
    port: int32({ to: 3 }),
    coordinators: array(
      struct({
        key: string({ from: 4 }),
        nodeId: int32({ from: 4 }),
        host: string({ from: 4 }),
        port: int32({ from: 4 }),
        errorCode: int16({ from: 4 }),
        errorMessage: string({ from: 4, nullable: 4 }),
      }),
      { from: 4 },
    ),
  },
});
