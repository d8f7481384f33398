const chunkBytes = 512 << 10;
/** More than this gets memory of its own: what is left of a chunk is lost, and should be little. */
const sharedBytesMax = chunkBytes >> 2;

/** Memory for what came, taken from large chunks one behind the other, so that little of it is made and collected. */
export class ChunkedMemory {
  private chunk = new Uint8Array(0);
  private at = 0;

  /** @returns so many bytes, whatever they hold, in a chunk that others keep alive too */
  take(length: number): Uint8Array {
    if (length > sharedBytesMax) return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    if (this.at + length > this.chunk.length) {
      this.chunk = new Uint8Array(Buffer.allocUnsafeSlow(chunkBytes).buffer);
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
