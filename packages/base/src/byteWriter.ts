import { assert } from './assert.ts';
import { utf8Length, utf8Write } from './utf8.ts';

const two32 = 0x1_0000_0000;

/** Writes big-endian numbers into a byte array that grows. */
export class ByteWriter {
  private bytes: Uint8Array;
  private at = 0;
  /** The last view: asked for again as often as messages of one length follow each other. */
  private shown: Uint8Array | undefined;

  /** @param memory how many bytes to begin with, or the bytes themselves */
  constructor(memory: number | Uint8Array = 256) {
    this.bytes = typeof memory === 'number' ? new Uint8Array(memory) : memory;
  }

  /** How many bytes were written. */
  get length(): number {
    return this.at;
  }

  /** Forgets what was written; bytes that `finish` gave out stay valid only when it copied them. */
  reset(): void {
    this.at = 0;
  }

  /** A view of what was written: valid until the next `reset` or write. */
  view(): Uint8Array {
    if (this.shown?.length !== this.at) this.shown = this.bytes.subarray(0, this.at);
    return this.shown;
  }

  /** Gives the bytes away and starts with an empty array of the same capacity. */
  finish(): Uint8Array {
    const done = this.bytes.subarray(0, this.at);
    this.bytes = new Uint8Array(this.bytes.length);
    this.shown = undefined;
    this.at = 0;
    return done;
  }

  /** A copy of what was written, exactly as long as it is. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.at);
  }

  uint8(value: number): void {
    this.reserve(1);
    this.bytes[this.at++] = value;
  }

  int8(value: number): void {
    this.uint8(value & 0xff);
  }

  int16(value: number): void {
    this.reserve(2);
    this.bytes[this.at++] = value >> 8;
    this.bytes[this.at++] = value;
  }

  int32(value: number): void {
    this.reserve(4);
    this.putInt32(this.at, value);
    this.at += 4;
  }

  /** A long from a safe integer. */
  int64(value: number): void {
    assert(Number.isSafeInteger(value), 'A long is written from a safe integer', { value });
    this.reserve(8);
    const high = Math.floor(value / two32);
    this.putInt32(this.at, high);
    this.putInt32(this.at + 4, value - high * two32);
    this.at += 8;
  }

  float64(value: number): void {
    this.reserve(8);
    new DataView(this.bytes.buffer, this.bytes.byteOffset + this.at, 8).setFloat64(0, value);
    this.at += 8;
  }

  /** An unsigned varint of an integer from 0 to 2^32 - 1. */
  uvarint(value: number): void {
    this.reserve(5);
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.bytes[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.at++] = rest;
  }

  /** A zig-zag varint of a 32-bit integer. */
  varint(value: number): void {
    this.uvarint((value << 1) ^ (value >> 31));
  }

  /** A zig-zag varint of a safe integer. */
  varlong(value: number): void {
    assert(Math.abs(value) < 2 ** 52, 'A varlong is written from an integer below 2^52', { value });
    this.reserve(10);
    let rest = value >= 0 ? value * 2 : -value * 2 - 1;
    while (rest >= 0x80) {
      this.bytes[this.at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.at++] = rest;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Writes `text` without a length. @returns how many bytes it took */
  utf8(text: string): number {
    // Three bytes a unit is the most that UTF-8 takes: short texts need no second walk to be measured.
    this.reserve(text.length < 256 ? text.length * 3 : utf8Length(text));
    const start = this.at;
    this.at = utf8Write(text, this.bytes, start);
    return this.at - start;
  }

  /** Leaves `count` bytes to be patched later. @returns where they are */
  skip(count: number): number {
    this.reserve(count);
    const start = this.at;
    this.bytes.fill(0, start, start + count);
    this.at += count;
    return start;
  }

  /** Overwrites four bytes that were written before. */
  patchInt32(offset: number, value: number): void {
    assert(offset >= 0 && offset + 4 <= this.at, 'A patch lies in what was written', { offset });
    this.putInt32(offset, value);
  }

  /** Overwrites two bytes that were written before. */
  patchInt16(offset: number, value: number): void {
    assert(offset >= 0 && offset + 2 <= this.at, 'A patch lies in what was written', { offset });
    this.bytes[offset] = value >> 8;
    this.bytes[offset + 1] = value;
  }

  private putInt32(offset: number, value: number): void {
    const bytes = this.bytes;
    bytes[offset] = value >>> 24;
    bytes[offset + 1] = value >>> 16;
    bytes[offset + 2] = value >>> 8;
    bytes[offset + 3] = value;
  }

  private reserve(count: number): void {
    const needed = this.at + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.at));
    this.bytes = grown;
    this.shown = undefined;
  }
}
