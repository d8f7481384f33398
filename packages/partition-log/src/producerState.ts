import { attribute, batch } from './batchHeader.ts';
import {
  batchesRememberedMax,
  judgeSequence,
  type ProducerBatch,
  type ProducerHistory,
  sequenceAfter,
  type SequenceClaim,
  sequenceBefore,
  type SequenceVerdict,
} from './judgeSequence.ts';

/** What a snapshot keeps of one producer: its last batch only, as Kafka's does. */
export interface ProducerEntry {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** -1 when no batch of this epoch is known. */
  readonly lastSequence: number;
  /** -1 when no batch of this epoch is known. */
  readonly lastOffset: number;
  readonly offsetDelta: number;
  /** Milliseconds of wall time. */
  readonly timestamp: number;
  readonly coordinatorEpoch: number;
  /** Where its open transaction began, or -1. */
  readonly transactionFirstOffset: number;
}

/** A batch of an idempotent producer, as it was appended. */
export interface ProducerAppend {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly timestamp: number;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
}

interface Producer extends ProducerHistory {
  producerEpoch: number;
  batches: ProducerBatch[];
  timestamp: number;
  coordinatorEpoch: number;
  transactionFirstOffset: number;
}

/**
 * What one partition remembers of its idempotent producers: plain memory, no files.
 *
 * A leader asks `judge` before it appends; leaders, followers and recovery tell `append` what was appended.
 */
export class ProducerState {
  /** Made with the first producer: most partitions never have one. */
  private producers: Map<number, Producer> | undefined;

  constructor(entries: Iterable<ProducerEntry> = []) {
    for (const entry of entries) this.restore(entry);
  }

  get count(): number {
    return this.producers?.size ?? 0;
  }

  /** @returns whether the batch may be appended */
  judge(producerId: number, claim: SequenceClaim): SequenceVerdict {
    return judgeSequence(this.historyOf(producerId), claim);
  }

  historyOf(producerId: number): ProducerHistory | undefined {
    return this.producers?.get(producerId);
  }

  /** Where the earliest open transaction began, or undefined: reads of committed data end there. */
  get firstUnstableOffset(): number | undefined {
    let first: number | undefined;
    for (const { transactionFirstOffset: offset } of this.producers?.values() ?? []) {
      if (offset >= 0 && (first === undefined || offset < first)) first = offset;
    }
    return first;
  }

  /** Remembers an appended batch without judging it: it is in the log. */
  append(appended: ProducerAppend): void {
    const producer = this.producerOf(appended);
    producer.timestamp = appended.timestamp;
    if (appended.isControl) {
      producer.transactionFirstOffset = -1;
      return;
    }
    if (appended.isTransactional && producer.transactionFirstOffset < 0) {
      producer.transactionFirstOffset = appended.firstOffset;
    }
    const delta = appended.lastOffset - appended.firstOffset;
    if (producer.batches.length === batchesRememberedMax) producer.batches.shift();
    producer.batches.push({
      firstSequence: appended.baseSequence,
      lastSequence: sequenceAfter(appended.baseSequence, delta),
      firstOffset: appended.firstOffset,
      lastOffset: appended.lastOffset,
      timestamp: appended.timestamp,
    });
  }

  /** Remembers the batch whose header is at `at`, if an idempotent producer sent it. */
  appendBatch(bytes: Uint8Array, at: number): void {
    const producerId = batch.producerId(bytes, at);
    if (producerId < 0) return;
    const attributes = batch.attributes(bytes, at);
    this.append({
      producerId,
      producerEpoch: batch.producerEpoch(bytes, at),
      baseSequence: batch.baseSequence(bytes, at),
      firstOffset: batch.baseOffset(bytes, at),
      lastOffset: batch.lastOffset(bytes, at),
      timestamp: batch.maxTimestamp(bytes, at),
      isTransactional: (attributes & attribute.transactional) !== 0,
      isControl: (attributes & attribute.control) !== 0,
    });
  }

  /** Forgets who appended nothing since `expirationMs` before `nowMs`, both wall time; open transactions stay. */
  expire(nowMs: number, expirationMs: number): void {
    for (const [producerId, producer] of this.producers ?? []) {
      const isIdle = nowMs - producer.timestamp >= expirationMs;
      if (isIdle && producer.transactionFirstOffset < 0) this.producers?.delete(producerId);
    }
  }

  clear(): void {
    this.producers = undefined;
  }

  /** What a snapshot holds, by rising producer id: one state, one file. */
  entries(): readonly ProducerEntry[] {
    const sorted = [...(this.producers ?? [])].sort(([left], [right]) => left - right);
    return sorted.map(([producerId, producer]) => entryOf(producerId, producer));
  }

  private producerOf({ producerId, producerEpoch }: ProducerAppend): Producer {
    this.producers ??= new Map();
    let producer = this.producers.get(producerId);
    if (producer === undefined) {
      producer = {
        producerEpoch,
        batches: [],
        timestamp: -1,
        coordinatorEpoch: -1,
        transactionFirstOffset: -1,
      };
      this.producers.set(producerId, producer);
    } else if (producer.producerEpoch !== producerEpoch) {
      producer.producerEpoch = producerEpoch;
      producer.batches = [];
    }
    return producer;
  }

  private restore(entry: ProducerEntry): void {
    const { lastSequence, lastOffset, offsetDelta, timestamp } = entry;
    const last: ProducerBatch = {
      firstSequence: sequenceBefore(lastSequence, offsetDelta),
      lastSequence,
      firstOffset: lastOffset - offsetDelta,
      lastOffset,
      timestamp,
    };
    this.producers ??= new Map();
    this.producers.set(entry.producerId, {
      producerEpoch: entry.producerEpoch,
      batches: lastOffset >= 0 ? [last] : [],
      timestamp,
      coordinatorEpoch: entry.coordinatorEpoch,
      transactionFirstOffset: entry.transactionFirstOffset,
    });
  }
}

function entryOf(producerId: number, producer: Producer): ProducerEntry {
  const last = producer.batches[producer.batches.length - 1];
  return {
    producerId,
    producerEpoch: producer.producerEpoch,
    lastSequence: last?.lastSequence ?? -1,
    lastOffset: last?.lastOffset ?? -1,
    offsetDelta: last === undefined ? 0 : last.lastOffset - last.firstOffset,
    timestamp: producer.timestamp,
    coordinatorEpoch: producer.coordinatorEpoch,
    transactionFirstOffset: producer.transactionFirstOffset,
  };
}
