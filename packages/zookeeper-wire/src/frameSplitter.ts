import { assert } from '@zookafka/base';
import { juteMaxBufferDefault } from './constants.ts';
import { JuteError } from './jute.ts';

const headBytes = 4;
const partialBytesMin = 1024;

/**
 * Cuts a stream of bytes into frames: a length of four bytes, then as many bytes.
 *
 * A frame that lies in one chunk is given as a view of it; one that is spread is put together in an array of its own,
 * which grows with what has come, not with what was announced.
 */
export class FrameSplitter {
  /** The longest frame that is taken. */
  readonly lengthMax: number;
  private readonly head = new Uint8Array(headBytes);
  private headCount = 0;
  /** The length of the frame that has begun, or -1 while its head is not complete. */
  private length = -1;
  private partial = new Uint8Array(0);
  private partialCount = 0;

  constructor(lengthMax = juteMaxBufferDefault) {
    assert(lengthMax > 0, 'A frame holds something', { lengthMax });
    this.lengthMax = lengthMax;
  }

  /** How many bytes of an unfinished frame are kept. */
  get pendingBytes(): number {
    return this.headCount + this.partialCount;
  }

  /**
   * @param chunk what came; views of it are given out, so it must not be overwritten while they are used
   * @param frames where complete frames are pushed, without their lengths
   * @throws {JuteError} FRAME_TOO_LONG, after the frames before it were pushed; the stream is of no use then
   */
  push(chunk: Uint8Array, frames: Uint8Array[]): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.length === -1) at = this.takeHead(chunk, at);
      if (this.length === -1) return;
      at = this.takeBody(chunk, at, frames);
    }
  }

  private takeHead(chunk: Uint8Array, start: number): number {
    if (this.headCount === 0 && start + headBytes <= chunk.length) {
      this.headCount = headBytes;
      this.takeLength(chunk, start);
      return start + headBytes;
    }
    let at = start;
    while (this.headCount < headBytes && at < chunk.length) {
      this.head[this.headCount++] = chunk[at++] as number;
    }
    if (this.headCount === headBytes) this.takeLength(this.head, 0);
    return at;
  }

  private takeLength(bytes: Uint8Array, at: number): void {
    const length =
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number);
    if (length < 0 || length > this.lengthMax) {
      throw new JuteError(
        { code: 'FRAME_TOO_LONG', length, lengthMax: this.lengthMax },
        `Cannot read a frame: its length is ${length}, at most ${this.lengthMax} is taken`,
      );
    }
    this.length = length;
  }

  private takeBody(chunk: Uint8Array, start: number, frames: Uint8Array[]): number {
    const end = start + this.length - this.partialCount;
    if (end > chunk.length) {
      this.keep(chunk.subarray(start));
      return chunk.length;
    }
    if (this.partialCount === 0) frames.push(chunk.subarray(start, end));
    else {
      this.keep(chunk.subarray(start, end));
      frames.push(this.partial.subarray(0, this.length));
      this.partial = new Uint8Array(0);
      this.partialCount = 0;
    }
    this.length = -1;
    this.headCount = 0;
    return end;
  }

  private keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const needed = this.partialCount + bytes.length;
    if (needed > this.partial.length) {
      const capacity = Math.max(needed, this.partial.length * 2, partialBytesMin);
      const grown = new Uint8Array(Math.min(capacity, this.length));
      grown.set(this.partial.subarray(0, this.partialCount));
      this.partial = grown;
    }
    this.partial.set(bytes, this.partialCount);
    this.partialCount = needed;
  }
}
