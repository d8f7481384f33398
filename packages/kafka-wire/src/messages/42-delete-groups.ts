import { api, array, int16, int32, string, struct } from '../schema.ts';

/** DeleteGroups. */
export const deleteGroups = api({
  key: 42,
  name: 'deleteGroups',
  versions: { min: 0, max: 2 },
  flexibleFrom: 2,
  request: {
    groupsNames: array(string()),
  },
  response: {
    throttleTimeMs: int32(),
    results: array(
      struct({
        groupId: string(),
        errorCode: int16(),
      }),
    ),
  },
});
