import { bytesConcat, crc32c, Prng } from '@zookafka/base';
import {
  batch,
  LogDirectory,
  type LoadedPartition,
  type LogConfig,
  logConfigDefault,
  type PartitionLog,
} from '@zookafka/partition-log';
import { placedBatch, readAll, resourcesOf } from './logFixture.ts';
import { MemoryDisk } from './memoryDisk.ts';

const id = { topic: 'words', partition: 3 };
const topicId = 'abcdefghijklmnopqrstuv';

interface Expected {
  readonly first: number;
  readonly next: number;
  readonly epoch: number;
  readonly bytes: Uint8Array;
}

/** A log, what it must hold, and crashes: the same seed gives the same history. */
export class Trial {
  readonly disk = new MemoryDisk();
  readonly counts = {
    append: 0,
    kill: 0,
    powerCut: 0,
    truncate: 0,
    retention: 0,
    clean: 0,
    cutInside: 0,
  };
  private readonly prng: Prng;
  private readonly config: LogConfig;
  private directory: LogDirectory;
  private log: PartitionLog;
  private batches: Expected[] = [];
  private start = 0;
  private end = 0;
  private epoch = 0;
  /** What a power cut must leave. */
  private flushed = 0;
  private sequence = 0;

  constructor(seed: number) {
    this.prng = new Prng(seed);
    this.config = {
      ...logConfigDefault,
      segmentBytes: this.prng.between(300, 3000),
      indexIntervalBytes: this.prng.between(0, 400),
    };
    this.disk.makeDirectory('/data');
    this.disk.syncDirectory('/');
    this.directory = this.openDirectory();
    this.log = this.directory.create(id, topicId).log;
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) {
      this.step();
      this.check();
    }
  }

  private step(): void {
    const draw = this.prng.below(100);
    if (draw < 60) this.append();
    else if (draw < 66) this.flush();
    else if (draw < 70) this.truncate();
    else if (draw < 73) this.deleteOld();
    else if (draw < 76) this.directory.checkpointLogs();
    else if (draw < 78) this.startEpoch();
    else if (draw < 84) this.restart('clean');
    else if (draw < 90) this.restart('kill');
    else if (draw < 95) this.restart('powerCut');
    else this.cutInsideOperation();
  }

  private append(): void {
    const chunks: Uint8Array[] = [];
    for (let count = this.prng.between(1, 3); count > 0; count--) {
      const records = this.prng.between(1, 5);
      const bytes = placedBatch(this.end, this.epoch, {
        records,
        valueBytes: this.prng.below(60),
        timestamp: 1000 + this.prng.below(500),
        fill: this.prng.below(256),
        producerId: 7,
        baseSequence: this.sequence,
      });
      this.sequence += records;
      this.batches.push({ first: this.end, next: this.end + records, epoch: this.epoch, bytes });
      this.end += records;
      chunks.push(bytes);
    }
    this.counts.append++;
    this.log.append(this.prng.chance(500) ? chunks : [bytesConcat(chunks)]);
  }

  private flush(): void {
    this.log.flush();
    this.flushed = this.end;
    if (this.prng.chance(500)) this.directory.checkpointLogs();
  }

  private truncate(): void {
    const offset = this.prng.between(this.start, this.end);
    this.counts.truncate++;
    this.model(this.log.truncateTo(offset).logEndOffset, offset);
    this.flushed = Math.min(this.flushed, this.end);
    this.epoch += 1;
  }

  /** The log was cut to `end`, where `wanted` was asked for. */
  private model(end: number, wanted: number): void {
    this.batches = this.batches.filter(({ next }) => next <= wanted);
    const last = this.batches[this.batches.length - 1];
    // A log that starts inside a batch that went starts anew there.
    expect(end).toBe(Math.max(last?.next ?? 0, this.start));
    this.end = end;
    this.start = Math.min(this.start, end);
    this.resumeSequence();
  }

  private resumeSequence(): void {
    this.sequence = 0;
    for (const { first, next } of this.batches) this.sequence += next - first;
    this.sequence += 1000 * this.epoch;
  }

  private deleteOld(): void {
    const limits = { nowMs: 0, retentionMs: -1, retentionBytes: 3000 };
    const highWatermark = this.prng.between(this.start, this.end);
    if (this.prng.chance(300)) this.log.advanceLogStart(highWatermark);
    this.log.deleteOldSegments({ ...limits, highWatermark });
    this.counts.retention++;
    expect(this.log.logStartOffset).toBeLessThanOrEqual(Math.max(highWatermark, this.start));
    this.start = this.log.logStartOffset;
    this.directory.checkpointLogs();
  }

  private startEpoch(): void {
    this.epoch++;
    this.log.assignEpoch(this.epoch, this.end);
  }

  private restart(kind: 'clean' | 'kill' | 'powerCut'): void {
    this.counts[kind]++;
    if (kind === 'clean') this.directory.close();
    if (kind === 'powerCut') this.disk.powerCut(this.prng);
    const before = this.end;
    this.reopen();
    if (kind === 'powerCut') this.afterPowerCut(this.flushed);
    expect([kind, this.log.logEndOffset]).toEqual([kind, kind === 'powerCut' ? this.end : before]);
    if (kind === 'clean') this.flushed = this.end;
  }

  /** The power goes at some change of the disk inside a flush, a truncation, an append or a clean stop. */
  private cutInsideOperation(): void {
    const { flushed, start } = this;
    let left = this.prng.below(12);
    this.disk.beforeChange = () => {
      if (left-- === 0) throw new Error('power cut');
    };
    let kept = flushed;
    try {
      const draw = this.prng.below(4);
      if (draw === 0) this.log.flush();
      else if (draw === 1) this.directory.close();
      else if (draw === 2) this.append();
      else {
        kept = this.prng.between(start, this.end);
        this.log.truncateTo(kept);
      }
    } catch (error) {
      expect((error as Error).message).toContain('power cut');
    }
    this.disk.beforeChange = () => undefined;
    this.counts.cutInside++;
    this.disk.powerCut(this.prng);
    this.reopen();
    this.afterPowerCut(Math.min(kept, flushed));
    this.epoch++;
  }

  private afterPowerCut(flushed: number): void {
    const end = this.log.logEndOffset;
    const whole = this.batches.filter(({ next }) => next <= flushed);
    // A truncation in the middle of a batch takes all of it.
    expect(end).toBeGreaterThanOrEqual(Math.max(0, ...whole.map(({ next }) => next)));
    expect(this.batches.some(({ next }) => next === end) || end <= this.start).toBe(true);
    this.batches = this.batches.filter(({ next }) => next <= end);
    this.end = end;
    this.start = this.log.logStartOffset;
    this.flushed = Math.min(flushed, end);
    this.resumeSequence();
  }

  private reopen(): void {
    this.directory = this.openDirectory();
    const [loaded] = [...this.directory.loadAll()] as [LoadedPartition];
    expect(loaded.topicId).toBe(topicId);
    this.log = loaded.log;
  }

  private openDirectory(): LogDirectory {
    return new LogDirectory({
      resources: resourcesOf(this.disk, this.prng.pick([0, 500, 1 << 20])),
      directory: '/data/kafka',
      identity: { brokerId: 1, clusterId: 'cluster' },
      configOf: () => this.config,
    });
  }

  private check(): void {
    const { log } = this;
    const start = Math.max(this.start, log.logStartOffset);
    const kept = this.batches.filter(({ next }) => next > start);
    const found = readAll(log, start, this.prng.between(1, 2000));
    expect(labelsOf(found)).toEqual(kept.flatMap(({ bytes }) => labelsOf(bytes)));
    expect(log.logEndOffset).toBe(this.end);
    expect(log.recoveryPoint).toBeLessThanOrEqual(this.end);
    this.checkEpochs(kept);
    this.checkProducers();
    this.checkTimes(kept, start);
  }

  /** K13: what the cache says of each batch is what the batch says. */
  private checkEpochs(kept: readonly Expected[]): void {
    const { entries } = this.log.epochs;
    for (const { first, epoch } of kept) {
      if (first >= this.log.logStartOffset) expect(this.log.epochs.epochOf(first)).toBe(epoch);
    }
    entries.forEach((entry, index) => {
      const before = entries[index - 1];
      expect(entry.startOffset).toBeLessThanOrEqual(this.end);
      if (before === undefined) return;
      expect(entry.epoch).toBeGreaterThan(before.epoch);
      expect(entry.startOffset).toBeGreaterThan(before.startOffset);
    });
  }

  private checkProducers(): void {
    const last = this.batches[this.batches.length - 1];
    // Retention may take the data, and a power cut the snapshot that would remember the producer.
    if (last === undefined || last.next <= this.log.logStartOffset) return;
    const history = this.log.producers.historyOf(7);
    expect(history?.batches[history.batches.length - 1]).toMatchObject({
      firstOffset: last.first,
      lastOffset: last.next - 1,
    });
  }

  private checkTimes(kept: readonly Expected[], start: number): void {
    const timestamp = 1000 + this.prng.below(500);
    const hit = this.log.offsetForTimestamp(timestamp);
    const times = kept.flatMap(({ first, next, bytes }) =>
      Array.from({ length: next - first }, (_, index) => ({
        offset: first + index,
        timestamp: new DataView(bytes.buffer, bytes.byteOffset).getInt32(31) + index,
      })),
    );
    const wanted = times.find((time) => time.offset >= start && time.timestamp >= timestamp);
    expect(hit?.offset).toBe(wanted?.offset);
  }
}

/** Offsets, epoch and content of each batch, short enough to be compared by a person. */
function labelsOf(bytes: Uint8Array): readonly string[] {
  const labels: string[] = [];
  for (let at = 0; at < bytes.length; at += batch.size(bytes, at)) {
    const crc = crc32c(bytes, at, at + batch.size(bytes, at));
    const epoch = batch.leaderEpoch(bytes, at);
    labels.push(`${batch.baseOffset(bytes, at)}-${batch.lastOffset(bytes, at)} e${epoch} ${crc}`);
  }
  return labels;
}

/** Runs many trials. @returns how often each kind of step happened */
export function runTrials(seeds: readonly number[], steps: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const seed of seeds) {
    const trial = new Trial(seed);
    try {
      trial.run(steps);
    } catch (error) {
      throw new Error(`Seed ${seed} shows it`, { cause: error });
    }
    for (const [kind, count] of Object.entries(trial.counts)) {
      counts[kind] = (counts[kind] ?? 0) + count;
    }
  }
  return counts;
}
