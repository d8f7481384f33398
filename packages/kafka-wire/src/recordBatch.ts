import { crc32c } from '@zookafka/base';

/** Where the fields of a record batch (format 2) stand, in bytes from its beginning. */
export const batchLayout = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  count: 57,
  records: 61,
} as const;

/** What stands before the bytes that a batch's length counts. */
export const batchOverheadBytes = 12;
/** The least that a batch takes. */
export const batchBytesMin: number = batchLayout.records;

/** What the bits of a batch's attributes say. */
export const attributeBits = {
  compression: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
} as const;

/** Compression codecs by the number in the attributes. */
export const compressionKinds = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
/** How the records of a batch are compressed. */
export type BatchCompression = (typeof compressionKinds)[number];

/** The head of a record batch, taken apart. */
export interface BatchHead {
  /** Where it begins in the bytes that it was read from. */
  readonly start: number;
  /** The whole batch, in bytes. */
  readonly size: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly leaderEpoch: number;
  readonly magic: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly count: number;
}

/**
 * Reads the head of the batch that begins at `start`.
 *
 * @returns undefined when fewer bytes are left than the head, or than the batch says that it has
 */
export function readBatchHead(bytes: Uint8Array, start = 0): BatchHead | undefined {
  if (start + batchBytesMin > bytes.length) return undefined;
  const size = int32At(bytes, start + batchLayout.length) + batchOverheadBytes;
  if (size < batchBytesMin || start + size > bytes.length) return undefined;
  const baseOffset = int64At(bytes, start + batchLayout.baseOffset);
  const lastOffsetDelta = int32At(bytes, start + batchLayout.lastOffsetDelta);
  return {
    start,
    size,
    baseOffset,
    lastOffset: baseOffset + lastOffsetDelta,
    leaderEpoch: int32At(bytes, start + batchLayout.leaderEpoch),
    magic: ((bytes[start + batchLayout.magic] as number) << 24) >> 24,
    attributes: int16At(bytes, start + batchLayout.attributes),
    lastOffsetDelta,
    baseTimestamp: int64At(bytes, start + batchLayout.baseTimestamp),
    maxTimestamp: int64At(bytes, start + batchLayout.maxTimestamp),
    producerId: int64At(bytes, start + batchLayout.producerId),
    producerEpoch: int16At(bytes, start + batchLayout.producerEpoch),
    baseSequence: int32At(bytes, start + batchLayout.baseSequence),
    count: int32At(bytes, start + batchLayout.count),
  };
}

/** The heads of all whole batches; a torn one at the end is left out. */
export function* batchHeads(bytes: Uint8Array): Generator<BatchHead> {
  let start = 0;
  for (
    let head = readBatchHead(bytes, start);
    head !== undefined;
    head = readBatchHead(bytes, start)
  ) {
    yield head;
    start += head.size;
  }
}

/** @returns how the records are compressed; undefined for a number that names no codec */
export function compressionOf({
  attributes,
}: Pick<BatchHead, 'attributes'>): BatchCompression | undefined {
  return compressionKinds[attributes & attributeBits.compression];
}

/** @returns whether the batch is a marker of a transaction or of a quorum, not a client's records */
export function isControlBatch({ attributes }: Pick<BatchHead, 'attributes'>): boolean {
  return (attributes & attributeBits.control) !== 0;
}

/** @returns whether the batch is part of a transaction */
export function isTransactional({ attributes }: Pick<BatchHead, 'attributes'>): boolean {
  return (attributes & attributeBits.transactional) !== 0;
}

/** @returns whether the broker's time of append stands for the times of all records */
export function isLogAppendTime({ attributes }: Pick<BatchHead, 'attributes'>): boolean {
  return (attributes & attributeBits.logAppendTime) !== 0;
}

/**
 * Checks the checksum: over everything from the attributes on, so that offset and leader epoch can be set freely.
 *
 * @param checksum CRC-32C; shells give a native one
 */
export function isIntact(
  bytes: Uint8Array,
  { start, size }: Pick<BatchHead, 'start' | 'size'>,
  checksum: Checksum = crc32c,
): boolean {
  const expected = int32At(bytes, start + batchLayout.crc) >>> 0;
  return checksum(bytes, start + batchLayout.attributes, start + size) === expected;
}

/** CRC-32C of the bytes from `start` to `end`. */
export type Checksum = (bytes: Uint8Array, start: number, end: number) => number;

/** Sets base offset and leader epoch in place: what a leader does to a batch that it appends. */
export function assignOffset(
  bytes: Uint8Array,
  start: number,
  { baseOffset, leaderEpoch }: { readonly baseOffset: number; readonly leaderEpoch: number },
): void {
  const view = viewOf(bytes, start);
  setInt64(view, batchLayout.baseOffset, baseOffset);
  view.setInt32(batchLayout.leaderEpoch, leaderEpoch);
}

/**
 * Sets the time of append in place: of a topic whose records bear the broker's time. The checksum covers it, so that
 * is set anew too.
 */
export function stampLogAppendTime(
  bytes: Uint8Array,
  { start, size, attributes }: Pick<BatchHead, 'start' | 'size' | 'attributes'>,
  { wallMs, checksum = crc32c }: { readonly wallMs: number; readonly checksum?: Checksum },
): void {
  const view = viewOf(bytes, start);
  view.setInt16(batchLayout.attributes, attributes | attributeBits.logAppendTime);
  setInt64(view, batchLayout.maxTimestamp, wallMs);
  view.setUint32(batchLayout.crc, checksum(bytes, start + batchLayout.attributes, start + size));
}

/** @returns the head of the last whole batch, or undefined when there is none */
export function lastBatchHead(bytes: Uint8Array): BatchHead | undefined {
  let last: BatchHead | undefined;
  for (const head of batchHeads(bytes)) last = head;
  return last;
}

function viewOf(bytes: Uint8Array, start: number): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
}

function setInt64(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  view.setInt32(at, high);
  view.setUint32(at + 4, value - high * 0x1_0000_0000);
}

function int16At(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) >> 16) | (bytes[at + 1] as number);
}

function int32At(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

function int64At(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at) * 0x1_0000_0000 + (int32At(bytes, at + 4) >>> 0);
}
