import { assert } from '@zookafka/base';
import { type ClientRules } from './rules.ts';
import { type ProducerRecord } from './types.ts';

/** A record that waits, and since when. */
export interface QueuedRecord {
  readonly token: number;
  readonly record: ProducerRecord;
  readonly sinceMs: number;
  /** What it takes in a batch, at the most. */
  readonly bytes: number;
}

/** Under whose name batches are written: the sequences of a partition begin at 0 in each epoch. */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** Records that travel together, once they were sealed into bytes. */
export interface ProducerBatch {
  readonly queue: PartitionQueue;
  readonly items: readonly QueuedRecord[];
  /** Empty when it is to be sealed anew. */
  readonly bytes: Uint8Array;
  /** Sent before the others of its queue: retries come back in this order. Whole, but for parts of a batch. */
  readonly order: number;
  /** No other batch has an order from here to so much later: halved with each split. */
  readonly orderSpan: number;
  /** An attempt may have been written although no answer said so. */
  isUnknown: boolean;
}

/** What was given up because it waited too long. */
export interface Overdue {
  readonly items: readonly QueuedRecord[];
  readonly isUnknown: boolean;
  readonly isSealed: boolean;
}

/** When a queue has waited enough. Times in ms. */
export interface QueueTimes {
  readonly lingerMs: number;
  readonly deliveryTimeoutMs: number;
}

/** The partition of a queue whose records' partitions are not chosen yet. */
export const unplacedPartition = -1;
/** What a record costs in a batch beside key, value and headers, in bytes: at the most. */
const recordOverheadBytes = 40;
/** Taken records before the head are let go when they are so many and more than half. */
const headCountMax = 1024;

/** The records of one partition on their way: gathering, sealed for a retry, in flight. */
export class PartitionQueue {
  readonly topic: string;
  /** `unplacedPartition` for records whose topic's partitions are not known yet. */
  readonly partition: number;
  /** Undefined until its first batch is sealed. */
  identity: ProducerIdentity | undefined;
  /** The sequence number of the next record to be sealed. */
  sequenceNext = 0;
  /** Sequences have a gap that will not be filled: it must go on in another epoch. */
  isBroken = false;
  /** A batch was acknowledged under its identity. */
  isKnown = false;
  /** Was refused, and sends nothing before the next look at the metadata. */
  isHeld = false;
  /** Whom the batches that are under way went to: no other leader gets any before they are back. */
  leaderInFlight = -1;
  private bytesMax: number;
  private readonly inFlight = new Set<number>();
  private gathering: QueuedRecord[] = [];
  /** The first in `gathering` that was not taken yet. */
  private head = 0;
  private gatheringBytes = 0;
  /** So many of those that gather do not wait for the linger time. */
  private flushCount = 0;
  private retries: ProducerBatch[] = [];
  private orderNext = 0;

  constructor(place: {
    readonly topic: string;
    readonly partition: number;
    readonly bytesMax: number;
  }) {
    this.topic = place.topic;
    this.partition = place.partition;
    this.bytesMax = place.bytesMax;
  }

  /** A batch's worth has gathered. */
  get isFull(): boolean {
    return this.gatheringBytes >= this.bytesMax && this.gatheringCount > 0;
  }

  get inFlightCount(): number {
    return this.inFlight.size;
  }

  get gatheringCount(): number {
    return this.gathering.length - this.head;
  }

  get isFlushing(): boolean {
    return this.flushCount > 0;
  }

  /** Whether something that was sealed before this batch is not settled yet. */
  hasEarlier({ order }: Pick<ProducerBatch, 'order'>): boolean {
    for (const other of this.inFlight) if (other < order) return true;
    return this.retries.some((retry) => retry.order < order);
  }

  add(item: QueuedRecord): void {
    this.gathering.push(item);
    this.gatheringBytes += item.bytes;
  }

  /** What has gathered so far goes out without waiting. */
  flush(): void {
    this.flushCount = this.gatheringCount;
  }

  /** Gives all records that gathered back, for another queue. */
  takeAll(): readonly QueuedRecord[] {
    return this.takeFirst(this.gatheringCount);
  }

  /** When it next wants to be looked at: the oldest record has lingered, or waited too long. */
  dueMs(nowMs: number, { lingerMs, deliveryTimeoutMs }: QueueTimes): number | undefined {
    const retry = this.retries[0]?.items[0];
    const first = this.gathering[this.head];
    const oldest = retry ?? first;
    if (oldest === undefined) return undefined;
    const overdueMs = oldest.sinceMs + deliveryTimeoutMs;
    if (first === undefined || retry !== undefined || this.partition === unplacedPartition) {
      return overdueMs;
    }
    // One that has lingered and could not leave is looked at when something changes.
    const lingeredMs = first.sinceMs + lingerMs;
    return lingeredMs > nowMs ? Math.min(lingeredMs, overdueMs) : overdueMs;
  }

