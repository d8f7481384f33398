import { bytesConcat, bytesToHex, CodecError, Prng, utf8Encode } from '@zookafka/base';

import {
  assignOffset,
  type BatchHead,
  batchHeads,
  batchLayout,
  type ContentCheck,
  controlTypeOf,
  coordinatorEpochOf,
  decodeRecords,
  encodeBatch,
  encodeTransactionMarker,
  errorName,
  isControlBatch,
  isIntact,
  isTransactional,
  judgeProduce,
  type NewRecord,
  lastBatchHead,
  readBatchHead,
  recordFactsOf,
  stampLogAppendTime,
  WireError,
} from '../src/index.ts';
import { fromHex } from './drawing.ts';

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
    expect(lastBatchHead(copy)?.lastOffset).toBe(2 ** 33 + 6);
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

  it("are read and written as Kafka's own client does", () => {
    // Written by Kafka 3.9.2's MemoryRecordsBuilder.
    const kafkas = fromHex(
      '0000000000000000 00000084 ffffffff 02 d9acf44a 0000 00000001 00000000000003e8 00000000000003e8' +
        '0000000000000005 0001 00000007 00000002' +
        '9201 00 00 00 02 6b 7e 616161616161616161616161616161616161616161616161616161616161616161616161' +
        '6161616161616161616161 61626364616263646162636461626364 02 02 68 01 0e 00 13 02 01 02 62 00',
    );
    const records: NewRecord[] = [
      {
        key: utf8Encode('k'),
        value: utf8Encode('a'.repeat(47) + 'abcd'.repeat(4)),
        timestampMs: 1000,
        headers: [{ key: 'h', value: null }],
      },
      { key: null, value: utf8Encode('b'), timestampMs: 990 },
    ];
    const ours = encodeBatch({ records, producerId: 5, producerEpoch: 1, baseSequence: 7 });
    expect(bytesToHex(ours)).toBe(bytesToHex(kafkas));
    const head = headOf(kafkas);
    expect(isIntact(kafkas, head)).toBe(true);
    expect(decodeRecords(kafkas, head)).toMatchObject(records);
  });

  it('bear the time of append when the broker says so', () => {
    const stamped = batch.slice();
    stampLogAppendTime(stamped, headOf(stamped), { wallMs: 2 ** 41 });
    const head = headOf(stamped);
    expect(isIntact(stamped, head)).toBe(true);
    expect(head.maxTimestamp).toBe(2 ** 41);
    expect(decodeRecords(stamped, head).map(({ timestampMs }) => timestampMs)).toEqual([
      2 ** 41,
      2 ** 41,
    ]);
  });

  it('end a transaction as markers', () => {
    const marker = encodeTransactionMarker({
      type: 'commit',
      producerId: 9,
      producerEpoch: 3,
      coordinatorEpoch: 4,
      timestampMs: 1234,
    });
    const head = headOf(marker);
    expect(isControlBatch(head) && isTransactional(head)).toBe(true);
    const [only] = decodeRecords(marker, head);
    expect(only && [controlTypeOf(only), coordinatorEpochOf(only)]).toEqual(['commit', 4]);
    // Key: version 0, type 1. Value: version 0, epoch 4.
    expect(only?.key).toEqual(Uint8Array.of(0, 0, 0, 1));
    expect(only?.value).toEqual(Uint8Array.of(0, 0, 0, 0, 0, 4));
    expect(controlTypeOf({ key: Uint8Array.of(0, 0, 0, 99) })).toBeUndefined();
    expect(controlTypeOf({ key: null })).toBeUndefined();
    expect(coordinatorEpochOf({ value: Uint8Array.of(0, 0) })).toBeUndefined();
  });

  it('give back any records that were drawn', () => {
    const prng = new Prng(3);
    const bytes = (): Uint8Array | null =>
      prng.chance(200) ? null : prng.fill(new Uint8Array(prng.below(300)));
    for (let round = 0; round < 100; round++) {
      const records = Array.from({ length: prng.between(1, 30) }, () => ({
        key: bytes(),
        value: bytes(),
        timestampMs: prng.between(0, 2 ** 31) * prng.between(1, 1000),
        headers: Array.from({ length: prng.below(3) }, () => ({
          key: 'ü'.repeat(prng.below(90)),
          value: bytes(),
        })),
      }));
      const written = encodeBatch({ records });
      const head = headOf(written);
      expect(decodeRecords(written, head)).toEqual(
        records.map((one, offset) => ({ ...one, offset })),
      );
      expect(recordFactsOf(written, batchLayout.records, written.length)).toEqual({
        count: records.length,
        isSequential: true,
        hasNullKey: records.some(({ key }) => key === null),
      });
    }
  });

  it('are refused with our own error only, whatever was changed in them', () => {
    const prng = new Prng(4);
    for (let round = 0; round < 1000; round++) {
      const mutated = batch.slice(0, prng.chance(200) ? prng.below(batch.length) : undefined);
      for (let count = prng.below(4); count >= 0 && mutated.length > 0; count--) {
        mutated[prng.below(mutated.length)] = prng.pick([0, 1, 127, 128, 255, prng.below(256)]);
      }
      recordFactsOf(mutated, Math.min(batchLayout.records, mutated.length), mutated.length);
      judgeProduce(mutated, { apiVersion: 9, messageBytesMax: 1000, content: content({}) });
      for (const head of batchHeads(mutated)) decodeOrRefuse(mutated, head);
    }
  });
});

