import { type FileHandle, type FileSystem } from '@zookafka/base';
import {
  batch,
  batchBroken,
  batchHeaderBytes,
  batchHeaderFault,
  type Checksum,
} from './batchHeader.ts';
import { type FilePool, type PooledFile } from './filePool.ts';
import { offsetFileName } from './logNames.ts';
import { type IndexEntry, SegmentIndex, type TimeEntry } from './segmentIndex.ts';
import { SegmentScanner } from './segmentScanner.ts';
import { type TailCache } from './tailCache.ts';
import { removeIfThere } from './wholeFile.ts';

/** What all logs of a process share. */
export interface LogResources {
  readonly files: FileSystem;
  readonly checksum: Checksum;
  readonly pool: FilePool;
  readonly tailCache: TailCache;
}

/** The settings of a topic that shape its files. */
export interface LogConfig {
  /** segment.bytes: below 2^31. */
  readonly segmentBytes: number;
  /** segment.ms, by the records' timestamps. */
  readonly segmentMs: number;
  /** index.interval.bytes. */
  readonly indexIntervalBytes: number;
  /** segment.index.bytes. */
  readonly segmentIndexBytes: number;
}

/** Kafka's defaults. */
export const logConfigDefault: LogConfig = {
  segmentBytes: 1024 * 1024 * 1024,
  segmentMs: 7 * 24 * 3600 * 1000,
  indexIntervalBytes: 4096,
  segmentIndexBytes: 10 * 1024 * 1024,
};

/** Above this size, a segment without an index is not taken for one with few batches. */
const unindexedBytesMax = 64 * 1024;
const unknown = -2;

/** One segment: a file of batches, its two indexes, opened at use and closed by the pool. */
export class Segment implements PooledFile {
  readonly baseOffset: number;
  recentlyUsed = false;
  /** Of the log file, in bytes. */
  size: number;
  /** Whether the log and both indexes are on the disk as they are. */
  isDurable = false;
  private readonly resources: LogResources;
  private readonly directory: string;
  private handle: FileHandle | undefined;
  private index: SegmentIndex | undefined;
  private maxTimestamp: number;
  private maxTimestampOffset = -1;
  private firstTimestamp = unknown;
  private bytesSinceEntry = 0;

  /** @param size of its log file: 0 for a new segment */
  constructor(
    { resources, directory }: { readonly resources: LogResources; readonly directory: string },
    baseOffset: number,
    size: number,
  ) {
    this.resources = resources;
    this.directory = directory;
    this.baseOffset = baseOffset;
    this.size = size;
    this.maxTimestamp = size === 0 ? -1 : unknown;
  }

  get path(): string {
    return `${this.directory}/${offsetFileName(this.baseOffset, 'log')}`;
  }

  get bytesHeld(): number {
    return this.index?.bytesHeld ?? 0;
  }

  /** The paths of everything that must be durable for a sealed segment. */
  get paths(): readonly string[] {
    return [this.path, ...this.openIndex().paths];
  }

  file(): FileHandle {
    this.recentlyUsed = true;
    if (this.handle === undefined) {
      this.handle = this.resources.files.open(this.path);
      this.resources.pool.add(this);
    }
    return this.handle;
  }

  /** Appends chunks of whole batches in one write; `note` then tells the indexes. */
  append(chunks: readonly Uint8Array[], bytes: number): void {
    this.file().append(chunks);
    this.size += bytes;
    this.isDurable = false;
  }

  /** Takes note of the batch at `at` of `bytes`, which is at `position` of the file. */
  note({ bytes, at, position }: BatchPlace, config: LogConfig): void {
    const lastOffset = batch.lastOffset(bytes, at);
    const timestamp = batch.maxTimestamp(bytes, at);
    if (timestamp > this.maxTimestamp) {
      this.maxTimestamp = timestamp;
      this.maxTimestampOffset = lastOffset;
    }
    if (position === 0) this.firstTimestamp = timestamp;
    if (this.bytesSinceEntry > config.indexIntervalBytes) {
      const index = this.openIndex();
      const held = index.bytesHeld;
      index.addOffset({ position, lastOffset });
      index.addTime({ timestamp: this.maxTimestamp, lastOffset: this.maxTimestampOffset });
      this.bytesSinceEntry = 0;
      if (index.bytesHeld !== held) this.resources.pool.grew(this, index.bytesHeld - held);
    }
    this.bytesSinceEntry += batch.size(bytes, at);
  }

