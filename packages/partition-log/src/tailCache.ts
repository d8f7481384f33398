import { assert } from '@zookafka/base';

/** A chunk of whole batches as it was appended. */
export interface TailChunk {
  readonly chunk: Uint8Array;
  readonly firstOffset: number;
  readonly lastOffset: number;
}

interface Entry extends TailChunk {
  /** Undefined when its log was truncated or closed. */
  owner: LogTail | undefined;
}

/** What the tail cache needs. */
export interface TailCacheOptions {
  readonly bytesMax: number;
  readonly countMax: number;
  /** It keeps views of this buffer from now on. */
  readonly onKept?: (buffer: ArrayBufferLike) => void;
  /** It keeps none any more. */
  readonly onDropped?: (buffer: ArrayBufferLike) => void;
}

/** A chunk that keeps a buffer alive which is so many times as large is copied. */
const wasteMax = 128;

/**
 * What was appended last, over all partitions: consumers and followers at the end of a log read from memory.
 * The oldest goes first, whosever it is, so an idle partition keeps nothing.
 */
export class TailCache {
  readonly bytesMax: number;
  readonly countMax: number;
  /** Off: what is appended is not kept, for a log that nobody reads at its end, or bytes that are used again. */
  isKeeping = true;
  private queue: (Entry | undefined)[] = [];
  private head = 0;
  private bytes = 0;
  /** How many chunks kept are views of a buffer: one buffer counts once, whole. */
  private readonly uses = new Map<ArrayBufferLike, number>();
  private readonly options: TailCacheOptions;

  constructor(options: TailCacheOptions) {
    this.options = options;
    this.bytesMax = options.bytesMax;
    this.countMax = options.countMax;
  }

  /** How many bytes are kept, whole buffers, those of truncated logs included until they come up. */
  get bytesHeld(): number {
    return this.bytes;
  }

  /** Keeps a chunk, by reference unless it would hold much more memory than its own. */
  push(owner: LogTail, { chunk, firstOffset, lastOffset }: TailChunk): void {
    if (!this.isKeeping || chunk.length > this.bytesMax) {
      owner.clear();
      return;
    }
    const own = this.isWasteful(chunk) ? chunk.slice() : chunk;
    const entry: Entry = { chunk: own, firstOffset, lastOffset, owner };
    owner.entries.push(entry);
    this.queue.push(entry);
    this.hold(own.buffer);
    while (this.bytes > this.bytesMax || this.queue.length - this.head > this.countMax) {
      this.dropOldest();
    }
  }

  private isWasteful({ length, buffer }: Uint8Array): boolean {
    return length * wasteMax < buffer.byteLength && !this.uses.has(buffer);
  }

  private hold(buffer: ArrayBufferLike): void {
    const count = this.uses.get(buffer) ?? 0;
    if (count === 0) {
      this.bytes += buffer.byteLength;
      this.options.onKept?.(buffer);
    }
    this.uses.set(buffer, count + 1);
  }

  private letGo(buffer: ArrayBufferLike): void {
    const count = this.uses.get(buffer) as number;
    if (count > 1) {
      this.uses.set(buffer, count - 1);
      return;
    }
    this.uses.delete(buffer);
    this.bytes -= buffer.byteLength;
    this.options.onDropped?.(buffer);
  }

  private dropOldest(): void {
    const oldest = this.queue[this.head] as Entry;
    this.queue[this.head++] = undefined;
    this.letGo(oldest.chunk.buffer);
    oldest.owner?.dropFirst();
    if (this.head > 1024 && this.head * 2 > this.queue.length) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
  }
}

/** The cached end of one log: chunks by rising offsets, up to its end. */
export class LogTail {
  /** Of the cache and this class only. */
  entries: (Entry | undefined)[] = [];
  private head = 0;

  get count(): number {
    return this.entries.length - this.head;
  }

  /** @returns where to read `offset`: an index for `at`, or -1 when it is not in memory */
  find(offset: number): number {
    const first = this.entries[this.head];
    if (first === undefined || offset < first.firstOffset) return -1;
    let low = this.head;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.entries[middle] as TailChunk).lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low < this.entries.length ? low : -1;
  }

  at(index: number): TailChunk | undefined {
    return this.entries[index];
  }

  dropFirst(): void {
    assert(this.count > 0, 'The cache drops what a log holds');
    // What is dropped must not stay reachable until the array is copied.
    this.entries[this.head++] = undefined;
    if (this.head > 32 && this.head * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
  }

  /** Forgets everything: after a truncation a part of a chunk would be missing between others. */
  clear(): void {
    for (const entry of this.entries) if (entry !== undefined) entry.owner = undefined;
    this.entries = [];
    this.head = 0;
  }
}