function decodeOrRefuse(bytes: Uint8Array, head: BatchHead): void {
  try {
    decodeRecords(bytes, head);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
}

function headOf(bytes: Uint8Array): BatchHead {
  const head = readBatchHead(bytes);
  if (head === undefined) throw new Error('It is no batch');
  return head;
}

function content(change: Partial<ContentCheck>): ContentCheck {
  const codecs = {
    decompress: (kind: 'gzip' | 'snappy' | 'lz4' | 'zstd'): Uint8Array => {
      throw new CodecError({ code: 'UNSUPPORTED', kind }, `Cannot use ${kind}`);
    },
  };
  return { codecs, decompressedBytesMax: 1 << 20, isCompacted: false, ...change };
}

describe('a leader judges what it is to append', () => {
  const records = [0, 1, 2].map((value) => ({
    key: Uint8Array.of(value),
    value: Uint8Array.of(value),
    timestampMs: 5,
  }));
  const batch = encodeBatch({ records });
  const check = { apiVersion: 9, messageBytesMax: 1 << 20, content: content({}) };

  /** The batch with bytes changed, and the checksum right again. */
  function changed(at: number, ...bytes: number[]): Uint8Array {
    const copy = batch.slice();
    copy.set(bytes, at);
    // The stamp sets the checksum; its time is the one that was there.
    const head = headOf(copy);
    stampLogAppendTime(copy, head, { wallMs: head.maxTimestamp });
    return copy;
  }

  it.each([
    ['a torn batch', batch.slice(0, -1), 'CORRUPT_MESSAGE', 'no whole batch'],
    ['two batches', bytesConcat([batch, batch]), 'INVALID_RECORD', 'more than one batch'],
    [
      'a changed byte',
      batch.map((byte, at) => (at === 80 ? byte ^ 1 : byte)),
      'CORRUPT_MESSAGE',
      'checksum',
    ],
    [
      'an old format',
      batch.map((byte, at) => (at === 16 ? 1 : byte)),
      'UNSUPPORTED_FOR_MESSAGE_FORMAT',
      'format is 1',
    ],
    ['lz4 that is not at hand', changed(22, 3), 'UNSUPPORTED_COMPRESSION_TYPE', 'lz4 is not'],
    ['an unknown compression', changed(22, 5), 'UNSUPPORTED_COMPRESSION_TYPE', 'not known'],
    ['a marker', changed(22, 0x20), 'INVALID_RECORD', 'sends no markers'],
    ['an offset to begin with', changed(7, 1), 'INVALID_RECORD', 'offsets do not go'],
    ['a gap in the count', changed(60, 2), 'INVALID_RECORD', 'offsets do not go'],
    ['fewer records than named', changed(23, 0, 0, 0, 3), 'INVALID_RECORD', 'offsets do not go'],
    ['no records', changed(23, 255, 255, 255, 255), 'INVALID_RECORD', 'offsets do not go'],
    // The second record begins at byte 70: length, attributes, time, offset, key…
    ['a gap in the offsets', changed(73, 4), 'INVALID_RECORD', 'offsets do not go 0, 1, 2'],
    ['a record that lies about its length', changed(70, 0x12), 'CORRUPT_MESSAGE', 'cannot be read'],
    ['a key beyond the end', changed(74, 0x7e), 'CORRUPT_MESSAGE', 'cannot be read'],
    ['a negative count of headers', changed(78, 1), 'CORRUPT_MESSAGE', 'cannot be read'],
  ])('%s is refused', (_, bytes, code, sentence) => {
    const judgement = judgeProduce(bytes, check);
    if (judgement.kind === 'valid') throw new Error('It was taken');
    expect(errorName(judgement.errorCode)).toBe(code);
    expect(judgement.message).toContain(sentence);
  });

  it('counts what is there, not what is named', () => {
    const short = batch.slice(0, -9);
    new DataView(short.buffer).setInt32(batchLayout.length, short.length - 12);
    stampLogAppendTime(short, headOf(short), { wallMs: 5 });
    expect(judgeProduce(short, check)).toMatchObject({
      kind: 'refused',
      message: 'Cannot append: 2 records are there, 3 are named',
    });
  });

  it('takes what is right, and says what it is', () => {
    expect(judgeProduce(batch, check)).toMatchObject({
      kind: 'valid',
      compression: 'none',
      head: { count: 3, size: batch.length, lastOffsetDelta: 2 },
    });
  });

  it('refuses a batch that is too large', () => {
    const limits = { apiVersion: 3, messageBytesMax: batch.length };
    expect(judgeProduce(batch, limits).kind).toBe('valid');
    expect(judgeProduce(batch, { ...limits, messageBytesMax: batch.length - 1 })).toMatchObject({
      errorCode: 10,
    });
  });

  it('refuses a record without a key only where the topic is compacted', () => {
    const keyless = encodeBatch({ records: [{ key: null, value: null, timestampMs: 0 }] });
    const judge = (isCompacted: boolean) =>
      judgeProduce(keyless, { ...check, content: content({ isCompacted }) });
    expect(judge(false).kind).toBe('valid');
    expect(judge(true)).toMatchObject({ errorCode: 87 });
  });

  it('opens compressed records, and takes zstd from Produce 7 on', () => {
    const compress = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 1);
    const zstd = encodeBatch({ records, compression: 'zstd', compress });
    const codecs = { decompress: (_: string, bytes: Uint8Array) => compress(bytes) };
    const judge = (apiVersion: number) =>
      judgeProduce(zstd, { ...check, apiVersion, content: content({ codecs }) });
    expect(judge(7)).toMatchObject({ kind: 'valid', compression: 'zstd' });
    expect(judge(6)).toMatchObject({ errorCode: 76 });
  });

  it.each([
    [{ code: 'CORRUPT', kind: 'gzip' } as const, 'CORRUPT_MESSAGE'],
    [{ code: 'TOO_LARGE', kind: 'gzip', sizeMax: 9 } as const, 'MESSAGE_TOO_LARGE'],
    [{ code: 'UNSUPPORTED', kind: 'gzip' } as const, 'UNSUPPORTED_COMPRESSION_TYPE'],
  ])('turns what a codec refuses into a code: %j', (detail, code) => {
    const decompress = (): Uint8Array => {
      throw new CodecError(detail, 'Cannot decompress');
    };
    const gzip = encodeBatch({ records, compression: 'gzip', compress: (bytes) => bytes.slice() });
    const judgement = judgeProduce(gzip, {
      ...check,
      content: content({ codecs: { decompress } }),
    });
    expect(judgement.kind === 'refused' && errorName(judgement.errorCode)).toBe(code);
  });
});
