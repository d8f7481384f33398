import { assert, defined } from '@zookafka/base';
import { type Cluster, refusalOf } from './cluster.ts';
import { type Links, type Outcome } from './links.ts';
import { PartitionQueue, type ProducerBatch } from './partitionQueue.ts';
import { type ClientEffect, type ClientRefusal, type ProducerRecord } from './types.ts';
import { isRetriableError, partitionForKey, type RequestBody } from '@zookafka/kafka-wire';
import { sealBatch, sequenceAfter } from './wire.ts';

/** How a producer gathers, sends and retries. Times in ms, sizes in bytes. */
export interface ProducerOptions {
  readonly acks: -1 | 0 | 1;
  readonly lingerMs: number;
  readonly batchBytesMax: number;
  /** How long a record may be on its way, retries included, before it ends as not delivered. */
  readonly deliveryTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly retryBackoffMs: number;
  /** How many records may wait in all: more are refused. */
  readonly bufferCountMax: number;
  readonly isIdempotent: boolean;
}

/** What a `Producer` works with. */
export interface ProducerParts {
  readonly links: Links;
  readonly cluster: Cluster;
  readonly options: ProducerOptions;
}

/** Batches of one partition on their way at a time: what a broker remembers of a producer. */
const inFlightCountMax = 5;
const noProducer = { producerId: -1, producerEpoch: -1 };
const retriedByNewProducer: ReadonlySet<string> = new Set([
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
]);

/**
 * Gathers records into batches a partition, sends them to the partition's leader, and retries what a moved
 * leadership or a cut link left open, under the same producer id and sequence: written once, in order.
 *
 * A batch that was refused goes back to the head of its queue, and its partition sends nothing new until all
 * that was under way is back: so a retry keeps the order.
 */
export class Producer {
  private readonly parts: ProducerParts;
  private readonly queues = new Map<string, PartitionQueue>();
  private identity: { producerId: number; producerEpoch: number } | undefined;
  private isIdentifying = false;
  private retryAtMs: number | undefined;
  private recordCount = 0;
  private turnNext = 0;
  private isFlushing = false;

  constructor(parts: ProducerParts) {
    this.parts = parts;
    if (!parts.options.isIdempotent) this.identity = noProducer;
  }

  /** When it wants `onTimer`, or undefined. */
  nextDueMs(): number | undefined {
    let dueMs = this.retryAtMs;
    for (const queue of this.queues.values()) {
      const queueMs = queue.dueMs(this.parts.options);
      if (queueMs !== undefined && (dueMs === undefined || queueMs < dueMs)) dueMs = queueMs;
    }
    return dueMs;
  }

  /** Takes a record; its end is told by `delivered` or `notDelivered` with the same token. */
  produce(token: number, record: ProducerRecord, nowMs: number, effects: ClientEffect[]): void {
    const { bufferCountMax } = this.parts.options;
    if (this.recordCount >= bufferCountMax) {
      const message = `Cannot take the record: ${bufferCountMax} wait already`;
      const refusal = { code: 'BUFFER_FULL', message };
      effects.push({ kind: 'notDelivered', token, refusal, isUnknown: false });
      return;
    }
    this.recordCount++;
    this.parts.cluster.want(record.topic);
    const queue = this.queueFor(record);
    // No linger time ends for records of a topic that is not known yet: the first of them asks for it.
    const mustAsk = queue.partition === -1 && queue.isEmpty;
    queue.add({ token, record, sinceMs: nowMs }, this.parts.options.batchBytesMax);
    if (queue.isFull || mustAsk) this.pump(nowMs, effects);
  }

  /** Sends what has gathered without waiting for the linger time. */
  flush(nowMs: number, effects: ClientEffect[]): void {
    this.isFlushing = true;
    this.pump(nowMs, effects);
  }

  onTimer(nowMs: number, effects: ClientEffect[]): void {
    this.giveUpOverdue(nowMs, effects);
    if (this.retryAtMs !== undefined && nowMs >= this.retryAtMs) {
      this.retryAtMs = undefined;
      this.parts.cluster.refresh(nowMs, effects, (refusal, atMs, out) => {
        if (refusal !== undefined) this.retryLater(atMs);
        this.pump(atMs, out);
      });
      return;
    }
    this.pump(nowMs, effects);
  }

  /** How many records are neither delivered nor given up. */
  get pendingCount(): number {
    return this.recordCount;
  }

  private queueFor(record: ProducerRecord): PartitionQueue {
    const count = this.parts.cluster.topics.get(record.topic)?.partitions.length ?? 0;
    // Records of a topic that is not known yet wait in a queue of no partition, and are dealt out later.
    const partition = record.partition ?? (count === 0 ? -1 : this.choose(record, count));
    return this.queueOf(record.topic, partition);
  }

  private choose({ key }: ProducerRecord, count: number): number {
    if (key !== null) return partitionForKey(key, count);
    // A batch's worth of records goes to one partition, the next to the next: fuller batches, even spread.
    return Math.floor(this.turnNext++ / 16) % count;
  }

