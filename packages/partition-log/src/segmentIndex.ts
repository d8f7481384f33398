import { type FileSystem } from '@zookafka/base';
import { int32At, int64At } from './batchHeader.ts';
import { addOffsetEntry, addTimeEntry, countWhile, EntryFile } from './entryFile.ts';
import { offsetFileName } from './logNames.ts';

const offsetEntryBytes = 8;
const timeEntryBytes = 12;

/** Where a search begins: at the batch that ends with `lastOffset`, or at the segment's first batch (-1). */
export interface IndexEntry {
  readonly position: number;
  readonly lastOffset: number;
}

/** The batch that ends with `lastOffset` holds `timestamp`; no earlier one of the segment holds more. */
export interface TimeEntry {
  readonly timestamp: number;
  readonly lastOffset: number;
}

/**
 * The two sparse indexes of a segment: of offsets and of timestamps.
 *
 * They are hints with no checksum: a reader compares an entry with the batch it points at, and has the indexes
 * rebuilt where they differ.
 */
export class SegmentIndex {
  private readonly baseOffset: number;
  private readonly offsets: EntryFile;
  private readonly times: EntryFile;

  private constructor(baseOffset: number, offsets: EntryFile, times: EntryFile) {
    this.baseOffset = baseOffset;
    this.offsets = offsets;
    this.times = times;
  }

  static empty(directory: string, baseOffset: number): SegmentIndex {
    const [offsets, times] = pathsOf(directory, baseOffset);
    return new SegmentIndex(
      baseOffset,
      EntryFile.empty(offsets, offsetEntryBytes),
      EntryFile.empty(times, timeEntryBytes),
    );
  }

  static load(files: FileSystem, directory: string, baseOffset: number): SegmentIndex {
    const [offsets, times] = pathsOf(directory, baseOffset);
    return new SegmentIndex(
      baseOffset,
      EntryFile.load(files, offsets, offsetEntryBytes),
      EntryFile.load(files, times, timeEntryBytes),
    );
  }

  get bytesHeld(): number {
    return this.offsets.bytes.length + this.times.bytes.length;
  }

  get offsetCount(): number {
    return this.offsets.count;
  }

  /** The paths of both files. */
  get paths(): readonly [string, string] {
    return [this.offsets.path, this.times.path];
  }

  /** @returns whether either file would exceed `bytesMax` with one more entry */
  isFull(bytesMax: number): boolean {
    const { offsets, times } = this;
    return (
      (offsets.count + 1) * offsetEntryBytes > bytesMax ||
      // The last entry is kept for the roll. Source: Apache Kafka, `TimeIndex.isFull`.
      (times.count + 2) * timeEntryBytes > bytesMax
    );
  }

  addOffset({ position, lastOffset }: IndexEntry): void {
    addOffsetEntry(this.offsets, { relativeOffset: lastOffset - this.baseOffset, position });
  }

  /** Adds the largest timestamp so far, unless the last entry tells it. */
  addTime({ timestamp, lastOffset }: TimeEntry): void {
    if (timestamp < 0 || timestamp <= (this.lastTime?.timestamp ?? -1)) return;
    addTimeEntry(this.times, { timestamp, relativeOffset: lastOffset - this.baseOffset });
  }

  /** @returns the last entry at or before `offset` */
  locate(offset: number): IndexEntry {
    const relative = offset - this.baseOffset;
    const { bytes } = this.offsets;
    const count = countWhile(this.offsets, (at) => int32At(bytes, at) <= relative);
    return this.entryBefore(count);
  }

  /** The last entry of all. */
  get lastEntry(): IndexEntry {
    return this.entryBefore(this.offsets.count);
  }

  /** @returns the last entry whose timestamp is less than `timestamp` */
  timeBefore(timestamp: number): TimeEntry | undefined {
    const { bytes } = this.times;
    return this.timeAt(countWhile(this.times, (at) => int64At(bytes, at) < timestamp) - 1);
  }

  get lastTime(): TimeEntry | undefined {
    return this.timeAt(this.times.count - 1);
  }

  /** Drops the entries of `offset` and of what comes after it. */
  truncateTo(offset: number): void {
    const relative = offset - this.baseOffset;
    const { offsets, times } = this;
    offsets.keep(countWhile(offsets, (at) => int32At(offsets.bytes, at) < relative));
    times.keep(countWhile(times, (at) => int32At(times.bytes, at + 8) < relative));
  }

  /** Writes what the files lack. */
  save(files: FileSystem): void {
    this.offsets.save(files);
    this.times.save(files);
  }

  private entryBefore(count: number): IndexEntry {
    if (count === 0) return { position: 0, lastOffset: -1 };
    const at = (count - 1) * offsetEntryBytes;
    const { bytes } = this.offsets;
    return {
      position: int32At(bytes, at + 4),
      lastOffset: this.baseOffset + int32At(bytes, at),
    };
  }

  private timeAt(index: number): TimeEntry | undefined {
    if (index < 0) return undefined;
    const at = index * timeEntryBytes;
    const { bytes } = this.times;
    return {
      timestamp: int64At(bytes, at),
      lastOffset: this.baseOffset + int32At(bytes, at + 8),
    };
  }
}

function pathsOf(directory: string, baseOffset: number): readonly [string, string] {
  return [
    `${directory}/${offsetFileName(baseOffset, 'index')}`,
    `${directory}/${offsetFileName(baseOffset, 'timeindex')}`,
  ];
}
