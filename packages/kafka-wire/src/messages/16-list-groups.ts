import { api, array, int16, int32, string, struct } from '../schema.ts';

/** ListGroups. */
export const listGroups = api({
  key: 16,
  name: 'listGroups',
  versions: { min: 0, max: 5 },
  flexibleFrom: 3,
  request: {
    statesFilter: array(string(), { from: 4 }),
    typesFilter: array(string(), { from: 5 }),
  },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    errorCode: int16(),
    groups: array(
      struct({
        groupId: string(),
        protocolType: string(),
        groupState: string({ from: 4 }),
        groupType: string({ from: 5 }),
      }),
    ),
  },
});
