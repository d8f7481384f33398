import { CodedError } from './errors.ts';
import { utf8Decode } from './utf8.ts';

/** Why bytes could not be read. */
export type BytesRefusal =
  | { readonly code: 'TRUNCATED'; readonly offset: number; readonly needed: number }
  | { readonly code: 'VARINT_TOO_LONG'; readonly offset: number };

/** Bytes that end too early or hold a number of too many bytes. */
export class BytesError extends CodedError<BytesRefusal> {
  override readonly name = 'BytesError';
}

const two32 = 0x1_0000_0000;

/**
 * Reads big-endian numbers from a part of a byte array. Every read checks the end first, so no length that a
 * peer sent is believed beyond the bytes that are there.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  offset: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  uint8(): number {
    return this.bytes[this.take(1)] as number;
  }

  int8(): number {
    return (this.uint8() << 24) >> 24;
  }

  int16(): number {
    const at = this.take(2);
    return (((this.bytes[at] as number) << 24) >> 16) | (this.bytes[at + 1] as number);
  }

  uint16(): number {
    return this.int16() & 0xffff;
  }

  int32(): number {
    const bytes = this.bytes;
    const at = this.take(4);
    return (
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)
    );
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  /** A long as a number: exact while it is a safe integer, else rounded; the rule that uses it refuses it. */
  int64(): number {
    const high = this.int32();
    return high * two32 + this.uint32();
  }

  float64(): number {
    const at = this.take(8);
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + at, 8).getFloat64(0);
  }

  /** An unsigned varint of at most 5 bytes. */
  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.uint8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new BytesError(
      { code: 'VARINT_TOO_LONG', offset: this.offset },
      'Cannot read a varint: over 5 bytes',
    );
  }

  /** A zig-zag varint of at most 5 bytes. */
  varint(): number {
    const raw = this.uvarint();
    return (raw >>> 1) ^ -(raw & 1);
  }

  /** A zig-zag varint of at most 10 bytes; exact while it is a safe integer. */
  varlong(): number {
    let low = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      const byte = this.uint8();
      low += (byte & 0x7f) * scale;
      if (byte < 0x80) return low % 2 === 0 ? low / 2 : -(low + 1) / 2;
      scale *= 128;
    }
    throw new BytesError(
      { code: 'VARINT_TOO_LONG', offset: this.offset },
      'Cannot read a varlong: over 10 bytes',
    );
  }

  /** A view of the next `length` bytes: not a copy. */
  view(length: number): Uint8Array {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  utf8(length: number): string {
    const at = this.take(length);
    return utf8Decode(this.bytes, at, at + length);
  }

  skip(length: number): void {
    this.take(length);
  }

  private take(length: number): number {
    const at = this.offset;
    if (length < 0 || at + length > this.end) {
      throw new BytesError(
        { code: 'TRUNCATED', offset: at, needed: length },
        `Cannot read ${length} bytes at ${at}: ${this.end - at} are left`,
      );
    }
    this.offset = at + length;
    return at;
  }
}
