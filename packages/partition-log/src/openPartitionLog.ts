import { batch, batchFault } from './batchHeader.ts';
import { LeaderEpochCache } from './leaderEpochCache.ts';
import { readEpochs, writeEpochs } from './leaderEpochFile.ts';
import { LogError } from './logError.ts';
import { type LogOpening } from './logOpening.ts';
import { type LogCut, PartitionLog } from './partitionLog.ts';
import { removeSnapshots } from './producerSnapshot.ts';
import { type Segment } from './segment.ts';
import { findSegments } from './segmentFiles.ts';
import { type SegmentList } from './segmentList.ts';
import { SegmentScanner } from './segmentScanner.ts';

/** A walk over the end of a log that is not trusted. */
interface Recovery {
  readonly opening: LogOpening;
  readonly segments: SegmentList;
  readonly epochs: LeaderEpochCache;
  endOffset: number;
  cut: LogCut | undefined;
}

/**
 * Opens a partition's log, and recovers it after an unclean stop: from the segment of the recovery point on,
 * batch by batch, it is cut at the first bad one, and indexes, epochs and producers are rebuilt.
 *
 * `describe()` of the result tells what was found.
 *
 * @throws {LogError} FILE_NEWER, FILE_FOREIGN, BATCH_BROKEN
 */
export function openPartitionLog(opening: LogOpening): PartitionLog {
  const segments = findSegments(opening);
  const { epochs, isAsSaved } = loadEpochs(opening, segments);
  const before = JSON.stringify(epochs.entries);
  const recovery: Recovery = { opening, segments, epochs, endOffset: 0, cut: undefined };
  const isClean = opening.isClean && openCleanly(recovery);
  if (!isClean) recover(recovery);
  const logStartOffset = settleStart(recovery);
  epochs.truncateFromEnd(recovery.endOffset);
  const known = epochs.entries[0]?.startOffset ?? recovery.endOffset;
  // A power cut may undo a removal of old segments, but not that of their epochs.
  if (known > logStartOffset) scanEpochs(opening, segments, epochs);
  epochs.truncateFromStart(logStartOffset);
  const { files } = opening.resources;
  const isChanged = !isAsSaved || JSON.stringify(epochs.entries) !== before;
  if (isChanged) writeEpochs(files, opening.directory, epochs.entries);
  const { endOffset, cut } = recovery;
  // A snapshot beyond the end would fit by its name only, once the log has grown again.
  if (removeSnapshots(files, opening.directory, (offset) => offset > endOffset)) {
    files.syncDirectory(opening.directory);
  }
  return new PartitionLog({
    segments,
    epochs,
    config: opening.config,
    logStartOffset,
    logEndOffset: endOffset,
    recoveryPoint: isClean ? endOffset : Math.min(opening.recoveryPoint, endOffset),
    areEpochsDurable: isClean && !isChanged,
    cut,
    saveCheckpoints: opening.saveCheckpoints,
  });
}

function loadEpochs(
  opening: LogOpening,
  segments: SegmentList,
): { readonly epochs: LeaderEpochCache; readonly isAsSaved: boolean } {
  try {
    const saved = readEpochs(opening.resources.files, opening.directory);
    if (saved !== undefined) return { epochs: new LeaderEpochCache(saved), isAsSaved: true };
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== 'FILE_BROKEN') throw error;
  }
  const epochs = new LeaderEpochCache();
  const isEmpty = segments.bytes === 0;
  if (!isEmpty) scanEpochs(opening, segments, epochs);
  return { epochs, isAsSaved: isEmpty };
}

/** The log tells the epochs too, more slowly; where it is torn, recovery goes on. */
function scanEpochs(opening: LogOpening, segments: SegmentList, epochs: LeaderEpochCache): void {
  const { config } = opening;
  epochs.clear();
  try {
    segments.replay({ offset: segments.first.baseOffset, config }, (bytes, at) => {
      noteEpoch(epochs, bytes, at);
    });
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== 'BATCH_BROKEN') throw error;
  }
}

function noteEpoch(epochs: LeaderEpochCache, bytes: Uint8Array, at: number): void {
  const epoch = batch.leaderEpoch(bytes, at);
  if (epoch > (epochs.latest?.epoch ?? -1)) epochs.assign(epoch, batch.baseOffset(bytes, at));
}

