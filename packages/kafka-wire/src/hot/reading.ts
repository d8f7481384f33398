import { type ByteReader } from '@zookafka/base';
import { uuidText } from '../uuidText.ts';
import { badLength, textBytesMax, unexpectedNull } from '../wireError.ts';

/** A string that is never null. */
export function readText(reader: ByteReader, isCompact: boolean, field: string): string {
  const length = isCompact ? reader.uvarint() - 1 : reader.int16();
  if (length === -1) throw unexpectedNull(field, 'read');
  if (length < 0 || length > textBytesMax || length > reader.remaining) {
    throw badLength(field, length);
  }
  return reader.utf8(length);
}

/** A string, or null. */
export function readTextOrNull(
  reader: ByteReader,
  isCompact: boolean,
  field: string,
): string | null {
  const length = isCompact ? reader.uvarint() - 1 : reader.int16();
  if (length === -1) return null;
  if (length < 0 || length > textBytesMax || length > reader.remaining) {
    throw badLength(field, length);
  }
  return reader.utf8(length);
}

/** A topic's id as text. */
export function readUuid(reader: ByteReader): string {
  const at = reader.offset;
  reader.skip(16);
  return uuidText(reader.bytes, at);
}

/** How many items an array has; one that is null is refused. Each item takes at least a byte. */
export function readCount(reader: ByteReader, isCompact: boolean, field: string): number {
  const count = isCompact ? reader.uvarint() - 1 : reader.int32();
  if (count === -1) throw unexpectedNull(field, 'read');
  if (count < 0 || count > reader.remaining) throw badLength(field, count);
  return count;
}

/** How many items an array has, or how many bytes follow: -1 for null. */
export function readLengthOrNull(reader: ByteReader, isCompact: boolean, field: string): number {
  const length = isCompact ? reader.uvarint() - 1 : reader.int32();
  if (length < -1 || length > reader.remaining) throw badLength(field, length);
  return length;
}

/** Bytes, or null: a view of the frame. */
export function readBytesOrNull(
  reader: ByteReader,
  isCompact: boolean,
  field: string,
): Uint8Array | null {
  const length = readLengthOrNull(reader, isCompact, field);
  return length === -1 ? null : reader.view(length);
}

/** Passes over the tagged fields of a struct that knows none. */
export function skipTags(reader: ByteReader): void {
  const count = reader.uvarint();
  for (let index = 0; index < count; index++) skipTag(reader, reader.uvarint());
}

/** Passes over one tagged field, after its tag. */
export function skipTag(reader: ByteReader, tag: number): void {
  reader.skip(readTagSize(reader, `tag ${tag}`));
}

/**
 * Reads one tagged field, after its tag; what a later version added to it is passed over.
 *
 * @param read must not pass the end that the field itself names
 */
export function readTag<Value>(
  reader: ByteReader,
  field: string,
  read: (reader: ByteReader) => Value,
): Value {
  const size = readTagSize(reader, field);
  const end = reader.offset + size;
  const value = read(reader);
  if (reader.offset > end) throw badLength(field, size);
  reader.skip(end - reader.offset);
  return value;
}

function readTagSize(reader: ByteReader, field: string): number {
  const size = reader.uvarint();
  if (size > reader.remaining) throw badLength(field, size);
  return size;
}
