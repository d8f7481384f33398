/** An offset that a group committed. */
export interface CommittedOffset {
  readonly offset: number;
  /** Of the last record that was consumed; -1 where the client told none. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  /** Wall time. */
  readonly commitTimestamp: number;
  /** Wall time; -1 where the retention decides. */
  readonly expireTimestamp: number;
}

/** A committed offset and its partition. */
export interface OffsetEntry {
  readonly topic: string;
  readonly partition: number;
  readonly committed: CommittedOffset;
}

/** The committed offsets of one group. */
export class OffsetTable {
  /** Commits that are not in the log for sure. */
  pendingCount = 0;
  private readonly topics = new Map<string, Map<number, CommittedOffset>>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  get(topic: string, partition: number): CommittedOffset | undefined {
    return this.topics.get(topic)?.get(partition);
  }

  set(topic: string, partition: number, committed: CommittedOffset): void {
    let partitions = this.topics.get(topic);
    if (partitions === undefined) {
      partitions = new Map();
      this.topics.set(topic, partitions);
    }
    if (!partitions.has(partition)) this.count++;
    partitions.set(partition, committed);
  }

  delete(topic: string, partition: number): void {
    const partitions = this.topics.get(topic);
    if (partitions?.delete(partition) !== true) return;
    this.count--;
    if (partitions.size === 0) this.topics.delete(topic);
  }

  clear(): void {
    this.topics.clear();
    this.count = 0;
  }

  byTopic(): ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> {
    return this.topics;
  }

  *entries(): Generator<OffsetEntry> {
    for (const [topic, partitions] of this.topics) {
      for (const [partition, committed] of partitions) yield { topic, partition, committed };
    }
  }
}
