import { assert } from '@zookafka/base';
import { checkChunk, spanOfAll } from './appendOrder.ts';
import { batch, type BatchSpan } from './batchHeader.ts';
import { type EpochEntry, type LeaderEpochCache } from './leaderEpochCache.ts';
import { leaderEpochFileName, writeEpochs } from './leaderEpochFile.ts';
import { LogError } from './logError.ts';
import { offsetFileName } from './logNames.ts';
import { newestSnapshot, removeSnapshots, writeSnapshot } from './producerSnapshot.ts';
import { type ProducerEntry, ProducerState } from './producerState.ts';
import { type LogRead, type ReadRequest, readTail } from './readBatches.ts';
import { type RetentionLimits, retentionCount } from './retention.ts';
import { type LogConfig } from './segment.ts';
import { type TimeEntry } from './segmentIndex.ts';
import { type SegmentList } from './segmentList.ts';
import { LogTail } from './tailCache.ts';
import { type TimestampHit } from './timeSearch.ts';
import { syncFile } from './wholeFile.ts';

/** What a broker needs to know of a log that was opened or truncated, as plain data. */
export interface RecoveredLog {
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly recoveryPoint: number;
  readonly epochs: readonly EpochEntry[];
  readonly producers: readonly ProducerEntry[];
  readonly bytes: number;
  readonly segments: number;
  /** What was cut off when the log was opened, if anything. */
  readonly cut: LogCut | undefined;
}

/** A tail that recovery cut off. */
export interface LogCut {
  readonly offset: number;
  readonly bytes: number;
  readonly reason: string;
  /** Whether it was damaged after it had been flushed: no torn write, but a failing disk. */
  readonly wasFlushed: boolean;
}

/** What must be synced, in this order, before `onFlushed` may move the recovery point. */
export interface FlushPlan {
  /** Files first, then the folder. */
  readonly paths: readonly string[];
  readonly directory: string;
  readonly offset: number;
  /** The base offset of the segment that was active: what is below is complete. */
  readonly activeOffset: number;
  readonly generation: number;
  readonly epochsVersion: number;
}

/** What a log is made of; `openPartitionLog` finds it. */
export interface LogParts {
  readonly segments: SegmentList;
  readonly epochs: LeaderEpochCache;
  readonly config: LogConfig;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly recoveryPoint: number;
  /** Whether the epoch file on the disk is the one that is there. */
  readonly areEpochsDurable: boolean;
  readonly cut: LogCut | undefined;
  /** Makes a lowered recovery point or log start durable, before what was above it is cut. */
  readonly saveCheckpoints: () => void;
}

/**
 * One partition's log on disk, in Kafka's format.
 *
 * An append is one write and no copy; nothing is synced before `flush`. After a killed process everything
 * appended is there, after a power cut everything flushed and a prefix of the rest.
 *
 * Invariant: logStartOffset and recoveryPoint never pass logEndOffset; offsets strictly rise in file order.
 */
export class PartitionLog {
  config: LogConfig;
  private readonly segments: SegmentList;
  private readonly epochCache: LeaderEpochCache;
  private readonly cut: LogCut | undefined;
  private readonly saveCheckpoints: () => void;
  private producerState: ProducerState;
  private startOffset: number;
  private endOffset: number;
  private flushedOffset: number;
  private tail: LogTail | undefined;
  private hasFailed = false;
  private hasEnded = false;
  /** Grows with each truncation: a flush that began before one confirms nothing. */
  private generation = 0;
  /** Grows with each change of the epochs. */
  private epochsVersion = 1;
  private epochsVersionDurable: number;

  constructor(parts: LogParts) {
    this.segments = parts.segments;
    this.epochCache = parts.epochs;
    this.config = parts.config;
    this.cut = parts.cut;
    this.saveCheckpoints = parts.saveCheckpoints;
    this.startOffset = parts.logStartOffset;
    this.endOffset = parts.logEndOffset;
    this.flushedOffset = parts.recoveryPoint;
    this.epochsVersionDurable = parts.areEpochsDurable ? this.epochsVersion : 0;
    this.producerState = this.loadProducers();
    this.checkOffsets();
  }

  get directory(): string {
    return this.segments.directory;
  }

  get logStartOffset(): number {
    return this.startOffset;
  }

  get logEndOffset(): number {
    return this.endOffset;
  }

  /** Up to here everything is on the disk. */
  get recoveryPoint(): number {
    return this.flushedOffset;
  }

  /** Of all segments, in bytes. */
  get bytes(): number {
    return this.segments.bytes;
  }

