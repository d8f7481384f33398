import { type World } from '../world.ts';
import { type PlacedRecord } from './ghostRecords.ts';

interface GroupPartition {
  /** The offset after the last record up to which the group was given every one. */
  consumedEnd: number;
  /** What the broker said is committed. */
  committed: number;
}

/**
 * K18, of one consumer group: every record is given to some member, in order; what was committed stays committed
 * when a coordinator moves, and is never beyond what the group was given.
 */
export class GroupChecks {
  private readonly world: World;
  private readonly partitions: readonly GroupPartition[];
  /** The next offset of each member's assignment; -1 before its first record. */
  private readonly nextOf = new Map<string, number>();

  private readonly generationOf = new Map<string, number>();
  private generation = 0;

  constructor(world: World, partitionCount: number) {
    this.world = world;
    this.partitions = Array.from({ length: partitionCount }, () => ({
      consumedEnd: 0,
      committed: 0,
    }));
  }

  /** How far the group has come. */
  consumedEnd(partition: number): number {
    return this.of(partition).consumedEnd;
  }

  /** A member begins to read a partition. */
  onAssigned(member: string, partition: number, generation: number): void {
    this.nextOf.set(`${member}-${partition}`, -1);
    this.generationOf.set(member, generation);
    this.generation = Math.max(this.generation, generation);
  }

  /** A member was given a record. */
  onRecord(member: string, { partition, offset }: PlacedRecord): void {
    const group = this.of(partition);
    const key = `${member}-${partition}`;
    const next = this.nextOf.get(key) ?? -1;
    if (next >= 0 && offset !== next) {
      this.fail(`${member} was given offset ${offset} of partition ${partition} after ${next - 1}`);
    }
    // Who slept through a newer generation begins where its own would have; what it commits is refused.
    const isCurrent = this.generationOf.get(member) === this.generation;
    if (next < 0 && isCurrent && offset < group.committed) {
      this.fail(
        `${member} begins to read partition ${partition} at ${offset}, committed was ${group.committed}`,
      );
    }
    if (offset > group.consumedEnd) {
      this.fail(
        `${member} was given offset ${offset} of partition ${partition}; nobody of its group was given ${group.consumedEnd}`,
      );
    }
    this.nextOf.set(key, offset + 1);
    group.consumedEnd = Math.max(group.consumedEnd, offset + 1);
  }

  /** A member was told that what it had read is committed. */
  onCommitted(positions: ReadonlyMap<number, number>): void {
    for (const [partition, offset] of positions) {
      const group = this.of(partition);
      group.committed = Math.max(group.committed, offset);
    }
  }

  private of(partition: number): GroupPartition {
    return this.partitions[partition] as GroupPartition;
  }

  private fail(sentence: string): never {
    return this.world.history.violated('K18', sentence);
  }
}
