import { int16, int32, record, string } from '../schema.ts';

/** What stands before every request. */
export const requestHeader = record({
  name: 'RequestHeader',
  versions: { min: 0, max: 2 },
  flexibleFrom: 2,
  fields: {
    requestApiKey: int16(),
    requestApiVersion: int16(),
    correlationId: int32(),
    clientId: string({ from: 1, nullable: 1, classic: true }),
  },
});

/** What stands before every response. */
export const responseHeader = record({
  name: 'ResponseHeader',
  versions: { min: 0, max: 1 },
  flexibleFrom: 1,
  fields: {
    correlationId: int32(),
  },
});