  get segmentCount(): number {
    return this.segments.all.length;
  }

  /** The offset of the first segment: the log's start, or below it after DeleteRecords. */
  get firstSegmentOffset(): number {
    return this.segments.first.baseOffset;
  }

  /** Whether a segment was completed since the last flush: a good time for one. */
  get isFlushDue(): boolean {
    return this.segments.active.baseOffset > this.flushedOffset;
  }

  /** Whether a write or a sync failed: only opening the log anew tells what it holds. */
  get isFailed(): boolean {
    return this.hasFailed;
  }

  /** Whether it was closed or abandoned: its partition may be gone, and it can be read no more. */
  get isClosed(): boolean {
    return this.hasEnded;
  }

  /** The leader epochs of this log: to be read, not changed. */
  get epochs(): LeaderEpochCache {
    return this.epochCache;
  }

  /** The producers of this log: to be read, not changed. */
  get producers(): ProducerState {
    return this.producerState;
  }

  describe(): RecoveredLog {
    return {
      logStartOffset: this.startOffset,
      logEndOffset: this.endOffset,
      recoveryPoint: this.flushedOffset,
      epochs: [...this.epochCache.entries],
      producers: this.producerState.entries(),
      bytes: this.bytes,
      segments: this.segmentCount,
      cut: this.cut,
    };
  }

  /**
   * Appends chunks of whole batches that have their offsets and epochs: from `assignOffsets` on a leader, as
   * fetched on a follower. The chunks belong to the log from now on: nobody may change them.
   *
   * @throws {LogError} BATCH_BROKEN, APPEND_OUT_OF_ORDER: nothing was appended. LOG_FAILED after a failed write
   */
  append(chunks: readonly Uint8Array[]): BatchSpan {
    this.checkUsable();
    const spans = this.checkAll(chunks);
    try {
      let group: Uint8Array[] = [];
      let bytesBefore = 0;
      chunks.forEach((chunk, index) => {
        const { lastOffset, maxTimestamp: timestamp } = spans[index] as BatchSpan;
        const next = { bytes: chunk.length, bytesBefore, lastOffset, timestamp };
        if (this.segments.active.mustRoll(next, this.config)) {
          this.write(group, bytesBefore);
          this.roll();
          group = [];
          bytesBefore = 0;
        }
        group.push(chunk);
        bytesBefore += chunk.length;
      });
      this.write(group, bytesBefore);
    } catch (error) {
      // How much reached the file is unknown: only recovery can tell.
      this.hasFailed = true;
      throw error;
    }
    return spanOfAll(spans, this.endOffset);
  }

  /**
   * Reads whole batches: from memory at the end of the log, else from one segment's file.
   *
   * @throws {LogError} OFFSET_OUT_OF_RANGE, BATCH_BROKEN
   */
  read(request: ReadRequest): LogRead {
    const { offset } = request;
    if (offset < this.startOffset || offset > this.endOffset) {
      throw new LogError(
        { code: 'OFFSET_OUT_OF_RANGE', offset },
        `Cannot read offset ${offset}: the log holds ${this.startOffset} to ${this.endOffset}`,
      );
    }
    if (offset >= this.endOffset || offset >= request.upToOffset) {
      return { chunks: [], bytes: 0, offsetNext: offset, positionNext: -1 };
    }
    const index = this.tail === undefined ? -1 : this.tail.find(offset);
    if (index === -1) return this.segments.read(request, this.config);
    return readTail(this.tail as LogTail, index, request);
  }

  /** @returns the first record with a timestamp of at least `timestamp`, or undefined */
  offsetForTimestamp(timestamp: number): TimestampHit | undefined {
    const from = { offsetMin: this.startOffset, config: this.config };
    return this.segments.findSince(timestamp, from);
  }

  /** @returns the largest timestamp and the last offset of its batch, or undefined */
  largestTime(): TimeEntry | undefined {
    return this.segments.largestTime(this.config);
  }

  /** A leader's epoch begins, at the end of its log. */
  assignEpoch(epoch: number, startOffset: number): void {
    this.checkUsable();
    if (this.epochCache.assign(epoch, startOffset)) this.saveEpochs();
  }

