import { api, array, int16, int32, string, struct, uuid } from '../schema.ts';

/** DeleteTopics. */
export const deleteTopics = api({
  key: 20,
  name: 'deleteTopics',
  versions: { min: 0, max: 6 },
  flexibleFrom: 4,
  request: {
    topics: array(
      struct({
        name: string({ from: 6, nullable: 6, default: null }),
        topicId: uuid({ from: 6 }),
      }),
      { from: 6 },
    ),
    topicNames: array(string(), { to: 5 }),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32({ from: 1 }),
    responses: array(
      struct({
        name: string({ nullable: 6 }),
        topicId: uuid({ from: 6 }),
        errorCode: int16(),
        errorMessage: string({ from: 5, nullable: 5, default: null }),
      }),
    ),
  },
});