  private queueOf(topic: string, partition: number): PartitionQueue {
    const key = `${topic}-${partition}`;
    const existing = this.queues.get(key);
    if (existing !== undefined) return existing;
    const queue = new PartitionQueue(topic, partition);
    this.queues.set(key, queue);
    return queue;
  }

  private pump(nowMs: number, effects: ClientEffect[]): void {
    if (this.recordCount === 0) {
      this.isFlushing = false;
      return;
    }
    if (this.identity === undefined) {
      this.identify(nowMs, effects);
      return;
    }
    this.dealOut(nowMs, effects);
    const requests = new Map<number, ProducerBatch[]>();
    for (const queue of this.queues.values()) this.collect(queue, nowMs, requests);
    for (const [leader, batches] of requests) this.send(leader, batches, nowMs, effects);
  }

  /** Gives records that waited for their topic's partitions to the queues of those partitions. */
  private dealOut(nowMs: number, effects: ClientEffect[]): void {
    for (const queue of [...this.queues.values()]) {
      if (queue.partition !== -1) continue;
      const view = this.parts.cluster.topics.get(queue.topic);
      if (view === undefined || view.partitions.length === 0) {
        this.askForTopic(view === undefined, nowMs, effects);
        continue;
      }
      for (const item of queue.takeAll()) {
        this.queueFor(item.record).add(item, this.parts.options.batchBytesMax);
      }
    }
  }

  /** The first look costs no wait; each later one does. */
  private askForTopic(isFirst: boolean, nowMs: number, effects: ClientEffect[]): void {
    if (this.retryAtMs !== undefined) return;
    this.retryAtMs = isFirst ? nowMs : nowMs + this.parts.options.retryBackoffMs;
    if (isFirst) this.onTimer(nowMs, effects);
  }

  private collect(
    queue: PartitionQueue,
    nowMs: number,
    requests: Map<number, ProducerBatch[]>,
  ): void {
    if (queue.partition === -1) return;
    const { options, cluster } = this.parts;
    const isDue = this.isFlushing || queue.isDue(nowMs, options.lingerMs);
    if (!isDue || !queue.maySend(inFlightCountMax)) return;
    const leader = cluster.leaderOf(queue.topic, queue.partition);
    if (leader === undefined) {
      this.retryLater(nowMs);
      return;
    }
    // A batch that overtakes another one on its way to an earlier leader would be out of order there.
    if (queue.inFlightCount > 0 && queue.leaderInFlight !== leader.id) return;
    queue.leaderInFlight = leader.id;
    const batch = queue.takeBatch((items) => this.seal(queue, items));
    const batches = requests.get(leader.id);
    if (batches === undefined) requests.set(leader.id, [batch]);
    else batches.push(batch);
  }

  private seal(queue: PartitionQueue, items: ProducerBatch['items']): Uint8Array {
    const identity = defined(this.identity, 'A batch is sealed under a producer id');
    const baseSequence = identity.producerId === -1 ? -1 : queue.sequenceNext;
    if (baseSequence !== -1) queue.sequenceNext = sequenceAfter(baseSequence, items.length);
    return sealBatch({ ...identity, baseSequence, records: items.map(({ record }) => record) });
  }

  private send(
    leader: number,
    batches: readonly ProducerBatch[],
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const { links, cluster, options } = this.parts;
    const address = defined(cluster.brokers.get(leader), 'A leader has an address');
    links.request(
      address,
      {
        api: 'produce',
        body: produceBody(batches, options),
        timeoutMs: options.requestTimeoutMs,
        expectsResponse: options.acks !== 0,
        onOutcome: (outcome, atMs, out) => {
          this.onOutcome(batches, outcome, atMs, out);
        },
      },
      nowMs,
      effects,
    );
  }

  private onOutcome(
    batches: readonly ProducerBatch[],
    outcome: Outcome<'produce'>,
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    if (outcome.kind !== 'answered') {
      for (const batch of batches) this.takeBack(batch, nowMs, outcome.kind === 'unknown');
    } else if (this.parts.options.acks === 0) {
      for (const batch of batches) this.settle(batch, -1, effects);
    } else {
      const answers = new Map<string, { errorCode: number; baseOffset: number }>();
      for (const { name, partitionResponses } of outcome.body.responses) {
        for (const answer of partitionResponses) answers.set(`${name}-${answer.index}`, answer);
      }
      for (const batch of batches) {
        const answer = answers.get(`${batch.queue.topic}-${batch.queue.partition}`);
        if (answer === undefined) this.takeBack(batch, nowMs, true);
        else this.onAnswer(batch, answer, nowMs, effects);
      }
    }
    this.pump(nowMs, effects);
  }

  private onAnswer(
    batch: ProducerBatch,
    { errorCode, baseOffset }: { readonly errorCode: number; readonly baseOffset: number },
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const refusal = refusalOf(
      errorCode,
      `Cannot write to ${batch.queue.topic}-${batch.queue.partition}`,
    );
    // A duplicate was written before: by an attempt whose answer was lost.
    if (errorCode === 0 || refusal.code === 'DUPLICATE_SEQUENCE_NUMBER') {
      this.settle(batch, baseOffset, effects);
    } else if (isRetriableError(errorCode) || this.isOutOfOrderRetry(batch, refusal)) {
      this.takeBack(batch, nowMs, batch.isUnknown || refusal.code === 'REQUEST_TIMED_OUT');
    } else if (retriedByNewProducer.has(refusal.code) && !batch.isUnknown) {
      this.takeBack(batch, nowMs, false);
      this.forgetIdentity();
    } else {
      this.fail(batch, refusal, effects);
      // What follows in the partition carries later sequences, which would now be out of order.
      if (this.parts.options.isIdempotent) this.forgetIdentity();
    }
  }

