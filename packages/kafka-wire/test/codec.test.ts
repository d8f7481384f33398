import { ByteReader, bytesConcat, Prng, utf8Encode } from '@zookafka/base';

import {
  apis,
  coordinatorPartition,
  decodeRequest,
  decodeRequestHead,
  decodeResponse,
  decodeResponseHead,
  encodeRequestFrame,
  encodeResponseFrame,
  murmur2,
  uuidBytes,
  uuidText,
} from '../src/index.ts';
import { cases, drawStruct, present } from './drawing.ts';

describe('codec', () => {
  it.each(cases)('%s v%i: reads back what it wrote', (name, version) => {
    const prng = new Prng(version * 100 + apis[name].key);
    for (let round = 0; round < 10; round++) {
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
