import {
  assignOffsets,
  batch,
  LeaderEpochCache,
  ProducerState,
  type RecoveredLog,
} from '@zookafka/partition-log';
import { type LogReadWanted, type LogSlice } from '@zookafka/broker/core';

interface StoredBatch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly epoch: number;
  readonly bytes: Uint8Array;
}

/** A partition's log in memory: what the shell's would do, in a screen. */
export class SimulatedLog {
  batches: StoredBatch[] = [];
  logStartOffset = 0;
  logEndOffset = 0;
  private epochs = new LeaderEpochCache();

  append(chunks: readonly Uint8Array[], given: { firstOffset: number; leaderEpoch: number }): void {
    if (given.leaderEpoch >= 0) {
      let offsetNext = given.firstOffset;
      for (const chunk of chunks) {
        offsetNext =
          assignOffsets(chunk, { offsetNext, leaderEpoch: given.leaderEpoch }).lastOffset + 1;
      }
    }
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += batch.size(chunk, at)) {
        this.push(chunk.slice(at, at + batch.size(chunk, at)));
      }
    }
  }

  assignEpoch(epoch: number, startOffset: number): void {
    this.epochs.assign(epoch, startOffset);
  }

  truncate(offset: number): RecoveredLog {
    this.batches = this.batches.filter(({ lastOffset }) => lastOffset < offset);
    this.logEndOffset = Math.min(this.logEndOffset, offset);
    this.epochs.truncateFromEnd(offset);
    return this.describe();
  }

  restart(offset: number): RecoveredLog {
    this.batches = [];
    this.logStartOffset = offset;
    this.logEndOffset = offset;
    this.epochs.clear();
    return this.describe();
  }

  advanceStart(offset: number): void {
    this.logStartOffset = Math.max(this.logStartOffset, offset);
    this.batches = this.batches.filter(({ lastOffset }) => lastOffset >= this.logStartOffset);
    this.epochs.truncateFromStart(this.logStartOffset);
  }

  read(
    wanted: LogReadWanted,
    { maxBytes, minOneBatch }: { maxBytes: number; minOneBatch: boolean },
  ): LogSlice {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for (const { lastOffset, bytes: chunk } of this.batches) {
      if (lastOffset < wanted.offset) continue;
      if (lastOffset >= wanted.upToOffset) break;
      const isFirst = chunks.length === 0 && minOneBatch;
      if (bytes + chunk.length > maxBytes && !isFirst) break;
      chunks.push(chunk);
      bytes += chunk.length;
    }
    return { chunks, bytes, errorCode: 0 };
  }

  /** As recovery finds it: producers from the batches that are there. */
  describe(): RecoveredLog {
    const producers = new ProducerState();
    for (const { bytes } of this.batches) producers.appendBatch(bytes, 0);
    return {
      logStartOffset: this.logStartOffset,
      logEndOffset: this.logEndOffset,
      recoveryPoint: this.logEndOffset,
      epochs: [...this.epochs.entries],
      producers: producers.entries(),
      bytes: 0,
      segments: 1,
      cut: undefined,
    };
  }

  private push(bytes: Uint8Array): void {
    const firstOffset = batch.baseOffset(bytes, 0);
    const lastOffset = batch.lastOffset(bytes, 0);
    const epoch = batch.leaderEpoch(bytes, 0);
    if (firstOffset < this.logEndOffset) throw new Error(`offset ${firstOffset} is there already`);
    if (epoch > (this.epochs.latest?.epoch ?? -1)) this.epochs.assign(epoch, firstOffset);
    this.batches.push({ firstOffset, lastOffset, epoch, bytes });
    this.logEndOffset = lastOffset + 1;
  }
}