  /** A batch behind one that was refused is out of order only until that one was retried. */
  private isOutOfOrderRetry(batch: ProducerBatch, { code }: ClientRefusal): boolean {
    const { queue } = batch;
    return code === 'OUT_OF_ORDER_SEQUENCE_NUMBER' && queue.hasEarlier(batch);
  }

  private takeBack(batch: ProducerBatch, nowMs: number, isUnknown: boolean): void {
    batch.isUnknown ||= isUnknown;
    batch.queue.takeBack(batch);
    this.retryLater(nowMs);
  }

  private settle(batch: ProducerBatch, baseOffset: number, effects: ClientEffect[]): void {
    const { items, queue } = batch;
    queue.landed(batch);
    this.recordCount -= items.length;
    items.forEach(({ token }, index) => {
      const offset = baseOffset < 0 ? -1 : baseOffset + index;
      effects.push({ kind: 'delivered', token, partition: queue.partition, offset });
    });
  }

  private fail(batch: ProducerBatch, refusal: ClientRefusal, effects: ClientEffect[]): void {
    batch.queue.landed(batch);
    this.drop(batch, refusal, effects);
  }

  private drop(
    { items, isUnknown }: Pick<ProducerBatch, 'items' | 'isUnknown'>,
    refusal: ClientRefusal,
    effects: ClientEffect[],
  ): void {
    this.recordCount -= items.length;
    assert(this.recordCount >= 0, 'A record ends once', { recordCount: this.recordCount });
    for (const { token } of items)
      effects.push({ kind: 'notDelivered', token, refusal, isUnknown });
  }

  private giveUpOverdue(nowMs: number, effects: ClientEffect[]): void {
    const { deliveryTimeoutMs } = this.parts.options;
    let wasSealed = false;
    for (const queue of this.queues.values()) {
      const overdue = queue.takeOverdue(nowMs - deliveryTimeoutMs);
      for (const { items, isUnknown, isSealed } of overdue) {
        const message = `Cannot deliver to ${queue.topic} within ${deliveryTimeoutMs} ms`;
        this.drop({ items, isUnknown }, { code: 'DELIVERY_TIMED_OUT', message }, effects);
        wasSealed ||= isSealed;
      }
    }
    if (wasSealed && this.parts.options.isIdempotent) this.forgetIdentity();
  }

  /** After a gap in the sequences only a new producer id can go on; it starts again from 0. */
  private forgetIdentity(): void {
    this.identity = undefined;
  }

  private identify(nowMs: number, effects: ClientEffect[]): void {
    if (this.isIdentifying) return;
    // Batches under way still count under the old id.
    for (const queue of this.queues.values()) if (queue.inFlightCount > 0) return;
    this.isIdentifying = true;
    const { links, cluster, options } = this.parts;
    links.request(
      cluster.anyBroker(),
      {
        api: 'initProducerId',
        body: { transactionalId: null, transactionTimeoutMs: 60_000 },
        timeoutMs: options.requestTimeoutMs,
        onOutcome: (outcome, atMs, out) => {
          this.isIdentifying = false;
          if (outcome.kind === 'answered' && outcome.body.errorCode === 0) {
            const { producerId, producerEpoch } = outcome.body;
            this.identity = { producerId, producerEpoch };
            this.unsealAll(out);
            this.pump(atMs, out);
          } else this.retryLater(atMs);
        },
      },
      nowMs,
      effects,
    );
  }

  private unsealAll(effects: ClientEffect[]): void {
    for (const queue of this.queues.values()) {
      for (const batch of queue.unseal()) {
        const message = `Cannot deliver to ${queue.topic}-${queue.partition}: the producer id was lost, and an earlier attempt may have been written`;
        this.drop(batch, { code: 'PRODUCER_ID_LOST', message }, effects);
      }
    }
  }

  private retryLater(nowMs: number): void {
    this.retryAtMs ??= nowMs + this.parts.options.retryBackoffMs;
  }
}

function produceBody(
  batches: readonly ProducerBatch[],
  { acks, requestTimeoutMs }: ProducerOptions,
): RequestBody<'produce'> {
  const topics = new Map<string, { index: number; records: Uint8Array }[]>();
  for (const { queue, bytes } of batches) {
    const data = { index: queue.partition, records: bytes };
    const existing = topics.get(queue.topic);
    if (existing === undefined) topics.set(queue.topic, [data]);
    else existing.push(data);
  }
  return {
    transactionalId: null,
    acks,
    timeoutMs: requestTimeoutMs,
    topicData: [...topics].map(([name, partitionData]) => ({ name, partitionData })),
  };
}
