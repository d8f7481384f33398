import { CodedError } from '@zookafka/base';

/** A stream that holds no frames. */
export class FrameError extends CodedError<{
  readonly code: 'BAD_SIZE';
  readonly size: number;
  readonly sizeMax: number;
}> {
  override readonly name = 'FrameError';
}

/** Where frames are put together. */
export interface FrameMemory {
  take(length: number): Uint8Array;
  /** Nothing of what was taken is looked at any more. */
  giveBack(taken: Uint8Array): void;
}

const lengthBytes = 4;

/** @returns the length that stands before a frame */
export function sizeIn(bytes: Uint8Array): number {
  return (
    ((bytes[0] as number) << 24) |
    ((bytes[1] as number) << 16) |
    ((bytes[2] as number) << 8) |
    (bytes[3] as number)
  );
}

/** So much is taken on the word of a length; memory for more grows with what has come. */
const trustedBytesMax = 64 << 10;

/**
 * Cuts a stream into frames: a length of four bytes, then so many. What comes is copied once, to where its frame is put
 * together, so the caller may read into the same memory again.
 */
export class FrameCutter {
  private readonly sizeMax: number;
  private readonly memory: FrameMemory;
  private readonly ready: Uint8Array[] = [];
  private readonly length = new Uint8Array(lengthBytes);
  private lengthFilled = 0;
  /** Of the frame that comes, or -1 while its length is not known. */
  private size = -1;
  private frame: Uint8Array = new Uint8Array(0);
  private filled = 0;
  private readyBytes = 0;
  /** Thrown once the frames before it are taken: nothing that follows means anything. */
  private error: FrameError | undefined;

  constructor(sizeMax: number, memory: FrameMemory) {
    this.sizeMax = sizeMax;
    this.memory = memory;
  }

  /** Bytes that came and were in no frame that was taken. */
  get bytesHeld(): number {
    return this.readyBytes + this.filled + (this.size === -1 ? this.lengthFilled : 0);
  }

  /** @param piece what came: valid during the call only */
  push(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length && this.error === undefined) {
      at = this.size === -1 ? this.fillLength(piece, at) : this.fillFrame(piece, at);
      if (this.size !== -1 && this.filled === this.size) this.finish();
    }
  }

  /**
   * @returns the next frame, without its length, or undefined until more comes
   * @throws {FrameError} when a length is negative or too large
   */
  next(): Uint8Array | undefined {
    const frame = this.ready.shift();
    if (frame === undefined && this.error !== undefined) throw this.error;
    this.readyBytes -= frame?.length ?? 0;
    return frame;
  }

  private fillLength(piece: Uint8Array, from: number): number {
    let at = from;
    while (at < piece.length && this.lengthFilled < lengthBytes) {
      this.length[this.lengthFilled++] = piece[at++] as number;
    }
    if (this.lengthFilled === lengthBytes) this.begin();
    return at;
  }

  private begin(): void {
    this.lengthFilled = 0;
    const { sizeMax } = this;
    const size = sizeIn(this.length);
    if (size < 0 || size > sizeMax) {
      this.error = new FrameError(
        { code: 'BAD_SIZE', size, sizeMax },
        `Cannot read a frame: its length is ${size}, at most ${sizeMax} is taken`,
      );
      return;
    }
    this.size = size;
    this.filled = 0;
    this.frame = this.memory.take(Math.min(size, trustedBytesMax));
  }

  private fillFrame(piece: Uint8Array, from: number): number {
    const end = Math.min(piece.length, from + this.size - this.filled);
    const part = from === 0 && end === piece.length ? piece : piece.subarray(from, end);
    this.makeRoom(this.filled + part.length);
    this.frame.set(part, this.filled);
    this.filled += part.length;
    return end;
  }

  private makeRoom(bytes: number): void {
    if (bytes <= this.frame.length) return;
    const grown = this.memory.take(Math.min(this.size, Math.max(bytes, this.frame.length * 2)));
    grown.set(this.frame.subarray(0, this.filled));
    this.memory.giveBack(this.frame);
    this.frame = grown;
  }

  private finish(): void {
    this.ready.push(this.frame);
    this.readyBytes += this.size;
    this.frame = new Uint8Array(0);
    this.filled = 0;
    this.size = -1;
  }
}
