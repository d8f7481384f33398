/** A record and where it is. */
export interface PlacedRecord {
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

/** What is known of one partition, whatever its brokers remember. */
export interface GhostPartition {
  /** By offset: what a producer was told, what any broker said to be committed, what a consumer read. */
  readonly acked: (string | undefined)[];
  readonly committed: (string | undefined)[];
  readonly consumed: (string | undefined)[];
  ackedCount: number;
  /** The offset after the last that was acknowledged. */
  ackedEnd: number;
  /** Any broker's highest so far. */
  highWatermark: number;
}

/** What was acknowledged, committed and read, by partition: with a memory that no broker has. */
export class GhostRecords {
  readonly partitions: readonly GhostPartition[];

  constructor(partitionCount: number) {
    this.partitions = Array.from({ length: partitionCount }, () => ({
      acked: [],
      committed: [],
      consumed: [],
      ackedCount: 0,
      ackedEnd: 0,
      highWatermark: 0,
    }));
  }

  of(partition: number): GhostPartition {
    return this.partitions[partition] as GhostPartition;
  }
}
