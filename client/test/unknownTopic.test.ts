import { effectsOf, Prng } from '@zookafka/base';
import { Client, type ClientEffect, type ClientInput } from '../src/core/index.ts';

describe('a record of a topic that the producer does not know yet', () => {
  it('asks at once, and is not left to wait until its delivery is overdue', () => {
    const producer = {
      acks: -1 as const,
      requestTimeoutMs: 1000,
      lingerMs: 5,
      batchBytesMax: 16_384,
      deliveryTimeoutMs: 120_000,
      retryBackoffMs: 100,
      bufferCountMax: 10,
      isIdempotent: true,
    };
    const bootstrap = [{ host: '127.0.0.1', port: 9092 }];
    const none = { consumer: undefined, group: undefined };
    const client = new Client(
      { bootstrap, requestTimeoutMs: 1000, producer, ...none },
      new Prng(1),
    );
    const record = { topic: 't', partition: undefined, key: null, value: null, headers: [] };
    const produce = (token: number): readonly ClientEffect[] =>
      effectsOf<ClientInput, ClientEffect>(
        client,
        { kind: 'produce', token, record: { ...record, timestampMs: 0 } },
        0,
      );
    expect(produce(1)).toContainEqual(
      expect.objectContaining({ kind: 'openLink', host: '127.0.0.1', port: 9092 }),
    );
    expect(produce(2).filter(({ kind }) => kind === 'openLink')).toEqual([]);
  });
});
