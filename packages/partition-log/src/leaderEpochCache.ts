import { assert } from '@zookafka/base';

/** The first offset that a leader epoch wrote. */
export interface EpochEntry {
  readonly epoch: number;
  readonly startOffset: number;
}

/** Up to where an epoch reaches: both -1 when that is not known. */
export interface EpochEnd {
  readonly epoch: number;
  readonly endOffset: number;
}

/**
 * Which leader epoch wrote from which offset on.
 *
 * Invariant: epochs and start offsets both strictly rise.
 * Source: Apache Kafka, KIP-101, KIP-279 and `LeaderEpochFileCache`.
 */
export class LeaderEpochCache {
  private list: EpochEntry[];

  constructor(entries: readonly EpochEntry[] = []) {
    this.list = [];
    for (const entry of entries) this.assign(entry.epoch, entry.startOffset);
  }

  /** Oldest first. */
  get entries(): readonly EpochEntry[] {
    return this.list;
  }

  get latest(): EpochEntry | undefined {
    return this.list[this.list.length - 1];
  }

  /**
   * A leader starts an epoch, or a follower meets a batch of it. Entries that contradict it go.
   *
   * @returns whether anything changed
   */
  assign(epoch: number, startOffset: number): boolean {
    assert(epoch >= 0, 'A leader epoch is not negative', { epoch });
    assert(startOffset >= 0, 'An offset is not negative', { startOffset });
    const latest = this.latest;
    if (latest?.epoch === epoch && startOffset >= latest.startOffset) return false;
    this.dropEndWhile((entry) => entry.epoch >= epoch || entry.startOffset >= startOffset);
    this.list.push({ epoch, startOffset });
    return true;
  }

  /** @returns the end offset of `epoch` as a leader whose log ends at `logEndOffset` answers it */
  endOffsetFor(epoch: number, logEndOffset: number): EpochEnd {
    const latest = this.latest;
    if (latest === undefined || epoch < 0 || epoch > latest.epoch) {
      return { epoch: -1, endOffset: -1 };
    }
    if (epoch === latest.epoch) return { epoch, endOffset: logEndOffset };
    const after = this.list.findIndex((entry) => entry.epoch > epoch);
    const endOffset = (this.list[after] as EpochEntry).startOffset;
    const floor = this.list[after - 1];
    return { epoch: floor === undefined ? epoch : floor.epoch, endOffset };
  }

  /** @returns the epoch that wrote `offset`, or -1 */
  epochOf(offset: number): number {
    for (let index = this.list.length - 1; index >= 0; index--) {
      const entry = this.list[index] as EpochEntry;
      if (entry.startOffset <= offset) return entry.epoch;
    }
    return -1;
  }

  /** The log was cut: entries that start at `endOffset` or after it go. @returns whether any went */
  truncateFromEnd(endOffset: number): boolean {
    const count = this.list.length;
    this.dropEndWhile((entry) => entry.startOffset >= endOffset);
    return this.list.length !== count;
  }

  /** The log starts later: the entry that covers `startOffset` starts there. @returns whether any changed */
  truncateFromStart(startOffset: number): boolean {
    const after = this.list.findIndex((entry) => entry.startOffset > startOffset);
    const covering = (after === -1 ? this.list.length : after) - 1;
    const entry = this.list[covering];
    if (entry === undefined || (covering === 0 && entry.startOffset === startOffset)) return false;
    this.list = [{ epoch: entry.epoch, startOffset }, ...this.list.slice(covering + 1)];
    return true;
  }

  clear(): void {
    this.list = [];
  }

  private dropEndWhile(isWrong: (entry: EpochEntry) => boolean): void {
    for (let last = this.latest; last !== undefined && isWrong(last); last = this.latest) {
      this.list.pop();
    }
  }
}