  /** @returns whether the next chunk belongs into a new segment; an empty segment takes any */
  mustRoll(next: NextChunk, config: LogConfig): boolean {
    const size = this.size + next.bytesBefore;
    if (size === 0) return false;
    return (
      size + next.bytes > config.segmentBytes ||
      next.lastOffset - this.baseOffset > 0x7fff_ffff ||
      this.isOld(next.timestamp, config.segmentMs) ||
      this.openIndex().isFull(config.segmentIndexBytes)
    );
  }

  /** The largest timestamp and where it is, or undefined when no batch has one. */
  largestTime(config: LogConfig): TimeEntry | undefined {
    if (this.maxTimestamp === unknown) this.learnTimes(config);
    if (this.maxTimestamp < 0) return undefined;
    return { timestamp: this.maxTimestamp, lastOffset: this.maxTimestampOffset };
  }

  /** @returns an entry of the offset index that was compared with the log */
  locate(offset: number, config: LogConfig): IndexEntry {
    let index = this.openIndex();
    if (index.offsetCount === 0 && this.size > unindexedBytesMax) index = this.rebuildIndex(config);
    const entry = index.locate(offset);
    return this.isTrue(entry) ? entry : this.rebuildIndex(config).locate(offset);
  }

  /** @returns where to look for the first batch with a timestamp of at least `timestamp` */
  locateTime(timestamp: number, config: LogConfig): IndexEntry {
    const time = this.openIndex().timeBefore(timestamp);
    if (time === undefined) return { position: 0, lastOffset: -1 };
    if (this.isTimeTrue(time, config)) return this.locate(time.lastOffset, config);
    const rebuilt = this.rebuildIndex(config).timeBefore(timestamp);
    return this.locate(rebuilt?.lastOffset ?? this.baseOffset, config);
  }

  /** @returns the last entry of the offset index that was compared with the log, or undefined: rebuild */
  lastEntry(): IndexEntry | undefined {
    const index = this.openIndex();
    const entry = index.lastEntry;
    const isMissing = index.offsetCount === 0 && this.size > unindexedBytesMax;
    return isMissing || !this.isTrue(entry) ? undefined : entry;
  }

  /** Starts both indexes anew: `note` fills them while the caller walks the log. */
  resetIndex(): void {
    const held = this.bytesHeld;
    this.file();
    this.index = SegmentIndex.empty(this.directory, this.baseOffset);
    this.resources.pool.grew(this, -held);
    this.maxTimestamp = -1;
    this.maxTimestampOffset = -1;
    this.bytesSinceEntry = 0;
    this.isDurable = false;
  }

  /** Takes over the largest timestamp that the time index tells, if it is true. @returns whether it was */
  adoptTimes(config: LogConfig): boolean {
    const time = this.openIndex().lastTime;
    if (time !== undefined && !this.isTimeTrue(time, config)) return false;
    this.maxTimestamp = time?.timestamp ?? -1;
    this.maxTimestampOffset = time?.lastOffset ?? -1;
    return true;
  }

  /** Cuts the file at `position`, where the batch with `offset` begins, durably. */
  truncate(
    { position, offset }: { readonly position: number; readonly offset: number },
    config: LogConfig,
  ): void {
    const handle = this.file();
    handle.truncate(position);
    handle.sync();
    this.size = position;
    this.openIndex().truncateTo(offset);
    this.isDurable = false;
    this.bytesSinceEntry = 0;
    this.firstTimestamp = unknown;
    this.maxTimestamp = -1;
    this.maxTimestampOffset = -1;
    if (position > 0) this.learnTimes(config);
  }

  /** No more batches come, or none for now: the time index learns the largest timestamp. */
  finishIndex(config: LogConfig): void {
    const time = this.largestTime(config);
    const index = this.openIndex();
    if (time !== undefined) index.addTime(time);
    index.save(this.resources.files);
  }

