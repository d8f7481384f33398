import { CodecError, type CompressionKind } from '@zookafka/base';

/** The refusal of broken bytes. */
export function corrupt(kind: CompressionKind, cause?: unknown): CodecError {
  return new CodecError(
    { code: 'CORRUPT', kind },
    `Cannot decompress ${kind}: the bytes are broken`,
    cause === undefined ? undefined : { cause },
  );
}

/** What a decompressor makes: grows with what is there, never beyond `sizeMax`. */
export class BoundedOutput {
  private readonly kind: CompressionKind;
  private readonly sizeMax: number;
  private bytes: Uint8Array;
  length = 0;

  constructor(kind: CompressionKind, sizeMax: number, sizeGuess: number) {
    this.kind = kind;
    this.sizeMax = sizeMax;
    this.bytes = new Uint8Array(Math.min(sizeMax, Math.max(64, sizeGuess)));
  }

  /** A view of what was made. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }

  append(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.length);
    this.length += source.length;
  }

  /** Appends one byte many times. */
  fill(value: number, count: number): void {
    this.reserve(count);
    this.bytes.fill(value, this.length, this.length + count);
    this.length += count;
  }

  /**
   * Appends what was made `distance` bytes ago: it may reach into what it appends.
   *
   * @param from the distance reaches back no further than here
   */
  repeat(distance: number, count: number, from = 0): void {
    if (distance < 1 || distance > this.length - from) throw corrupt(this.kind);
    this.reserve(count);
    const { bytes } = this;
    let at = this.length;
    if (distance >= count) bytes.copyWithin(at, at - distance, at - distance + count);
    else for (const end = at + count; at < end; at++) bytes[at] = bytes[at - distance] as number;
    this.length += count;
  }

  private reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.sizeMax) {
      const { kind, sizeMax } = this;
      throw new CodecError(
        { code: 'TOO_LARGE', kind, sizeMax },
        `Cannot decompress ${kind}: it holds over ${sizeMax} bytes`,
      );
    }
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.min(this.sizeMax, Math.max(needed, this.bytes.length * 2)));
    grown.set(this.view());
    this.bytes = grown;
  }
}
