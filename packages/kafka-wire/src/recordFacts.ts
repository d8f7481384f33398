import { ByteReader, BytesError } from '@zookafka/base';

/** What a leader wants to know of the records in a batch, found without making an object of any. */
export interface RecordFacts {
  readonly count: number;
  /** Whether the offsets go 0, 1, 2… */
  readonly isSequential: boolean;
  readonly hasNullKey: boolean;
}

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
  const reader = new ByteReader(bytes, start, end);
  let count = 0;
  let isSequential = true;
  let hasNullKey = false;
  try {
    for (; reader.offset < end; count++) {
      const recordEnd = reader.varint() + reader.offset;
      reader.skip(1);
      reader.varlong();
      if (reader.varint() !== count) isSequential = false;
      if (skipBytes(reader) === -1) hasNullKey = true;
      skipBytes(reader);
      if (!skipHeaders(reader) || reader.offset !== recordEnd) return undefined;
    }
  } catch (error) {
    if (error instanceof BytesError) return undefined;
    throw error;
  }
  return { count, isSequential, hasNullKey };
}

/** @returns whether there are as many as are said, each with a name */
function skipHeaders(reader: ByteReader): boolean {
  const count = reader.varint();
  for (let index = 0; index < count; index++) {
    if (skipBytes(reader) === -1) return false;
    skipBytes(reader);
  }
  return count >= 0;
}

/** @returns the length, or -1 for null */
function skipBytes(reader: ByteReader): number {
  const length = reader.varint();
  // A length below -1 is refused by the reader.
  if (length !== -1) reader.skip(length);
  return length;
}
