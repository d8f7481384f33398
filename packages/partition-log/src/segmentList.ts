import { assert } from '@zookafka/base';
import { batch } from './batchHeader.ts';
import { type LogRead, type ReadRequest, readSegment } from './readBatches.ts';
import { type LogConfig, type LogResources, Segment } from './segment.ts';
import { type TimeEntry } from './segmentIndex.ts';
import { findBatchSince, type TimestampHit } from './timeSearch.ts';

/** Where a log is cut so that it ends before an offset. */
export interface CutPoint {
  /** Index of the segment that stays the last one. */
  readonly index: number;
  readonly position: number;
  /** Where the log ends after the cut. */
  readonly endOffset: number;
}

/** The segments of one log, oldest first; the last one is the active one, which is appended to. */
export class SegmentList {
  readonly resources: LogResources;
  readonly directory: string;
  private list: Segment[];
  /** Where the last read of a file ended: the next one often goes on there. */
  private cursorSegment: Segment | undefined;
  private cursorOffset = -1;
  private cursorPosition = 0;

  constructor(
    { resources, directory }: { readonly resources: LogResources; readonly directory: string },
    segments: readonly Segment[],
  ) {
    assert(segments.length > 0, 'A log has a segment');
    this.resources = resources;
    this.directory = directory;
    this.list = [...segments];
  }

  get all(): readonly Segment[] {
    return this.list;
  }

  get active(): Segment {
    return this.list[this.list.length - 1] as Segment;
  }

  get first(): Segment {
    return this.list[0] as Segment;
  }

  /** In bytes, indexes not counted. */
  get bytes(): number {
    let bytes = 0;
    for (const segment of this.list) bytes += segment.size;
    return bytes;
  }

  /** @returns the index of the last segment whose base offset is not above `offset`, or -1 */
  indexOf(offset: number): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.list[middle] as Segment).baseOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Starts a new active segment; its file exists from now on. */
  roll(baseOffset: number, config: LogConfig): void {
    assert(baseOffset > this.active.baseOffset, 'A segment starts after the one before');
    this.active.finishIndex(config);
    this.list.push(this.create(baseOffset));
  }

  /** Removes all segments and starts anew at `baseOffset`, durably. */
  restartAt(baseOffset: number): void {
    this.removeNewest(0);
    this.list = [this.create(baseOffset)];
    this.resources.files.syncDirectory(this.directory);
  }

  /** Removes segments from the newest down to that at `index`, durably, so that a crash leaves a prefix. */
  removeNewest(index: number): void {
    this.cursorSegment = undefined;
    while (this.list.length > index) {
      (this.list.pop() as Segment).remove();
      this.resources.files.syncDirectory(this.directory);
    }
  }

  /** Removes the `count` oldest segments, so that a crash leaves no hole. */
  removeOldest(count: number): void {
    this.cursorSegment = undefined;
    for (let removed = 0; removed < count; removed++) {
      if (removed > 0) this.resources.files.syncDirectory(this.directory);
      (this.list.shift() as Segment).remove();
    }
  }

  /** @returns where to cut so that no batch reaches `offset` */
  cutPoint(offset: number, config: LogConfig): CutPoint {
    const index = Math.max(0, this.indexOf(offset));
    const segment = this.list[index] as Segment;
    let endOffset = segment.baseOffset;
    let position = segment.size;
    // The entry's own batch ends before the offset, so that the walk learns where the log will end.
    const from = offset <= segment.baseOffset ? 0 : segment.locate(offset - 1, config).position;
    segment.scan(from, ({ bytes, at, position: found }) => {
      if (batch.lastOffset(bytes, at) >= offset) {
        position = found;
        return false;
      }
      endOffset = batch.lastOffset(bytes, at) + 1;
      return true;
    });
    return { index, position, endOffset };
  }

  /** Makes the cut, durably. */
  cut({ index, position, endOffset }: CutPoint, config: LogConfig): void {
    this.removeNewest(index + 1);
    this.active.truncate({ position, offset: endOffset }, config);
    this.resources.files.syncDirectory(this.directory);
  }

  /** Reads from the file that holds the offset, or the next after it. */
  read(request: ReadRequest, config: LogConfig): LogRead {
    let read: LogRead = { chunks: [], bytes: 0, offsetNext: request.offset, positionNext: -1 };
    for (let index = Math.max(0, this.indexOf(request.offset)); ; index++) {
      const segment = this.list[index];
      // A batch that reaches the limit ends the search as the end of the log does.
      if (segment === undefined || segment.baseOffset >= request.upToOffset) return read;
      const isNext = segment === this.cursorSegment && request.offset === this.cursorOffset;
      const position = isNext ? this.cursorPosition : undefined;
      read = readSegment(segment, request, { position, config });
      if (read.bytes === 0) continue;
      this.cursorSegment = segment;
      this.cursorOffset = read.offsetNext;
      this.cursorPosition = read.positionNext;
      return read;
    }
  }

  /** @returns the first batch with a record new enough at `offsetMin` or after it, or undefined */
  findSince(
    timestamp: number,
    { offsetMin, config }: { readonly offsetMin: number; readonly config: LogConfig },
  ): TimestampHit | undefined {
    for (const segment of this.list) {
      const largest = segment.largestTime(config);
      if (largest === undefined || largest.timestamp < timestamp) continue;
      const hit = findBatchSince(segment, timestamp, { offsetMin, config });
      if (hit !== undefined) return hit;
    }
    return undefined;
  }

  /** @returns the largest timestamp and the last offset of its batch, or undefined */
  largestTime(config: LogConfig): TimeEntry | undefined {
    let largest: TimeEntry | undefined;
    for (const segment of this.list) {
      const time = segment.largestTime(config);
      if (time !== undefined && time.timestamp > (largest?.timestamp ?? -1)) largest = time;
    }
    return largest;
  }

  /** Walks the headers of all batches from the one that holds `offset`. */
  replay(
    { offset, config }: { readonly offset: number; readonly config: LogConfig },
    visit: (bytes: Uint8Array, at: number) => void,
  ): void {
    for (let index = Math.max(0, this.indexOf(offset)); index < this.list.length; index++) {
      const segment = this.list[index] as Segment;
      if (segment.size === 0) continue;
      const from = offset <= segment.baseOffset ? 0 : segment.locate(offset, config).position;
      segment.scan(from, ({ bytes, at }) => {
        if (batch.lastOffset(bytes, at) >= offset) visit(bytes, at);
        return true;
      });
    }
  }

  close(): void {
    this.cursorSegment = undefined;
    for (const segment of this.list) segment.close();
  }

  private create(baseOffset: number): Segment {
    const segment = new Segment(this, baseOffset, 0);
    // A file of this name may be left from a crash inside a truncation.
    if (segment.file().size > 0) segment.file().truncate(0);
    return segment;
  }
}
