import { ByteReader, bytesConcat, Prng, utf8Encode } from '@zookafka/base';

import {
  apis,
  batchHeads,
  assignOffset,
  coordinatorPartition,
  decodeRecords,
  decodeRequest,
  decodeRequestHead,
  decodeResponse,
  decodeResponseHead,
  encodeBatch,
  encodeRequestFrame,
  encodeResponseFrame,
  isIntact,
  judgeProduce,
  murmur2,
  offsetAfter,
  readBatchHead,
  uuidBytes,
  uuidText,
  WireError,
} from '../src/index.ts';
import { cases, drawStruct, present } from './drawing.ts';

describe('codec', () => {
  it.each(cases)('%s v%i: reads back what it wrote', (name, version) => {
    const prng = new Prng(version * 100 + apis[name].key);
    for (let round = 0; round < 20; round++) {
      const request = drawStruct(apis[name].request, version, prng);
      const frame = bytesConcat(
        encodeRequestFrame(
          name,
          { apiVersion: version, correlationId: round, clientId: 'me' },
          request,
        ),
      );
      const reader = new ByteReader(frame, 4);
      expect(new ByteReader(frame).int32()).toBe(frame.length - 4);
      expect(decodeRequestHead(reader)).toEqual({
        apiKey: apis[name].key,
        apiVersion: version,
        correlationId: round,
        clientId: 'me',
      });
      const decoded = decodeRequest(name, version, reader) as Record<string, unknown>;
      expect(present(apis[name].request, version, decoded)).toEqual(request);
      expect(reader.remaining).toBe(0);

      const response = drawStruct(apis[name].response, version, prng);
      const head = { apiVersion: version, correlationId: round };
      const answer = new ByteReader(bytesConcat(encodeResponseFrame(name, head, response)), 4);
      expect(decodeResponseHead(name, version, answer)).toBe(round);
      const body = decodeResponse(name, version, answer) as Record<string, unknown>;
      expect(present(apis[name].response, version, body)).toEqual(response);
      expect(answer.remaining).toBe(0);
    }
  });

  it('refuses mutated frames with its own error only', () => {
    const prng = new Prng(11);
    for (const [name, version] of cases) {
      const value = drawStruct(apis[name].request, version, prng);
      const head = { apiVersion: version, correlationId: 1, clientId: 'c' };
      const frame = bytesConcat(encodeRequestFrame(name, head, value));
      for (let round = 0; round < 40; round++) {
        const mutated = frame.slice(0, prng.chance(300) ? prng.below(frame.length) + 1 : undefined);
        for (let count = prng.below(4); count >= 0; count--) {
          mutated[prng.below(mutated.length)] = prng.below(256);
        }
        try {
          decodeRequest(name, version, new ByteReader(mutated, Math.min(4, mutated.length)));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }
    }
  });

  it('believes no length beyond the bytes that are there', () => {
    // Metadata v1: an array of 2^31 - 1 topics.
    const bytes = Uint8Array.of(0x7f, 0xff, 0xff, 0xff);
    expect(() => decodeRequest('metadata', 1, new ByteReader(bytes))).toThrow(
      'Cannot read topics: its length 2147483647 is not within the message',
    );
  });

  it('refers to records instead of copying them', () => {
    const records = utf8Encode('records');
    const chunks = encodeResponseFrame(
      'fetch',
      { apiVersion: 11, correlationId: 1 },
      { responses: [{ topic: 't', partitions: [{ records: [records] }] }] },
    );
    expect(chunks).toContain(records);
  });

  it('always gives ApiVersions the oldest response header', () => {
    const [frame] = encodeResponseFrame('apiVersions', { apiVersion: 3, correlationId: 7 }, {});
    // Length, correlation id, and at once the error code.
    expect(frame?.subarray(4, 10)).toEqual(Uint8Array.of(0, 0, 0, 7, 0, 0));
  });
});

describe('record batches', () => {
  const record = (value: string, timestampMs: number) => ({
    key: utf8Encode('k'),
    value: utf8Encode(value),
    timestampMs,
    headers: [{ key: 'h', value: null }],
  });
  const batch = encodeBatch({
    records: [record('a', 1000), record('b', 990)],
    producerId: 5,
    producerEpoch: 1,
    baseSequence: 7,
  });

  it('stand as the layout says', () => {
    const head = readBatchHead(batch);
    expect(head).toMatchObject({
      size: batch.length,
      magic: 2,
      count: 2,
      lastOffsetDelta: 1,
      baseTimestamp: 1000,
      maxTimestamp: 1000,
      producerId: 5,
      producerEpoch: 1,
      baseSequence: 7,
    });
  });

  it('keep their checksum when offset and epoch are set', () => {
    const copy = batch.slice();
    assignOffset(copy, 0, { baseOffset: 2 ** 33 + 5, leaderEpoch: 3 });
    const head = readBatchHead(copy);
    expect(head).toMatchObject({ baseOffset: 2 ** 33 + 5, leaderEpoch: 3 });
    expect(head && isIntact(copy, head)).toBe(true);
    expect(offsetAfter(copy)).toBe(2 ** 33 + 7);
    copy[70] = (copy[70] ?? 0) ^ 1;
    expect(head && isIntact(copy, head)).toBe(false);
  });

  it('give their records back', () => {
    const [head] = [...batchHeads(batch)];
    const records = head === undefined ? [] : decodeRecords(batch, head);
    expect(records.map(({ offset, timestampMs }) => [offset, timestampMs])).toEqual([
      [0, 1000],
      [1, 990],
    ]);
    expect(records[1]).toMatchObject(record('b', 990));
  });

  it.each([
    ['a torn batch', batch.slice(0, -1), 'CORRUPT'],
    ['two batches', bytesConcat([batch, batch]), 'more than one batch'],
    ['a changed byte', batch.map((byte, at) => (at === 80 ? byte ^ 1 : byte)), 'checksum'],
    ['an old format', batch.map((byte, at) => (at === 16 ? 1 : byte)), 'format is 1'],
  ])('%s is refused by a leader', (_, bytes, sentence) => {
    const judgement = judgeProduce(bytes, { apiVersion: 9, messageBytesMax: 1 << 20 });
    expect(judgement.kind === 'refused' && `${judgement.message} CORRUPT`).toContain(sentence);
  });

  it('are taken by a leader when they are right, and refused when they are too large', () => {
    expect(judgeProduce(batch, { apiVersion: 3, messageBytesMax: 1000 }).kind).toBe('valid');
    expect(judgeProduce(batch, { apiVersion: 3, messageBytesMax: 10 })).toMatchObject({
      errorCode: 10,
    });
  });
});

describe('hashes', () => {
  // Source: Apache Kafka, UtilsTest.testMurmur2.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])("murmur2 of %s is Kafka's", (text, hash) => {
    expect(murmur2(utf8Encode(text))).toBe(hash);
  });

  it("finds the partition of a group as Java's hashCode does", () => {
    // "polygenelubricants".hashCode() is the least integer, whose absolute value Kafka takes as 0.
    expect(coordinatorPartition('polygenelubricants', 50)).toBe(0);
    expect(coordinatorPartition('abc', 50)).toBe(96354 % 50);
  });

  it('writes ids as Kafka does', () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, index) => index * 17);
    expect(uuidText(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
    expect(uuidBytes(uuidText(bytes))).toEqual(bytes);
  });
});
