import { LogError } from './logError.ts';

/** The bytes of a record batch before its records. Source: Apache Kafka, record batch format 2. */
export const batchHeaderBytes = 61;
/** Offset and length, which the length does not count. */
const lengthOverhead = 12;
const checksummedFrom = 21;
const two32 = 0x1_0000_0000;

/** A checksum of `bytes` from `start` to `end`: CRC-32C, portable or native. */
export type Checksum = (bytes: Uint8Array, start: number, end: number) => number;

/** @returns four bytes at `at` as a signed integer */
export function int32At(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

/** @returns eight bytes at `at` as a number: exact while it is a safe integer */
export function int64At(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at) * two32 + (int32At(bytes, at + 4) >>> 0);
}

/** Overwrites four bytes at `at`. */
export function putInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Overwrites eight bytes at `at` with a safe integer. */
export function putInt64(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / two32);
  putInt32(bytes, at, high);
  putInt32(bytes, at + 4, value - high * two32);
}

/** Where the fields of the batch at `at` are; each costs a few loads and allocates nothing. */
export const batch = {
  baseOffset: (bytes: Uint8Array, at: number): number => int64At(bytes, at),
  /** The whole batch, in bytes. */
  size: (bytes: Uint8Array, at: number): number => int32At(bytes, at + 8) + lengthOverhead,
  leaderEpoch: (bytes: Uint8Array, at: number): number => int32At(bytes, at + 12),
  attributes: (bytes: Uint8Array, at: number): number =>
    ((bytes[at + 21] as number) << 8) | (bytes[at + 22] as number),
  lastOffset: (bytes: Uint8Array, at: number): number =>
    int64At(bytes, at) + int32At(bytes, at + 23),
  lastOffsetDelta: (bytes: Uint8Array, at: number): number => int32At(bytes, at + 23),
  baseTimestamp: (bytes: Uint8Array, at: number): number => int64At(bytes, at + 27),
  maxTimestamp: (bytes: Uint8Array, at: number): number => int64At(bytes, at + 35),
  producerId: (bytes: Uint8Array, at: number): number => int64At(bytes, at + 43),
  producerEpoch: (bytes: Uint8Array, at: number): number =>
    (((bytes[at + 51] as number) << 24) >> 16) | (bytes[at + 52] as number),
  baseSequence: (bytes: Uint8Array, at: number): number => int32At(bytes, at + 53),
} as const;

/** Bits of a batch's attributes. */
export const attribute = {
  compression: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
} as const;

/**
 * Looks at the header of the batch at `at` only.
 *
 * @param end where the bytes that may belong to the batch end
 * @returns what is wrong, or undefined
 */
export function batchHeaderFault(bytes: Uint8Array, at: number, end: number): string | undefined {
  if (end - at < batchHeaderBytes) return 'it ends inside a header';
  const size = batch.size(bytes, at);
  if (size < batchHeaderBytes) return 'its length is too small';
  if (bytes[at + 16] !== 2) return 'its format is not 2';
  if (batch.lastOffsetDelta(bytes, at) < 0) return 'its last offset is before its first';
  const baseOffset = batch.baseOffset(bytes, at);
  if (baseOffset < 0 || !Number.isSafeInteger(baseOffset)) return 'its offset is out of range';
  if (size > end - at) return 'it ends early';
  return undefined;
}

/** @returns what is wrong with the whole batch at `at`, its checksum included, or undefined */
export function batchFault(
  { bytes, at, end }: { readonly bytes: Uint8Array; readonly at: number; readonly end: number },
  checksum: Checksum,
): string | undefined {
  const fault = batchHeaderFault(bytes, at, end);
  if (fault !== undefined) return fault;
  const crc = int32At(bytes, at + 17) >>> 0;
  const found = checksum(bytes, at + checksummedFrom, at + batch.size(bytes, at)) >>> 0;
  return crc === found ? undefined : 'its checksum does not match';
}

/** @returns the error for bytes that are no batch */
export function batchBroken(position: number, fact: string): LogError {
  return new LogError(
    { code: 'BATCH_BROKEN', position },
    `Cannot use the record batch at ${position}: ${fact}`,
  );
}

/** What a chunk of batches covers. */
export interface BatchSpan {
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** Milliseconds of wall time, or -1. */
  readonly maxTimestamp: number;
}

/**
 * Gives the batches in `chunk` their offsets and the leader's epoch, in place: neither is under the checksum.
 *
 * @throws {LogError} BATCH_BROKEN when the chunk is not a sequence of whole batches
 */
export function assignOffsets(
  chunk: Uint8Array,
  { offsetNext, leaderEpoch }: { readonly offsetNext: number; readonly leaderEpoch: number },
): BatchSpan {
  let next = offsetNext;
  let maxTimestamp = -1;
  for (let at = 0; at < chunk.length; at += batch.size(chunk, at)) {
    const fault = batchHeaderFault(chunk, at, chunk.length);
    if (fault !== undefined) throw batchBroken(at, fault);
    putInt64(chunk, at, next);
    putInt32(chunk, at + 12, leaderEpoch);
    next += batch.lastOffsetDelta(chunk, at) + 1;
    maxTimestamp = Math.max(maxTimestamp, batch.maxTimestamp(chunk, at));
  }
  return { firstOffset: offsetNext, lastOffset: next - 1, maxTimestamp };
}

/** @returns how many leading bytes of a fetched chunk are whole batches: its last one may be cut */
export function wholeBatchBytes(chunk: Uint8Array): number {
  let at = 0;
  while (chunk.length - at >= lengthOverhead) {
    const size = batch.size(chunk, at);
    if (size < batchHeaderBytes || size > chunk.length - at) break;
    at += size;
  }
  return at;
}
