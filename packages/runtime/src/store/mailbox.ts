import { assert } from '@zookafka/base';
import { type AppendOperation } from './memberDatabase.ts';

/** The largest append that fits; what one client alone writes is far below it. */
const blobBytesMax = 64 << 10;
/** Where things stand in the shared memory: the words, the zxids, the blob. */
const wordCount = 4;
const zxidsAt = wordCount * Int32Array.BYTES_PER_ELEMENT;
const blobAt = zxidsAt + 3 * Float64Array.BYTES_PER_ELEMENT;
/** Counts the times that the bell was rung. */
const bell = 0;
const isFull = 1;
const length = 2;

/**
 * Memory that two threads share: a bell that wakes the one which sleeps on it, and room for one append. A message through a
 * port costs both of them locks, copies of objects and a way through an event loop; a write that waits alone for its
 * sync feels that.
 *
 *     put ─▶ ring ─▶ sleep ends ─▶ take
 */
export class Mailbox {
  readonly memory: SharedArrayBuffer;
  private readonly words: Int32Array;
  private readonly zxids: Float64Array;
  private readonly blob: Uint8Array;

  constructor(memory = new SharedArrayBuffer(blobAt + blobBytesMax)) {
    this.memory = memory;
    this.words = new Int32Array(memory, 0, wordCount);
    this.zxids = new Float64Array(memory, zxidsAt, 3);
    this.blob = new Uint8Array(memory, blobAt);
  }

  /** Puts an append in, where the last one was taken out. @returns false when it is too large */
  put({ zxidFirst, zxidLast, committedZxid, blob }: AppendOperation): boolean {
    if (blob.length > blobBytesMax) return false;
    assert(Atomics.load(this.words, isFull) === 0, 'A mailbox holds one append');
    this.zxids.set([zxidFirst, zxidLast, committedZxid]);
    this.blob.set(blob);
    this.words[length] = blob.length;
    Atomics.store(this.words, isFull, 1);
    return true;
  }

  take(): AppendOperation | undefined {
    if (Atomics.load(this.words, isFull) === 0) return undefined;
    const [zxidFirst = 0, zxidLast = 0, committedZxid = 0] = this.zxids;
    const blob = new Uint8Array(this.blob.subarray(0, this.words[length]));
    Atomics.store(this.words, isFull, 0);
    return { kind: 'append', zxidFirst, zxidLast, committedZxid, blob };
  }

  /** Wakes the thread that sleeps, or lets its next sleep end at once. */
  ring(): void {
    Atomics.add(this.words, bell, 1);
    Atomics.notify(this.words, bell);
  }

  /** To be read before looking for something to do. */
  get rungCount(): number {
    return Atomics.load(this.words, bell);
  }

  /** Sleeps until the bell is rung again. @returns false when the time was over first */
  sleep(rungCount: number, timeoutMs: number): boolean {
    return Atomics.wait(this.words, bell, rungCount, timeoutMs) !== 'timed-out';
  }
}