  release(): void {
    this.index?.save(this.resources.files);
    this.handle?.close();
    this.handle = undefined;
    this.index = undefined;
  }

  /** Closes what is open; what `finishIndex` did not write is lost. */
  close(): void {
    this.resources.pool.remove(this);
    this.handle?.close();
    this.handle = undefined;
    this.index = undefined;
  }

  /** Removes the log first: an index without a log is removed at the next start. */
  remove(): void {
    this.close();
    for (const suffix of ['log', 'index', 'timeindex'] as const) {
      const name = offsetFileName(this.baseOffset, suffix);
      removeIfThere(this.resources.files, `${this.directory}/${name}`);
    }
  }

  /** Walks the headers of the batches from `position` on. @throws {LogError} BATCH_BROKEN */
  scan(position: number, visit: (scanner: SegmentScanner) => boolean): void {
    const scanner = new SegmentScanner(this.file(), { position, end: this.size, whole: false });
    while (scanner.next()) if (!visit(scanner)) return;
    if (scanner.fault !== undefined) throw batchBroken(scanner.position, scanner.fault);
  }

  private openIndex(): SegmentIndex {
    // The pool knows a segment by its open log.
    this.file();
    if (this.index === undefined) {
      const { files, pool } = this.resources;
      this.index = SegmentIndex.load(files, this.directory, this.baseOffset);
      pool.grew(this, this.index.bytesHeld);
    }
    return this.index;
  }

  private rebuildIndex(config: LogConfig): SegmentIndex {
    this.resetIndex();
    this.scan(0, (scanner) => {
      this.note(scanner, config);
      return true;
    });
    const index = this.openIndex();
    index.addTime({ timestamp: this.maxTimestamp, lastOffset: this.maxTimestampOffset });
    return index;
  }

  private learnTimes(config: LogConfig): void {
    const isIndexed = this.openIndex().lastTime !== undefined && this.adoptTimes(config);
    if (!isIndexed) this.rebuildIndex(config);
    else if (!this.isDurable) {
      // After a truncation the last entry tells of the batches up to it only.
      const from = this.locate(this.maxTimestampOffset, config).position;
      this.scan(from, (scanner) => {
        const timestamp = batch.maxTimestamp(scanner.bytes, scanner.at);
        if (timestamp > this.maxTimestamp) {
          this.maxTimestamp = timestamp;
          this.maxTimestampOffset = batch.lastOffset(scanner.bytes, scanner.at);
        }
        return true;
      });
    }
  }

  private isOld(timestamp: number, segmentMs: number): boolean {
    if (timestamp < 0 || this.size === 0) return false;
    if (this.firstTimestamp === unknown) {
      this.scan(0, ({ bytes, at }) => {
        this.firstTimestamp = batch.maxTimestamp(bytes, at);
        return false;
      });
    }
    return this.firstTimestamp >= 0 && timestamp - this.firstTimestamp > segmentMs;
  }

  private isTrue({ position, lastOffset }: IndexEntry): boolean {
    if (lastOffset === -1) return true;
    if (position < 0 || position >= this.size) return false;
    const bytes = this.file().read(position, batchHeaderBytes);
    const end = this.size - position;
    if (bytes.length < batchHeaderBytes || batchHeaderFault(bytes, 0, end) !== undefined) {
      return false;
    }
    return batch.lastOffset(bytes, 0) === lastOffset;
  }

  private isTimeTrue({ timestamp, lastOffset }: TimeEntry, config: LogConfig): boolean {
    let isTrue = false;
    this.scan(this.locate(lastOffset, config).position, ({ bytes, at }) => {
      isTrue = batch.lastOffset(bytes, at) === lastOffset;
      isTrue &&= batch.maxTimestamp(bytes, at) === timestamp;
      return batch.lastOffset(bytes, at) < lastOffset;
    });
    return isTrue;
  }
}

/** Where a batch is: in memory and in the file. */
export interface BatchPlace {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly position: number;
}

/** What decides about a roll. */
export interface NextChunk {
  readonly bytes: number;
  /** How many bytes are to be written before it. */
  readonly bytesBefore: number;
  readonly lastOffset: number;
  /** Milliseconds of wall time, or -1. */
  readonly timestamp: number;
}
