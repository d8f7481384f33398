import { type ByteReader, type ByteWriter, CodedError } from '@zookafka/base';

/** Why bytes are no message of this protocol. `field` is the record and field that could not be read. */
export type JuteRefusal =
  | { readonly code: 'TRUNCATED'; readonly field: string; readonly needed: number }
  | { readonly code: 'BAD_LENGTH'; readonly field: string; readonly length: number }
  | { readonly code: 'BAD_VALUE'; readonly field: string; readonly value: number }
  | { readonly code: 'FRAME_TOO_LONG'; readonly length: number; readonly lengthMax: number };

/** Bytes that are no message of this protocol. */
export class JuteError extends CodedError<JuteRefusal> {
  override readonly name = 'JuteError';
}

/** @throws {JuteError} TRUNCATED when fewer than `needed` bytes are left */
export function need(reader: ByteReader, needed: number, field: string): void {
  if (reader.remaining >= needed) return;
  throw new JuteError(
    { code: 'TRUNCATED', field, needed },
    `Cannot read ${field}: ${needed} bytes are needed, ${reader.remaining} are left`,
  );
}

/**
 * Reads a length or count, of which each needs at least `itemBytesMin` of the bytes that are left.
 *
 * @returns the length, or -1 for null
 * @throws {JuteError} TRUNCATED or BAD_LENGTH
 */
export function readLength(reader: ByteReader, itemBytesMin: number, field: string): number {
  need(reader, 4, field);
  const length = reader.int32();
  if (length < -1) {
    throw new JuteError(
      { code: 'BAD_LENGTH', field, length },
      `Cannot read ${field}: its length is ${length}`,
    );
  }
  if (length > 0) need(reader, length * itemBytesMin, field);
  return length;
}

/** Writes a string with its length; null has length -1. */
export function writeUstring(writer: ByteWriter, text: string | null): void {
  if (text === null) {
    writer.int32(-1);
    return;
  }
  const at = writer.skip(4);
  writer.patchInt32(at, writer.utf8(text));
}

/** Writes bytes with their length; null has length -1. */
export function writeBuffer(writer: ByteWriter, bytes: Uint8Array | null): void {
  if (bytes === null) {
    writer.int32(-1);
    return;
  }
  writer.int32(bytes.length);
  writer.raw(bytes);
}

/** Leaves room for a frame's length. @returns what `endFrame` needs */
export function beginFrame(writer: ByteWriter): number {
  return writer.skip(4);
}

/** Fills in the length of the frame that `beginFrame` began. */
export function endFrame(writer: ByteWriter, start: number): void {
  writer.patchInt32(start, writer.length - start - 4);
}
