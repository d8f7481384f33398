import { assert } from '@zookafka/base';
import { type ProducerRecord } from './types.ts';

/** A record that waits, and since when. */
export interface QueuedRecord {
  readonly token: number;
  readonly record: ProducerRecord;
  readonly sinceMs: number;
}

/** Records that travel together, once they were sealed into bytes. */
export interface ProducerBatch {
  readonly queue: PartitionQueue;
  readonly items: readonly QueuedRecord[];
  readonly bytes: Uint8Array;
  /** Sent before the others of its queue: retries come back in this order. */
  readonly order: number;
  /** An attempt may have been written although no answer came. */
  isUnknown: boolean;
}

/** What was given up because it waited too long. */
export interface Overdue {
  readonly items: readonly QueuedRecord[];
  readonly isUnknown: boolean;
  readonly isSealed: boolean;
}

/** What a record costs in a batch beside key, value and headers, in bytes: at the most. */
const recordOverheadBytes = 40;

/** The records of one partition on their way: gathering, sealed for a retry, in flight. */
export class PartitionQueue {
  readonly topic: string;
  /** -1 for records whose topic's partitions are not known yet. */
  readonly partition: number;
  /** The sequence number of the next record to be sealed. */
  sequenceNext = 0;
  /** Whom the batches that are under way went to: no other leader gets any before they are back. */
  leaderInFlight = -1;
  private readonly inFlight = new Set<number>();
  private gathering: QueuedRecord[] = [];
  private gatheringBytes = 0;
  private bytesMax = 0;
  private retries: ProducerBatch[] = [];
  private orderNext = 0;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get isFull(): boolean {
    return this.gatheringBytes >= this.bytesMax && this.gathering.length > 0;
  }

  /** Whether nothing gathers here. */
  get isEmpty(): boolean {
    return this.gathering.length === 0;
  }

  get inFlightCount(): number {
    return this.inFlight.size;
  }

  /** Whether something that was sealed before this batch is not settled yet. */
  hasEarlier({ order }: Pick<ProducerBatch, 'order'>): boolean {
    for (const other of this.inFlight) if (other < order) return true;
    return this.retries.some((retry) => retry.order < order);
  }

  add(item: QueuedRecord, bytesMax: number): void {
    this.bytesMax = bytesMax;
    this.gathering.push(item);
    this.gatheringBytes += sizeOf(item.record);
  }

  /** Gives all records that gathered back, for another queue. */
  takeAll(): readonly QueuedRecord[] {
    const items = this.gathering;
    this.gathering = [];
    this.gatheringBytes = 0;
    return items;
  }

  /** When the oldest record has lingered, or waited too long; undefined when the queue is empty. */
  dueMs({
    lingerMs,
    deliveryTimeoutMs,
  }: {
    lingerMs: number;
    deliveryTimeoutMs: number;
  }): number | undefined {
    const retry = this.retries[0]?.items[0];
    if (retry !== undefined) return retry.sinceMs + deliveryTimeoutMs;
    const first = this.gathering[0];
    if (first === undefined) return undefined;
    return (
      first.sinceMs +
      (this.inFlightCount === 0 && this.partition !== -1 ? lingerMs : deliveryTimeoutMs)
    );
  }

  isDue(nowMs: number, lingerMs: number): boolean {
    if (this.retries.length > 0 || this.isFull) return true;
    const first = this.gathering[0];
    return first !== undefined && nowMs - first.sinceMs >= lingerMs;
  }

  /** A retry goes out alone, when all that was under way is back: so order is kept. */
  maySend(inFlightCountMax: number): boolean {
    if (this.retries.length > 0) return this.inFlightCount === 0;
    return this.gathering.length > 0 && this.inFlightCount < inFlightCountMax;
  }

  /** Takes the next batch: a retry as it was, else what has gathered, sealed by `seal`. */
  takeBatch(seal: (items: readonly QueuedRecord[]) => Uint8Array): ProducerBatch {
    const retry = this.retries.shift();
    if (retry !== undefined) {
      this.inFlight.add(retry.order);
      return retry.bytes.length > 0 ? retry : { ...retry, bytes: seal(retry.items) };
    }
    const items = this.cut();
    this.inFlight.add(this.orderNext);
    return { queue: this, items, bytes: seal(items), order: this.orderNext++, isUnknown: false };
  }

  /** A batch ended, for good or bad. */
  landed({ order }: Pick<ProducerBatch, 'order'>): void {
    assert(this.inFlight.delete(order), 'A batch lands once', { topic: this.topic, order });
  }

  /** A batch is to be sent again. */
  takeBack(batch: ProducerBatch): void {
    this.landed(batch);
    this.retries.push(batch);
    this.retries.sort((left, right) => left.order - right.order);
  }

  /**
   * Makes the retries be sealed anew: under another producer id, whose sequences begin at 0.
   *
   * @returns those that may have been written under the old id: sent again they could be there twice
   */
  unseal(): readonly ProducerBatch[] {
    this.sequenceNext = 0;
    const unknown = this.retries.filter(({ isUnknown }) => isUnknown);
    this.retries = this.retries
      .filter(({ isUnknown }) => !isUnknown)
      .map((batch) => ({ ...batch, bytes: new Uint8Array(0) }));
    return unknown;
  }

  /** Takes out what waits since before `beforeMs`; what is in flight has its request's own end. */
  takeOverdue(beforeMs: number): readonly Overdue[] {
    const overdue: Overdue[] = [];
    while (this.retries.length > 0 && isBefore(this.retries[0]?.items[0], beforeMs)) {
      const { items, isUnknown } = this.retries.shift() as ProducerBatch;
      overdue.push({ items, isUnknown, isSealed: true });
    }
    if (isBefore(this.gathering[0], beforeMs)) {
      const items = this.gathering.filter((item) => isBefore(item, beforeMs));
      this.gathering = this.gathering.slice(items.length);
      this.gatheringBytes = this.gathering.reduce((sum, { record }) => sum + sizeOf(record), 0);
      overdue.push({ items, isUnknown: false, isSealed: false });
    }
    return overdue;
  }

  private cut(): readonly QueuedRecord[] {
    let bytes = 0;
    let count = 0;
    for (const { record } of this.gathering) {
      bytes += sizeOf(record);
      if (count > 0 && bytes > this.bytesMax) break;
      count++;
    }
    const items = this.gathering.slice(0, count);
    this.gathering = this.gathering.slice(count);
    this.gatheringBytes = this.gathering.reduce((sum, { record }) => sum + sizeOf(record), 0);
    return items;
  }
}

function isBefore(item: QueuedRecord | undefined, beforeMs: number): boolean {
  return item !== undefined && item.sinceMs <= beforeMs;
}

function sizeOf({ key, value, headers }: ProducerRecord): number {
  let size = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
  for (const header of headers) size += header.key.length * 3 + (header.value?.length ?? 0) + 10;
  return size;
}
