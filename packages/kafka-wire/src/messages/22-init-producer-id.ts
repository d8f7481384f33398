import { api, int16, int32, int64, string } from '../schema.ts';

/** InitProducerId. */
export const initProducerId = api({
  key: 22,
  name: 'initProducerId',
  versions: { min: 0, max: 5 },
  flexibleFrom: 2,
  request: {
    transactionalId: string({ nullable: 0 }),
    transactionTimeoutMs: int32(),
    producerId: int64({ from: 3, default: -1 }),
    producerEpoch: int16({ from: 3, default: -1 }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerId: int64({ default: -1 }),
    producerEpoch: int16(),
  },
});