  isDue(nowMs: number, lingerMs: number): boolean {
    if (this.retries.length > 0 || this.flushCount > 0 || this.isFull) return true;
    const first = this.gathering[this.head];
    return first !== undefined && nowMs - first.sinceMs >= lingerMs;
  }

  /** Whether its next batch may leave. */
  maySend(rules: ClientRules): boolean {
    const { isHeld, isBroken, isKnown, gatheringCount, inFlightCount } = this;
    const retryCount = this.retries.length;
    return rules.maySend({ isHeld, isBroken, isKnown, retryCount, gatheringCount, inFlightCount });
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
    const order = this.orderNext++;
    return { queue: this, items, bytes: seal(items), order, orderSpan: 1, isUnknown: false };
  }

  /** A batch ended, for good or bad. */
  landed({ order }: Pick<ProducerBatch, 'order'>): void {
    assert(this.inFlight.delete(order), 'A batch lands once', { topic: this.topic, order });
  }

  /** A batch is to be sent again. */
  takeBack(batch: ProducerBatch): void {
    this.landed(batch);
    this.retry(batch);
  }

  /**
   * A batch of several records was too large: it is to be sent in two parts, and what is cut later is no larger than these.
   *
   * @param seal given the records of a part, and how many of the batch stand before them
   */
  split(
    batch: ProducerBatch,
    seal: (items: readonly QueuedRecord[], before: number) => Uint8Array,
  ): void {
    const { items, order, bytes } = batch;
    assert(items.length > 1, 'A batch that is split has several records');
    this.landed(batch);
    this.bytesMax = Math.min(this.bytesMax, bytes.length >> 1);
    const middle = items.length >> 1;
    const orderSpan = batch.orderSpan / 2;
    const first = items.slice(0, middle);
    const second = items.slice(middle);
    this.retry({ ...batch, items: first, bytes: seal(first, 0), orderSpan });
    const orderOfSecond = order + orderSpan;
    const bytesOfSecond = seal(second, middle);
    this.retry({ ...batch, items: second, bytes: bytesOfSecond, order: orderOfSecond, orderSpan });
  }

  /**
   * Goes on under another identity, with sequences from 0: retries are sealed anew.
   *
   * @returns those that may have been written under the old one: sent again they could be there twice
   */
  startAnew(
    identity: ProducerIdentity | undefined,
    { maySealAnew }: ClientRules,
  ): readonly ProducerBatch[] {
    assert(this.inFlightCount === 0, 'Nothing is under way when sequences begin anew');
    this.identity = identity;
    this.sequenceNext = 0;
    this.isBroken = false;
    this.isKnown = false;
    const unknown = this.retries.filter((batch) => !maySealAnew(batch));
    this.retries = this.retries
      .filter(maySealAnew)
      .map((batch) => ({ ...batch, bytes: new Uint8Array(0) }));
    return unknown;
  }

  /** Takes out what waits since `beforeMs` or longer; what is in flight has its request's own end. */
  takeOverdue(beforeMs: number): readonly Overdue[] {
    const overdue: Overdue[] = [];
    while (isBefore(this.retries[0]?.items[0], beforeMs)) {
      const { items, isUnknown, bytes } = this.retries.shift() as ProducerBatch;
      overdue.push({ items, isUnknown, isSealed: bytes.length > 0 });
    }
    let count = 0;
    while (isBefore(this.gathering[this.head + count], beforeMs)) count++;
    if (count > 0) {
      overdue.push({ items: this.takeFirst(count), isUnknown: false, isSealed: false });
    }
    return overdue;
  }

  private retry(batch: ProducerBatch): void {
    this.retries.push(batch);
    this.retries.sort((left, right) => left.order - right.order);
  }

  private cut(): readonly QueuedRecord[] {
    let bytes = 0;
    let end = this.head;
    for (; end < this.gathering.length; end++) {
      bytes += (this.gathering[end] as QueuedRecord).bytes;
      if (end > this.head && bytes > this.bytesMax) break;
    }
    return this.takeFirst(end - this.head);
  }

  private takeFirst(count: number): readonly QueuedRecord[] {
    const end = this.head + count;
    const items = this.gathering.slice(this.head, end);
    for (const { bytes } of items) this.gatheringBytes -= bytes;
    this.flushCount = Math.max(0, this.flushCount - count);
    this.head = end;
    if (end === this.gathering.length) {
      this.gathering = [];
      this.head = 0;
    } else if (end > headCountMax && end * 2 > this.gathering.length) {
      this.gathering = this.gathering.slice(end);
      this.head = 0;
    }
    return items;
  }
}

/** @returns what a record takes in a batch, in bytes: at the most */
export function recordBytesOf({ key, value, headers }: ProducerRecord): number {
  let bytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
  for (const header of headers) bytes += header.key.length * 3 + (header.value?.length ?? 0) + 10;
  return bytes;
}

function isBefore(item: QueuedRecord | undefined, beforeMs: number): boolean {
  return item !== undefined && item.sinceMs <= beforeMs;
}
