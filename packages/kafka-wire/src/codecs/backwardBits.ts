import { corrupt } from './boundedOutput.ts';

/** Bits that are read from the end of a zstd stream to its beginning; the last byte's highest bit only marks the end. */
export class BackwardBits {
  private readonly bytes: Uint8Array;
  /** How many bits are left: below 0 when more were read than there were, of which those were zeros. */
  left: number;

  constructor(bytes: Uint8Array) {
    const last = bytes[bytes.length - 1] ?? 0;
    if (last === 0) throw corrupt('zstd');
    this.bytes = bytes;
    this.left = bytes.length * 8 - (Math.clz32(last) - 24) - 1;
  }

  read(count: number): number {
    const value = this.peek(count);
    this.left -= count;
    return value;
  }

  /** @param count at most 31; before the beginning stand zeros */
  peek(count: number): number {
    const from = this.left - count;
    if (from >= 0) return this.bitsFrom(from, count);
    return this.left <= 0 ? 0 : this.bitsFrom(0, this.left) * 2 ** -from;
  }

  private bitsFrom(from: number, count: number): number {
    const shift = from & 7;
    let at = from >> 3;
    let value = 0;
    let scale = 1;
    for (let held = -shift; held < count; held += 8) {
      value += (this.bytes[at++] as number) * scale;
      scale *= 256;
    }
    return Math.floor(value / 2 ** shift) % 2 ** count;
  }
}
