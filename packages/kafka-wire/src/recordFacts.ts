/** What a leader wants to know of the records in a batch, found without making an object of any. */
export interface RecordFacts {
  readonly count: number;
  /** Whether the offsets go 0, 1, 2… */
  readonly isSequential: boolean;
  readonly hasNullKey: boolean;
}

const varintBytesMax = 5;
const varlongBytesMax = 10;
const broken = -1;

/** Where the walk is, or `broken`. One walk at a time, and every record of a producer is walked over: so no object. */
let at = 0;

/**
 * Walks over records that are not compressed, or no longer.
 *
 * @returns undefined when the bytes from `start` to `end` are not whole records, one after the other
 */
export function recordFactsOf(
  bytes: Uint8Array,
  start: number,
  end: number,
): RecordFacts | undefined {
  at = start;
  let count = 0;
  let isSequential = true;
  let hasNullKey = false;
  for (; at < end; count++) {
    const length = varint(bytes);
    const recordEnd = at + length;
    if (at === broken || length < 0 || recordEnd > end) return undefined;
    // The attributes, of which none is defined.
    at++;
    skipVarlong(bytes);
    if (varint(bytes) !== count) isSequential = false;
    if (skipField(bytes, recordEnd) === -1) hasNullKey = true;
    skipField(bytes, recordEnd);
    if (!skipHeaders(bytes, recordEnd) || at !== recordEnd) return undefined;
  }
  return { count, isSequential, hasNullKey };
}

/** @returns whether there are as many as are said, each with a name */
function skipHeaders(bytes: Uint8Array, end: number): boolean {
  const count = varint(bytes);
  for (let index = 0; index < count; index++) {
    if (skipField(bytes, end) === -1 || at === broken) return false;
    skipField(bytes, end);
  }
  return count >= 0 && at !== broken;
}

/** @returns the length, or -1 for null */
function skipField(bytes: Uint8Array, end: number): number {
  const length = varint(bytes);
  if (length === -1) return -1;
  if (length < 0 || at === broken || at + length > end) at = broken;
  else at += length;
  return length;
}

/** A zigzag number of 32 bits; past the last byte there is none, and the walk is broken. */
function varint(bytes: Uint8Array): number {
  const byte = bytes[at] as number;
  if (byte < 0x80) {
    at++;
    return (byte >>> 1) ^ -(byte & 1);
  }
  return longVarint(bytes);
}

function longVarint(bytes: Uint8Array): number {
  if (at === broken) return 0;
  let value = 0;
  for (let index = 0; index < varintBytesMax; index++) {
    const byte = bytes[at++];
    if (byte === undefined) break;
    value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
  }
  at = broken;
  return 0;
}

function skipVarlong(bytes: Uint8Array): void {
  for (let index = 0; index < varlongBytesMax; index++) {
    const byte = bytes[at++];
    if (byte === undefined) break;
    if (byte < 0x80) return;
  }
  at = broken;
}
