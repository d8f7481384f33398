/** Below this, memory of its own costs less than the way back. */
const pooledBytesMin = 64 << 10;
/** Larger ones are for one large batch, and not kept. */
const pooledBytesMax = 8 << 20;
const freeBytesMax = 64 << 20;

/**
 * Memory for reads of logs: an answer's is used again once it has left for the client. What nobody gives back is
 * collected as any memory is.
 *
 * A read has its memory alone, and is part of one answer at most: so an answer that left frees it.
 */
export class ReadBuffers {
  /** By size: a power of two. */
  private readonly free = new Map<number, ArrayBufferLike[]>();
  private freeBytes = 0;
  private readonly lent = new WeakSet<ArrayBufferLike>();

  /** @returns memory of that size, whatever it holds */
  take(bytes: number): Uint8Array {
    if (bytes < pooledBytesMin || bytes > pooledBytesMax) return Buffer.allocUnsafeSlow(bytes);
    const size = 2 ** Math.ceil(Math.log2(bytes));
    const buffer = this.free.get(size)?.pop();
    if (buffer !== undefined) this.freeBytes -= size;
    const taken = buffer ?? Buffer.allocUnsafeSlow(size).buffer;
    this.lent.add(taken);
    return new Uint8Array(taken, 0, bytes);
  }

  isLent(buffer: ArrayBufferLike): boolean {
    return buffer.byteLength >= pooledBytesMin && this.lent.has(buffer);
  }

  /** Nobody looks at it any more. */
  giveBack(buffer: ArrayBufferLike): void {
    if (!this.lent.delete(buffer)) return;
    const size = buffer.byteLength;
    if (this.freeBytes + size > freeBytesMax) return;
    this.freeBytes += size;
    const free = this.free.get(size);
    if (free === undefined) this.free.set(size, [buffer]);
    else free.push(buffer);
  }
}