  /**
   * Removes what is at `offset` or after it, durably; a batch that holds it goes whole.
   *
   * @returns what the log is now
   */
  truncateTo(offset: number): RecoveredLog {
    this.checkUsable();
    if (offset < this.startOffset) return this.truncateFullyAndStartAt(offset);
    let epochsEnd = offset;
    if (offset < this.endOffset) {
      const cut = this.segments.cutPoint(offset, this.config);
      // The log starts inside the batch that goes.
      if (cut.endOffset < this.startOffset) return this.truncateFullyAndStartAt(this.startOffset);
      this.beginTruncation(cut.endOffset, this.startOffset);
      removeSnapshots(this.segments.resources.files, this.directory, (at) => at > cut.endOffset);
      this.guard(() => {
        this.segments.cut(cut, this.config);
      });
      this.endOffset = cut.endOffset;
      this.producerState = this.loadProducers();
      epochsEnd = cut.endOffset;
    }
    // Entries may contradict the leader's even where there is nothing to cut.
    if (this.epochCache.truncateFromEnd(epochsEnd)) this.saveEpochs();
    this.checkOffsets();
    return this.describe();
  }

  /** Removes everything, durably; the next batch has `offset` or more. @returns what the log is now */
  truncateFullyAndStartAt(offset: number): RecoveredLog {
    this.checkUsable();
    this.beginTruncation(0, Math.min(offset, this.startOffset));
    removeSnapshots(this.segments.resources.files, this.directory, () => true);
    this.guard(() => {
      this.segments.restartAt(offset);
    });
    this.startOffset = offset;
    this.endOffset = offset;
    this.flushedOffset = offset;
    this.epochCache.clear();
    this.saveEpochs();
    this.producerState = new ProducerState();
    return this.describe();
  }

  /** Moves the start of the log up, as DeleteRecords asks. @returns whether it moved */
  advanceLogStart(offset: number): boolean {
    assert(offset <= this.endOffset, 'A log starts before its end', { offset });
    if (offset <= this.startOffset) return false;
    this.startOffset = offset;
    if (this.epochCache.truncateFromStart(offset)) this.saveEpochs();
    return true;
  }

  /** Removes whole old segments below the high watermark. @returns how many went */
  deleteOldSegments(limits: RetentionLimits): number {
    this.checkUsable();
    const { startOffset, endOffset, config } = this;
    const count = retentionCount(this.segments.all, limits, { startOffset, endOffset, config });
    if (count === 0) return 0;
    this.guard(() => {
      if (count === this.segmentCount) this.roll();
      const first = this.segments.all[count]?.baseOffset ?? endOffset;
      this.advanceLogStart(first);
      this.segments.removeOldest(count);
      removeSnapshots(this.segments.resources.files, this.directory, (at) => at < first);
    });
    this.checkOffsets();
    return count;
  }

  /** Forgets idle producers, by wall time. */
  expireProducers(nowMs: number, expirationMs: number): void {
    this.producerState.expire(nowMs, expirationMs);
  }

  /**
   * Says what must be synced so that everything appended until now survives a power cut: for a shell that
   * syncs where nobody waits, and then calls `onFlushed`.
   */
  flushPlan(): FlushPlan {
    this.checkUsable();
    const paths: string[] = [];
    const { active } = this.segments;
    for (const segment of this.segments.all) {
      if (segment.isDurable) continue;
      if (segment !== active) segment.finishIndex(this.config);
      if (segment !== active) paths.push(...segment.paths);
      else if (this.endOffset > this.flushedOffset) paths.push(segment.path);
    }
    if (this.epochsVersion !== this.epochsVersionDurable && this.epochCache.latest !== undefined) {
      paths.push(`${this.directory}/${leaderEpochFileName}`);
    }
    const { directory, generation, epochsVersion } = this;
    const activeOffset = active.baseOffset;
    return { paths, directory, offset: this.endOffset, activeOffset, generation, epochsVersion };
  }

  /** Everything that the plan names is on the disk. */
  onFlushed(plan: FlushPlan): void {
    if (plan.generation !== this.generation) return;
    this.flushedOffset = Math.max(this.flushedOffset, plan.offset);
    this.epochsVersionDurable = Math.max(this.epochsVersionDurable, plan.epochsVersion);
    for (const segment of this.segments.all) {
      if (segment.baseOffset < plan.activeOffset) segment.isDurable = true;
    }
    this.checkOffsets();
  }

  /** Syncs everything appended until now: waits for the disk. */
  flush(): void {
    const plan = this.flushPlan();
    if (plan.paths.length === 0 && this.flushedOffset === this.endOffset) return;
    this.sync(plan.paths);
    this.onFlushed(plan);
  }

