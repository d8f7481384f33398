import { ByteReader, bytesConcat, Prng, utf8Encode } from '@zookafka/base';

import {
  type ApiName,
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
  type Field,
  type Fields,
  isIntact,
  judgeProduce,
  murmur2,
  offsetAfter,
  readBatchHead,
  uuidBytes,
  uuidText,
  WireError,
} from '../src/index.ts';

const names = Object.keys(apis) as ApiName[];
const cases = names.flatMap((name) => {
  const { min, max } = apis[name].versions;
  return Array.from({ length: max - min + 1 }, (_, index) => [name, min + index] as const);
});

/** A value of a field, drawn: absent fields get what decoding gives them, so that both sides compare equal. */
function draw(field: Field<unknown>, version: number, prng: Prng): unknown {
  const { nullable = Infinity, nullableTo = Infinity } = field.options;
  if (version >= nullable && version <= nullableTo && prng.chance(200)) return null;
  switch (field.kind) {
    case 'boolean':
      return prng.chance(500);
    case 'int8':
      return prng.between(-128, 127);
    case 'int16':
      return prng.between(-32768, 32767);
    case 'uint16':
      return prng.between(0, 65535);
    case 'int32':
      return prng.uint32() | 0;
    case 'uint32':
      return prng.uint32();
    case 'int64':
      return prng.between(-0x10_0000, 0x0f_ffff) * 0x1_0000_0000 + prng.uint32();
    case 'float64':
      return prng.uint32() / 8;
    case 'string':
      return 'ü'.repeat(prng.below(3)) + 'x'.repeat(prng.below(200));
    case 'uuid':
      return uuidText(prng.fill(new Uint8Array(16)));
    case 'bytes':
    case 'records':
      return prng.fill(new Uint8Array(prng.below(50)));
    case 'array':
      return Array.from({ length: prng.below(4) }, () =>
        draw({ ...(field.item as Field<unknown>), options: {} }, version, prng),
      );
    case 'struct':
      return drawStruct(field.fields ?? {}, version, prng);
  }
}

function drawStruct(fields: Fields, version: number, prng: Prng): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const { from = 0, to = Infinity } = field.options;
    if (version >= from && version <= to) value[name] = draw(field, version, prng);
  }
  return value;
}

/** What was decoded, without the fields that the version does not have. */
function present(fields: Fields, version: number, value: Record<string, unknown>): unknown {
  const kept: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const { from = 0, to = Infinity } = field.options;
    if (version < from || version > to) continue;
    const inner = field.fields ?? field.item?.fields;
    const one = value[name];
    const clean = (item: unknown): unknown =>
      inner === undefined || item === null
        ? item
        : present(inner, version, item as Record<string, unknown>);
    kept[name] = Array.isArray(one) && field.kind === 'array' ? one.map(clean) : clean(one);
  }
  return kept;
}

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