/** Looks at what follows the last index entry only. @returns false when that is not as it was left */
function openCleanly(recovery: Recovery): boolean {
  const { segments, opening } = recovery;
  const { active } = segments;
  recovery.endOffset = active.baseOffset;
  if (active.size > 0) {
    const entry = active.lastEntry();
    if (entry === undefined || !active.adoptTimes(opening.config)) return false;
    if (scanSegment(recovery, active, entry.position).fault !== undefined) return false;
  }
  for (const segment of segments.all) segment.isDurable = true;
  return true;
}

function recover(recovery: Recovery): void {
  const { segments, opening, epochs } = recovery;
  const { recoveryPoint, config } = opening;
  // The segment that ends at the recovery point was perhaps not complete on the disk: its indexes.
  const start = Math.max(0, segments.indexOf(Math.max(0, recoveryPoint - 1)));
  segments.all.forEach((segment, index) => {
    segment.isDurable = index < start;
  });
  const first = segments.all[start] as Segment;
  epochs.truncateFromEnd(first.baseOffset);
  recovery.endOffset = first.baseOffset;
  for (let index = start; index < segments.all.length; index++) {
    const segment = segments.all[index] as Segment;
    const isHole = segment.baseOffset !== recovery.endOffset;
    // Compaction leaves holes in what was flushed; in what was not, the end of a segment is missing.
    if (isHole && recovery.endOffset >= recoveryPoint) {
      cutAt(recovery, { index: index - 1, position: undefined }, 'a segment before it ends early');
      return;
    }
    recovery.endOffset = segment.baseOffset;
    segment.resetIndex();
    const { fault, position } = scanSegment(recovery, segment, 0);
    if (fault !== undefined) {
      cutAt(recovery, { index, position }, fault);
      return;
    }
    if (segment !== segments.active) segment.finishIndex(config);
  }
}

/** Walks whole batches; what is good goes into indexes and epochs. @returns where and why it ended */
function scanSegment(
  recovery: Recovery,
  segment: Segment,
  position: number,
): { readonly position: number; readonly fault: string | undefined } {
  const { checksum } = recovery.opening.resources;
  const range = { position, end: segment.size, whole: true };
  const scanner = new SegmentScanner(segment.file(), range);
  while (scanner.next()) {
    const { bytes, at, size } = scanner;
    const fault =
      batchFault({ bytes, at, end: at + size }, checksum) ?? orderFault(recovery, bytes, at);
    if (fault !== undefined) return { position: scanner.position, fault };
    segment.note(scanner, recovery.opening.config);
    noteEpoch(recovery.epochs, bytes, at);
    recovery.endOffset = batch.lastOffset(bytes, at) + 1;
  }
  return { position: scanner.position, fault: scanner.fault };
}

function orderFault(recovery: Recovery, bytes: Uint8Array, at: number): string | undefined {
  if (batch.baseOffset(bytes, at) < recovery.endOffset) return 'its offset falls';
  const latest = recovery.epochs.epochOf(batch.baseOffset(bytes, at));
  return batch.leaderEpoch(bytes, at) < latest ? 'its leader epoch falls' : undefined;
}

function cutAt(
  recovery: Recovery,
  { index, position }: { readonly index: number; readonly position: number | undefined },
  reason: string,
): void {
  const { segments, opening, endOffset } = recovery;
  const kept = segments.all[index] as Segment;
  const bytesBefore = segments.bytes;
  segments.cut({ index, position: position ?? kept.size, endOffset }, opening.config);
  recovery.cut = {
    offset: endOffset,
    bytes: bytesBefore - segments.bytes,
    reason,
    wasFlushed: endOffset < opening.recoveryPoint,
  };
}

/** @returns where the log starts; a log that lost even that starts anew there */
function settleStart(recovery: Recovery): number {
  const { segments, opening, epochs } = recovery;
  const start = Math.max(opening.logStartOffset, segments.first.baseOffset);
  if (start <= recovery.endOffset) return start;
  segments.restartAt(start);
  epochs.clear();
  removeSnapshots(opening.resources.files, opening.directory, () => true);
  recovery.endOffset = start;
  return start;
}
