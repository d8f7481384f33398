/** A topic as a consumer saw it. */
export interface ReadTopic {
  /** The lines of each partition, in the order of their offsets. */
  readonly partitions: readonly (readonly string[])[];
  /** How many records came more than once: a group that rebalances begins again where it last committed. */
  readonly deliveredAgain: number;
}

/** Where a record stands in its topic. */
export interface RecordPlace {
  readonly partition: number;
  readonly offset: number;
}

/**
 * Collects what a consumer is given of a topic, by offset: what counts is what the log holds. A record that is there
 * twice has two offsets; one that is only delivered twice has one.
 */
export class TopicReading {
  private readonly ends: readonly number[];
  private readonly lines: (string | undefined)[][];
  private readonly counts: number[];
  private deliveredAgain = 0;

  /** @param ends the high watermark of each partition, which begin at offset 0 */
  constructor(ends: readonly number[]) {
    this.ends = ends;
    this.lines = ends.map(() => []);
    this.counts = ends.map(() => 0);
  }

  /** Whether there is a record at each offset of each partition. */
  get isWhole(): boolean {
    return this.ends.every((end, partition) => (this.counts[partition] as number) >= end);
  }

  /** @throws {Error} for a partition that is not of the topic, and when the record at an offset changed */
  add({ partition, offset }: RecordPlace, line: string): void {
    const lines = this.lines[partition];
    if (lines === undefined || !(offset >= 0)) {
      throw new Error(`There is no partition ${partition} with an offset ${offset}: ${line}`);
    }
    const before = lines[offset];
    if (before === undefined) {
      lines[offset] = line;
      (this.counts[partition] as number)++;
      return;
    }
    if (before !== line) {
      throw new Error(`Partition ${partition} held at ${offset} first ${before}, then ${line}`);
    }
    this.deliveredAgain++;
  }

  done(): ReadTopic {
    // Sparse where a record never came.
    const partitions = this.lines.map((lines) => lines.filter((line) => line !== undefined));
    return { partitions, deliveredAgain: this.deliveredAgain };
  }
}
