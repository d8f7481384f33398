import { FrameError, sizeIn } from './frameCutter.ts';

const lengthBytes = 4;
/** The least that a buffer is made of, so that frames of all sizes fit the same ones. */
const bufferBytesMin = 64 << 10;
/** A larger buffer is not kept: it was for one large batch. */
const bufferBytesKept = 16 << 20;
const bufferCountMax = 4;

/**
 * Joins a stream into frames, in buffers that are used again after `recycle`: what flows through at the rate of
 * replication leaves nothing to collect.
 */
export class ReusedFrames {
  private readonly sizeMax: number;
  private readonly length = new Uint8Array(lengthBytes);
  private lengthFilled = 0;
  private frame: Uint8Array | undefined;
  private filled = 0;
  private readonly free: ArrayBuffer[] = [];
  private inUse: ArrayBuffer[] = [];

  constructor(sizeMax: number) {
    this.sizeMax = sizeMax;
  }

  /**
   * @param onFrame given each whole frame, valid until `recycle`
   * @throws {FrameError} when a length is negative or too large
   */
  push(bytes: Uint8Array, onFrame: (frame: Uint8Array) => void): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.frame === undefined) {
        at += this.fillLength(bytes, at);
        if (this.lengthFilled < lengthBytes) return;
        this.frame = this.begin();
      }
      const { frame } = this;
      const part = bytes.subarray(at, at + frame.length - this.filled);
      frame.set(part, this.filled);
      this.filled += part.length;
      at += part.length;
      if (this.filled < frame.length) return;
      this.frame = undefined;
      onFrame(frame);
    }
  }

  /** All frames that were given are done with. */
  recycle(): void {
    if (this.inUse.length === 0) return;
    const current = this.frame?.buffer;
    const kept: ArrayBuffer[] = [];
    for (const buffer of this.inUse) {
      if (buffer === current) kept.push(buffer);
      else if (buffer.byteLength <= bufferBytesKept && this.free.length < bufferCountMax) {
        this.free.push(buffer);
      }
    }
    this.inUse = kept;
  }

  private fillLength(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && this.lengthFilled < lengthBytes) {
      this.length[this.lengthFilled++] = bytes[at++] as number;
    }
    return at - from;
  }

  private begin(): Uint8Array {
    const size = sizeIn(this.length);
    if (size < 0 || size > this.sizeMax) {
      throw new FrameError(
        { code: 'BAD_SIZE', size, sizeMax: this.sizeMax },
        `Cannot read a frame: its length is ${size}, at most ${this.sizeMax} is taken`,
      );
    }
    this.lengthFilled = 0;
    this.filled = 0;
    const buffer = this.takeBuffer(size);
    this.inUse.push(buffer);
    return new Uint8Array(buffer, 0, size);
  }

  private takeBuffer(size: number): ArrayBuffer {
    const index = this.free.findIndex(({ byteLength }) => byteLength >= size);
    if (index !== -1) return this.free.splice(index, 1)[0] as ArrayBuffer;
    this.free.shift();
    let bytes = bufferBytesMin;
    while (bytes < size) bytes *= 2;
    return new ArrayBuffer(bytes);
  }
}
