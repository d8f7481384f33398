const chunkBytesDefault = 64 << 10;

/** How large the chunks are, and where they come from. */
export interface ChunkedMemoryOptions {
  readonly chunkBytes?: number;
  /** Makes memory, whatever it holds: a platform may have some that it need not clear first. */
  readonly allocate?: (length: number) => Uint8Array;
}

/**
 * Memory for short-lived bytes, taken from larger chunks one behind the other: a small array of its own costs more than
 * what is in it. What was taken keeps its chunk alive, so what is to stay for long is copied once more.
 */
export class ChunkedMemory {
  private readonly chunkBytes: number;
  /** More than this gets memory of its own: what is left of a chunk is lost, and should be little. */
  private readonly sharedBytesMax: number;
  private readonly allocate: (length: number) => Uint8Array;
  private chunk: Uint8Array = new Uint8Array(0);
  private at = 0;

  constructor({ chunkBytes = chunkBytesDefault, allocate = cleared }: ChunkedMemoryOptions = {}) {
    this.chunkBytes = chunkBytes;
    this.sharedBytesMax = chunkBytes >> 2;
    this.allocate = allocate;
  }

  /** @returns so many bytes, whatever they hold, that nobody else is given */
  take(length: number): Uint8Array {
    if (length > this.sharedBytesMax) return this.allocate(length);
    if (this.at + length > this.chunk.length) {
      this.chunk = this.allocate(this.chunkBytes);
      this.at = 0;
    }
    const begin = this.at;
    this.at += length;
    return this.chunk.subarray(begin, this.at);
  }

  copy(bytes: Uint8Array): Uint8Array {
    const copy = this.take(bytes.length);
    copy.set(bytes);
    return copy;
  }
}

function cleared(length: number): Uint8Array {
  return new Uint8Array(length);
}
