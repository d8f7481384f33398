import { type ByteReader } from '@zookafka/base';

/** Bits from the beginning, the lowest of each byte first. Never more than what is left of one byte is held. */
export class ForwardBits {
  private readonly reader: ByteReader;
  private held = 0;
  private heldCount = 0;

  constructor(reader: ByteReader) {
    this.reader = reader;
  }

  /** @param count at most 16 */
  read(count: number): number {
    while (this.heldCount < count) {
      this.held |= this.reader.uint8() << this.heldCount;
      this.heldCount += 8;
    }
    const value = this.held & ((1 << count) - 1);
    this.held >>>= count;
    this.heldCount -= count;
    return value;
  }

  /** Drops what is left of the current byte. */
  align(): void {
    this.held = 0;
    this.heldCount = 0;
  }
}
