/** What one piece of memory holds before the next is begun. */
const chunkBytes = 64 << 10;
/** More than this gets memory of its own. */
const sharedBytesMax = chunkBytes >> 3;

/**
 * Copies of short-lived bytes, laid one behind the other in larger pieces: a small array of its own costs more than what
 * is in it. A copy keeps its piece alive, so what is to stay for long is copied once more.
 */
export class ByteArena {
  private chunk = new Uint8Array(0);
  private at = 0;

  /** @returns a copy of `bytes` */
  copy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length > sharedBytesMax) return bytes.slice();
    if (this.at + length > this.chunk.length) {
      this.chunk = new Uint8Array(chunkBytes);
      this.at = 0;
    }
    const start = this.at;
    this.at += length;
    const copy = this.chunk.subarray(start, this.at);
    copy.set(bytes);
    return copy;
  }
}
