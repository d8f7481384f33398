import { receivedMemory } from '@zookafka/runtime';

const chunkBytes = 512 << 10;
/** A smaller request costs less in memory that is collected. */
const pooledBytesMin = 8 << 10;
/** A larger one has memory of its own: what is left of a chunk is lost, and should be little. */
const pooledBytesMax = chunkBytes >> 2;
/** So many chunks at most wait to be used again; those that are referred to are bounded by who refers to them. */
const freeCountMax = 32;

/** Some memory that several refer to. */
interface Chunk {
  readonly bytes: Uint8Array;
  /** How many refer to it: at 0 it is used again. */
  holds: number;
}

/**
 * Memory that requests are put together in: chunks that are used again once nobody refers to them, so that records which
 * flow through a leader neither fault in fresh pages nor make V8 mark the heap.
 *
 *     take ─▶ request ─▶ the turn that steps it ─▶ giveBack
 *                 └─▶ tail cache: hold ─▶ … ─▶ letGo
 *                          └─▶ a read: lend ─▶ answer ─▶ it has left: giveBack
 *
 * What is never given back (of a request that was not understood, of a connection that broke) keeps its chunk out of use
 * for ever: that is collected as any memory is. So only giving back too early could do harm, and who was lent a view gives
 * back that very view, once.
 */
export class RequestMemory {
  private readonly small = receivedMemory();
  private readonly chunks = new WeakMap<ArrayBufferLike, Chunk>();
  private readonly lent = new WeakSet<Uint8Array>();
  private readonly free: Chunk[] = [];
  private current: Chunk | undefined;
  private at = 0;

  /** How many chunks wait to be used again. */
  get freeCount(): number {
    return this.free.length;
  }

  /** @returns so many bytes, whatever they hold, lent until they are given back */
  take(length: number): Uint8Array {
    if (length < pooledBytesMin || length > pooledBytesMax) return this.small.take(length);
    const chunk = this.chunkFor(length);
    const begin = this.at;
    this.at += length;
    return this.lendOf(chunk, chunk.bytes.subarray(begin, this.at));
  }

  /** @returns what refers to the same bytes, lent until it is given back; the same view when they are nobody's chunk */
  lend(view: Uint8Array): Uint8Array {
    const chunk = this.chunkOf(view.buffer);
    if (chunk === undefined) return view;
    return this.lendOf(chunk, new Uint8Array(view.buffer, view.byteOffset, view.length));
  }

  isLent(view: Uint8Array): boolean {
    return this.lent.has(view);
  }

  /** Nobody looks at this view any more, nor at a part of it. What was not lent is left alone. */
  giveBack(view: Uint8Array): void {
    if (this.lent.delete(view)) this.letGo(view.buffer);
  }

  /** Somebody keeps views of this buffer, whatever they are. */
  hold(buffer: ArrayBufferLike): void {
    const chunk = this.chunkOf(buffer);
    if (chunk !== undefined) chunk.holds++;
  }

  /** The end of one `hold`. */
  letGo(buffer: ArrayBufferLike): void {
    const chunk = this.chunkOf(buffer);
    if (chunk === undefined || --chunk.holds > 0) return;
    if (this.free.length < freeCountMax) this.free.push(chunk);
  }

  private chunkOf(buffer: ArrayBufferLike): Chunk | undefined {
    return buffer.byteLength === chunkBytes ? this.chunks.get(buffer) : undefined;
  }

  private lendOf(chunk: Chunk, view: Uint8Array): Uint8Array {
    chunk.holds++;
    this.lent.add(view);
    return view;
  }

  /** The chunk that is filled is held for as long. */
  private chunkFor(length: number): Chunk {
    const { current } = this;
    if (current !== undefined && this.at + length <= chunkBytes) return current;
    const next = this.free.pop() ?? this.makeChunk();
    next.holds++;
    this.current = next;
    this.at = 0;
    if (current !== undefined) this.letGo(current.bytes.buffer);
    return next;
  }

  private makeChunk(): Chunk {
    const { buffer } = Buffer.allocUnsafeSlow(chunkBytes);
    const chunk = { bytes: new Uint8Array(buffer), holds: 0 };
    this.chunks.set(buffer, chunk);
    return chunk;
  }
}