  /** A clean end: all is synced, indexes and producers are written, files are closed. */
  close(): void {
    if (!this.hasFailed && !this.hasEnded) {
      const { active } = this.segments;
      if (active.size > 0 && !active.isDurable) {
        active.finishIndex(this.config);
        this.sync(active.paths);
      }
      this.flush();
      active.isDurable = true;
      this.takeSnapshot();
    }
    this.abandon();
  }

  /** Closes the files and writes nothing: of a log that goes, or that failed. */
  abandon(): void {
    this.hasEnded = true;
    this.segments.close();
    this.tail?.clear();
    this.tail = undefined;
  }

  private checkAll(chunks: readonly Uint8Array[]): readonly BatchSpan[] {
    let end = { endOffset: this.endOffset, epoch: this.epochCache.latest?.epoch ?? -1 };
    return chunks.map((chunk) => {
      const span = checkChunk(chunk, end);
      end = { endOffset: span.lastOffset + 1, epoch: span.epoch };
      return span;
    });
  }

  private write(chunks: readonly Uint8Array[], bytes: number): void {
    if (bytes === 0) return;
    const { active, resources } = this.segments;
    let position = active.size;
    active.append(chunks, bytes);
    for (const chunk of chunks) {
      if (chunk.length === 0) continue;
      const firstOffset = batch.baseOffset(chunk, 0);
      for (let at = 0; at < chunk.length; at += batch.size(chunk, at)) {
        this.noteBatch(chunk, at, position + at);
      }
      position += chunk.length;
      this.tail ??= new LogTail();
      resources.tailCache.push(this.tail, { chunk, firstOffset, lastOffset: this.endOffset - 1 });
    }
  }

  private noteBatch(bytes: Uint8Array, at: number, position: number): void {
    this.segments.active.note({ bytes, at, position }, this.config);
    const epoch = batch.leaderEpoch(bytes, at);
    if (epoch > (this.epochCache.latest?.epoch ?? -1)) {
      this.epochCache.assign(epoch, batch.baseOffset(bytes, at));
      this.saveEpochs();
    }
    this.producerState.appendBatch(bytes, at);
    this.endOffset = batch.lastOffset(bytes, at) + 1;
  }

  private roll(): void {
    this.segments.roll(this.endOffset, this.config);
    this.takeSnapshot();
  }

  private takeSnapshot(): void {
    const { directory, endOffset: offset } = this;
    const { files } = this.segments.resources;
    if (this.bytes === 0 || files.exists(`${directory}/${offsetFileName(offset, 'snapshot')}`)) {
      return;
    }
    writeSnapshot(files, { directory, offset }, this.producerState.entries());
  }

  private loadProducers(): ProducerState {
    const { directory, endOffset: offsetMax, config } = this;
    const { files } = this.segments.resources;
    const snapshot = newestSnapshot(files, { directory, offsetMax });
    const state = new ProducerState(snapshot?.entries);
    const offset = snapshot?.offset ?? this.startOffset;
    if (offset < offsetMax) {
      this.segments.replay({ offset, config }, (bytes, at) => {
        state.appendBatch(bytes, at);
      });
    }
    return state;
  }

  private beginTruncation(endOffset: number, startOffset: number): void {
    this.generation++;
    this.tail?.clear();
    if (this.flushedOffset <= endOffset && this.startOffset <= startOffset) return;
    this.flushedOffset = Math.min(this.flushedOffset, endOffset);
    this.startOffset = startOffset;
    this.saveCheckpoints();
  }

  private saveEpochs(): void {
    this.epochsVersion++;
    const { files } = this.segments.resources;
    this.guard(() => {
      writeEpochs(files, this.directory, this.epochCache.entries);
    });
  }

  private sync(paths: readonly string[]): void {
    const { files } = this.segments.resources;
    this.guard(() => {
      for (const path of paths) syncFile(files, path);
      files.syncDirectory(this.directory);
    });
  }

  /** After a failed write or sync nobody knows what the disk holds, and a second try may lie. */
  private guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.hasFailed = true;
      throw error;
    }
  }

  private checkUsable(): void {
    if (!this.hasFailed && !this.hasEnded) return;
    const { path } = this.segments.active;
    const fact = this.hasEnded ? 'it is closed' : 'an earlier write failed';
    throw new LogError({ code: 'LOG_FAILED', path }, `Cannot change ${path}: ${fact}`);
  }

  private checkOffsets(): void {
    const { startOffset, endOffset, flushedOffset } = this;
    assert(startOffset <= endOffset, 'A log starts before its end', { startOffset, endOffset });
    assert(flushedOffset <= endOffset, 'Only what is there is flushed', { flushedOffset });
  }
}
