import { assert } from '@zookafka/base';

/** Something that holds a file open and content in memory, and can let go of both at any time. */
export interface PooledFile {
  /** Set by its owner at each use, cleared by the pool as its hand passes. */
  recentlyUsed: boolean;
  /** What it holds in memory. */
  readonly bytesHeld: number;
  /** Closes what is open; the next use opens it again. */
  release(): void;
}

/**
 * Bounds how many segments are open at once, over all partitions: many partitions are idle, and an idle one
 * should hold neither a descriptor nor its indexes.
 *
 * Second chance, not least recently used: a use costs one store.
 */
export class FilePool {
  readonly countMax: number;
  readonly bytesMax: number;
  private readonly ring: PooledFile[] = [];
  private hand = 0;
  private bytes = 0;

  constructor({ countMax, bytesMax }: { readonly countMax: number; readonly bytesMax: number }) {
    assert(countMax > 0, 'A pool holds at least one file', { countMax });
    this.countMax = countMax;
    this.bytesMax = bytesMax;
  }

  get count(): number {
    return this.ring.length;
  }

  /** Takes note of a file that was opened, and closes others that were not used for long. */
  add(file: PooledFile): void {
    file.recentlyUsed = true;
    this.ring.push(file);
    this.bytes += file.bytesHeld;
    this.shrink(file);
  }

  /** A file of this pool holds `bytes` more, or fewer. */
  grew(file: PooledFile, bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > this.bytesMax) this.shrink(file);
  }

  /** Takes note of a file that its owner closed. */
  remove(file: PooledFile): void {
    const index = this.ring.indexOf(file);
    if (index === -1) return;
    this.removeAt(index);
    this.bytes -= file.bytesHeld;
  }

  private shrink(kept: PooledFile): void {
    while (this.ring.length > this.countMax || this.bytes > this.bytesMax) {
      if (this.ring.length === 1) return;
      if (this.hand >= this.ring.length) this.hand = 0;
      const candidate = this.ring[this.hand] as PooledFile;
      if (candidate === kept || candidate.recentlyUsed) {
        candidate.recentlyUsed = false;
        this.hand++;
        continue;
      }
      this.removeAt(this.hand);
      this.bytes -= candidate.bytesHeld;
      candidate.release();
    }
  }

  private removeAt(index: number): void {
    const last = this.ring.pop() as PooledFile;
    if (index < this.ring.length) this.ring[index] = last;
  }
}
