import { CodedError } from '@zookafka/base';

/** A stream that holds no frames. */
export class FrameError extends CodedError<{
  readonly code: 'BAD_SIZE';
  readonly size: number;
  readonly sizeMax: number;
}> {
  override readonly name = 'FrameError';
}

const lengthBytes = 4;

/**
 * Cuts a stream into frames: a length of four bytes, then so many. A frame that came in one piece is given as a view of
 * it; one in several is joined once, when it is whole, so a lie about a length takes no memory.
 */
export class FrameCutter {
  private readonly sizeMax: number;
  private readonly pieces: Uint8Array[] = [];
  /** Where the first piece is read from. */
  private at = 0;
  /** Bytes in all pieces from `at` on. */
  private bytes = 0;
  /** Of the frame that comes, or -1 while its length is not known. */
  private size = -1;

  constructor(sizeMax: number) {
    this.sizeMax = sizeMax;
  }

  /** Bytes that came and are in no frame yet. */
  get bytesHeld(): number {
    return this.bytes;
  }

  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.pieces.push(piece);
    this.bytes += piece.length;
  }

  /**
   * @returns the next frame, without its length, or undefined until more comes
   * @throws {FrameError} when a length is negative or too large: nothing that follows means anything
   */
  next(): Uint8Array | undefined {
    if (this.size === -1) {
      if (this.bytes < lengthBytes) return undefined;
      this.size = this.readLength();
    }
    if (this.bytes < this.size) return undefined;
    const frame = this.take(this.size);
    this.size = -1;
    return frame;
  }

  private readLength(): number {
    const bytes = this.take(lengthBytes);
    const size = new DataView(bytes.buffer, bytes.byteOffset, lengthBytes).getInt32(0);
    if (size >= 0 && size <= this.sizeMax) return size;
    throw new FrameError(
      { code: 'BAD_SIZE', size, sizeMax: this.sizeMax },
      `Cannot read a frame: its length is ${size}, at most ${this.sizeMax} is taken`,
    );
  }

  /** Takes so many bytes, which are there. */
  private take(count: number): Uint8Array {
    this.bytes -= count;
    const first = this.pieces[0];
    if (first !== undefined && first.length - this.at >= count) {
      const view = first.subarray(this.at, this.at + count);
      this.at += count;
      if (this.at === first.length) this.drop();
      return view;
    }
    const joined = new Uint8Array(Buffer.allocUnsafeSlow(count).buffer);
    for (let filled = 0; filled < count;) {
      const piece = this.pieces[0] as Uint8Array;
      const part = piece.subarray(this.at, this.at + count - filled);
      joined.set(part, filled);
      filled += part.length;
      this.at += part.length;
      if (this.at === piece.length) this.drop();
    }
    return joined;
  }

  private drop(): void {
    this.pieces.shift();
    this.at = 0;
  }
}
