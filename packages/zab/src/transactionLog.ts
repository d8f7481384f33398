import { assert, AssertionError } from '@zookafka/base';

/** What is kept of the log in memory beyond what must be. */
export interface TransactionLogLimits {
  readonly committedLogCountMax: number;
  readonly committedLogBytesMax: number;
  readonly pinnedLogBytesMax: number;
}

/**
 * The end of a member's log as it is in memory: everything that is not delivered yet, and a bounded part of what
 * is, for learners that lag.
 *
 * Invariant: minZxid <= deliveredZxid <= committedZxid <= lastZxid, and zxids rise.
 */
export class TransactionLog {
  /** The transaction before the first in memory. */
  minZxid: number;
  lastZxid: number;
  committedZxid: number;
  deliveredZxid: number;
  /** Above this nothing is trimmed: a learner's snapshot is being streamed. */
  pinnedZxid = Infinity;
  private readonly limits: TransactionLogLimits;
  private zxids: number[] = [];
  private payloads: Uint8Array[] = [];
  /** The indexes of the first entry kept, and of the first not delivered. */
  private head = 0;
  private deliveredCount = 0;
  private deliveredBytes = 0;

  constructor(snapshotZxid: number, limits: TransactionLogLimits) {
    this.limits = limits;
    this.minZxid = snapshotZxid;
    this.lastZxid = snapshotZxid;
    this.committedZxid = snapshotZxid;
    this.deliveredZxid = snapshotZxid;
  }

  /** How many entries are in memory. */
  get count(): number {
    return this.zxids.length - this.head;
  }

  append(zxid: number, bytes: Uint8Array): void {
    assert(zxid > this.lastZxid, 'Zxids of a log rise', { zxid, lastZxid: this.lastZxid });
    this.zxids.push(zxid);
    this.payloads.push(bytes);
    this.lastZxid = zxid;
  }

  /** Forgets everything above `zxid`. */
  truncateTo(zxid: number): void {
    assert(zxid >= this.committedZxid, 'What is committed is never cut off', {
      zxid,
      committedZxid: this.committedZxid,
    });
    while (this.count > 0 && (this.zxids.at(-1) as number) > zxid) {
      this.zxids.pop();
      this.payloads.pop();
    }
    this.lastZxid = this.zxids.length > this.head ? (this.zxids.at(-1) as number) : this.minZxid;
    assert(this.lastZxid === zxid, 'A log is cut at one of its own zxids', { zxid });
  }

  /** Starts again behind a snapshot that contains everything up to `zxid`. */
  reset(zxid: number): void {
    assert(zxid >= this.deliveredZxid, 'A snapshot takes back nothing that was delivered', {
      zxid,
      deliveredZxid: this.deliveredZxid,
    });
    this.zxids = [];
    this.payloads = [];
    this.head = 0;
    this.deliveredCount = 0;
    this.deliveredBytes = 0;
    this.minZxid = zxid;
    this.lastZxid = zxid;
    this.committedZxid = zxid;
    this.deliveredZxid = zxid;
  }

  /** @returns the last zxid at or below `zxid`, or -1 when it is not in memory */
  floorOf(zxid: number): number {
    if (zxid < this.minZxid) return -1;
    const index = this.indexAfter(zxid) - 1;
    return index < this.head ? this.minZxid : (this.zxids[index] as number);
  }

  /** Visits the entries above `zxid`, which must be in memory, in order. */
  forEachAfter(zxid: number, visit: (zxid: number, bytes: Uint8Array) => void): void {
    assert(zxid >= this.minZxid, 'What a learner lacks is in memory', {
      zxid,
      minZxid: this.minZxid,
    });
    for (let index = this.indexAfter(zxid); index < this.zxids.length; index++) {
      visit(this.zxids[index] as number, this.payloads[index] as Uint8Array);
    }
  }

  /** Gives out what is committed and not delivered, in order: it counts as delivered then. */
  deliver(take: (zxid: number, bytes: Uint8Array) => void): void {
    while (this.deliveredZxid < this.committedZxid) {
      const index = this.head + this.deliveredCount;
      if (index >= this.zxids.length) throw this.missingError();
      const zxid = this.zxids[index] as number;
      const bytes = this.payloads[index] as Uint8Array;
      this.deliveredCount++;
      this.deliveredBytes += bytes.length;
      this.deliveredZxid = zxid;
      take(zxid, bytes);
    }
  }

  /** Forgets delivered entries beyond the limits. */
  trim(): void {
    const limits = this.limits;
    while (
      this.deliveredCount > limits.committedLogCountMax ||
      (this.deliveredBytes > limits.committedLogBytesMax && this.deliveredCount > 0)
    ) {
      const zxid = this.zxids[this.head] as number;
      if (zxid > this.pinnedZxid && this.deliveredBytes <= limits.pinnedLogBytesMax) break;
      this.deliveredBytes -= (this.payloads[this.head] as Uint8Array).length;
      this.payloads[this.head] = noBytes;
      this.deliveredCount--;
      this.head++;
      this.minZxid = zxid;
    }
    if (this.head > 1024 && this.head * 2 > this.zxids.length) this.compact();
  }

  private missingError(): AssertionError {
    const { committedZxid, lastZxid } = this;
    return new AssertionError('What is committed is in the log', { committedZxid, lastZxid });
  }

  private compact(): void {
    this.zxids = this.zxids.slice(this.head);
    this.payloads = this.payloads.slice(this.head);
    this.head = 0;
  }

  /** The index of the first entry above `zxid`. */
  private indexAfter(zxid: number): number {
    let low = this.head;
    let high = this.zxids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.zxids[middle] as number) <= zxid) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const noBytes = new Uint8Array(0);
