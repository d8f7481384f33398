import { defined, TimerQueue } from '@zookafka/base';
import { type Cluster, refusalOf } from './cluster.ts';
import { type Links, type Outcome } from './links.ts';
import { type PartitionQueue, type ProducerBatch, recordBytesOf } from './partitionQueue.ts';
import { answersOf, type ProduceAnswer, produceBody } from './produceWire.ts';
import { ProducerIds } from './producerIds.ts';
import { RecordBuffer } from './recordBuffer.ts';
import { type ClientRules } from './rules.ts';
import { TopicQueues } from './topicQueues.ts';
import { type ClientEffect, type ClientRefusal, type ProducerRecord } from './types.ts';
import { isRetriableError, readBatchHead } from '@zookafka/kafka-wire';
import { sealBatch } from './wire.ts';

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
  /** How many bytes they may have, 32 MiB when left out: more are refused. */
  readonly bufferBytesMax?: number;
  readonly isIdempotent: boolean;
}

/** What a `Producer` works with. */
export interface ProducerParts {
  readonly links: Links;
  readonly cluster: Cluster;
  readonly options: ProducerOptions;
  readonly rules: ClientRules;
}

/** What a leader says of sequences that do not follow on those it has. */
const sequenceRefusals: ReadonlySet<string> = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
]);

/**
 * Gathers records into batches a partition, sends them to the partition's leader, and retries what a moved
 * leadership or a cut link left open, under the same producer id and sequence: written once, in order.
 *
 * A batch that was refused goes back to the head of its queue, and its partition sends nothing before the next look
 * at the metadata, and nothing new until all that was under way is back: so a retry keeps the order. A batch that
 * is given up leaves a gap in the sequences, and its partition goes on in the next epoch of the producer; of what
 * was under way then, only what surely is not in the log is sent again.
 */
export class Producer {
  private readonly parts: ProducerParts;
  private readonly ids: ProducerIds;
  private readonly topics = new Map<string, TopicQueues>();
  private readonly timers = new TimerQueue<PartitionQueue>();
  private readonly buffer: RecordBuffer;
  private retryAtMs: number | undefined;
  private isClosing = false;
  private lastReason = 'no broker answered';

  constructor(parts: ProducerParts) {
    this.parts = parts;
    const { isIdempotent, requestTimeoutMs } = parts.options;
    this.ids = new ProducerIds({ ...parts, isIdempotent, requestTimeoutMs });
    this.buffer = new RecordBuffer(parts.options);
  }

  /** When it wants `onTimer`, or undefined. */
  nextDueMs(): number | undefined {
    const queueMs = this.timers.nextDueMs;
    if (queueMs === undefined || this.retryAtMs === undefined) return queueMs ?? this.retryAtMs;
    return Math.min(queueMs, this.retryAtMs);
  }

  /** How many records are neither delivered nor given up. */
  get pendingCount(): number {
    return this.buffer.recordCount;
  }

  /** Takes a record; its end is told by `delivered` or `notDelivered` with the same token. */
  produce(token: number, record: ProducerRecord, nowMs: number, effects: ClientEffect[]): void {
    const bytes = recordBytesOf(record);
    const closed = { code: 'CLOSED', message: 'Cannot take the record: the client closes' };
    const refusal = this.isClosing ? closed : this.buffer.refusalFor(record, bytes);
    if (refusal !== undefined) {
      effects.push({ kind: 'notDelivered', token, refusal, isUnknown: false });
      return;
    }
    this.buffer.add(bytes);
    const topic = this.queuesOf(record.topic);
    const queue = topic.queueFor(record, this.partitionCountOf(record.topic));
    queue.add({ token, record, sinceMs: nowMs, bytes });
    if (queue === topic.unplaced) {
      // The first look costs no wait; each later one does.
      if (queue.gatheringCount === 1) this.refresh(nowMs, effects);
    } else if (queue.isDue(nowMs, this.parts.options.lingerMs) && queue.maySend(this.parts.rules)) {
      this.pump([queue], nowMs, effects);
      return;
    }
    if (queue.gatheringCount === 1) this.schedule(queue, nowMs);
  }

  /** Sends what has gathered without waiting for the linger time. */
  flush(nowMs: number, effects: ClientEffect[]): void {
    for (const topic of this.topics.values()) {
      topic.unplaced.flush();
      for (const queue of topic.queues()) queue.flush();
    }
    this.pumpAll(nowMs, effects);
  }

  /** Takes nothing more, and sends what it has. */
  close(nowMs: number, effects: ClientEffect[]): void {
    this.isClosing = true;
    this.flush(nowMs, effects);
  }

  onTimer(nowMs: number, effects: ClientEffect[]): void {
    const due: PartitionQueue[] = [];
    for (
      let queue = this.timers.takeDue(nowMs);
      queue !== undefined;
      queue = this.timers.takeDue(nowMs)
    ) {
      this.giveUpOverdue(queue, nowMs, effects);
      due.push(queue);
    }
    this.pump(due, nowMs, effects);
    if (this.retryAtMs === undefined || nowMs < this.retryAtMs) return;
    this.retryAtMs = undefined;
    this.refresh(nowMs, effects);
  }

  private queuesOf(name: string): TopicQueues {
    const existing = this.topics.get(name);
    if (existing !== undefined) return existing;
    const topic = new TopicQueues(name, this.parts.options.batchBytesMax);
    this.topics.set(name, topic);
    this.parts.cluster.want(name);
    return topic;
  }

  private partitionCountOf(topic: string): number {
    return this.parts.cluster.topics.get(topic)?.partitions.length ?? 0;
  }

  private refresh(nowMs: number, effects: ClientEffect[]): void {
    this.parts.cluster.refresh(nowMs, effects, (refusal, atMs, out) => {
      if (refusal !== undefined && this.pendingCount > 0) this.retryLater(refusal.message, atMs);
      for (const topic of this.topics.values()) {
        for (const queue of topic.queues()) queue.isHeld = false;
      }
      this.pumpAll(atMs, out);
    });
  }

  private pumpAll(nowMs: number, effects: ClientEffect[]): void {
    const queues: PartitionQueue[] = [];
    for (const topic of this.topics.values()) {
      if (topic.unplaced.gatheringCount > 0) this.dealOut(topic, nowMs, effects);
      for (const queue of topic.queues()) queues.push(queue);
    }
    this.pump(queues, nowMs, effects);
  }

  /** Gives records that waited for their topic's partitions to the queues of those partitions. */
  private dealOut(topic: TopicQueues, nowMs: number, effects: ClientEffect[]): void {
    const count = this.partitionCountOf(topic.topic);
    const error = this.parts.cluster.topics.get(topic.topic)?.error ?? 0;
    if (count > 0) {
      const isFlushing = topic.unplaced.isFlushing;
      for (const item of topic.unplaced.takeAll()) {
        const queue = topic.place(item.record, count);
        queue.add(item);
        if (isFlushing) queue.flush();
      }
    } else if (error === 0 || isRetriableError(error)) {
      this.retryLater(`the partitions of ${topic.topic} are not known`, nowMs);
    } else {
      const refusal = refusalOf(error, `Cannot write to ${topic.topic}`);
      this.drop({ items: topic.unplaced.takeAll(), isUnknown: false }, refusal, effects);
    }
    this.schedule(topic.unplaced, nowMs);
  }

  /** Sends what these queues may send, as far as they may. */
  private pump(queues: readonly PartitionQueue[], nowMs: number, effects: ClientEffect[]): void {
    for (;;) {
      const requests = new Map<number, ProducerBatch[]>();
      for (const queue of queues) {
        const leader = this.leaderFor(queue, nowMs, effects);
        if (leader === undefined) continue;
        const batch = queue.takeBatch((items) => this.seal(queue, items));
        const batches = requests.get(leader);
        if (batches === undefined) requests.set(leader, [batch]);
        else batches.push(batch);
      }
      if (requests.size === 0) break;
      for (const [leader, batches] of requests) this.send(leader, batches, nowMs, effects);
    }
    for (const queue of queues) this.schedule(queue, nowMs);
  }

  /** @returns whom the queue's next batch goes to, or undefined when none may leave now */
  private leaderFor(
    queue: PartitionQueue,
    nowMs: number,
    effects: ClientEffect[],
  ): number | undefined {
    const { options, cluster, rules } = this.parts;
    if (!queue.isDue(nowMs, options.lingerMs) || !queue.maySend(rules)) return undefined;
    const leader = cluster.leaderOf(queue.topic, queue.partition);
    if (leader === undefined) {
      this.hold(queue, `nobody leads ${queue.topic}-${queue.partition}`, nowMs);
      return undefined;
    }
    // A batch that overtakes another one on its way to an earlier leader would be out of order there.
    const { inFlightCount, leaderInFlight } = queue;
    if (!rules.mayGoTo({ inFlightCount, leaderInFlight, leader: leader.id })) return undefined;
    if (queue.isBroken) this.startAnew(queue, effects);
    queue.identity ??= this.ids.current;
    if (queue.identity === undefined) {
      this.ids.ask(nowMs, effects, (reason, atMs, out) => {
        if (reason !== undefined) this.retryLater(reason, atMs);
        else this.pumpAll(atMs, out);
      });
      return undefined;
    }
    if (!queue.maySend(rules)) return undefined;
    queue.leaderInFlight = leader.id;
    return leader.id;
  }

  private seal(queue: PartitionQueue, items: ProducerBatch['items']): Uint8Array {
    const identity = defined(queue.identity, 'A batch is sealed under a producer id');
    const isNumbered = identity.producerId !== -1;
    const baseSequence = isNumbered ? queue.sequenceNext : -1;
    if (isNumbered) queue.sequenceNext = this.parts.rules.sequenceAfter(baseSequence, items.length);
    return sealBatch({ ...identity, baseSequence, records: items.map(({ record }) => record) });
  }

  private send(
    leader: number,
    batches: readonly ProducerBatch[],
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const { links, cluster, options } = this.parts;
    links.request(
      defined(cluster.brokers.get(leader), 'A leader has an address'),
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
    const isAnswered = outcome.kind === 'answered';
    if (isAnswered && this.parts.options.acks === 0) {
      for (const batch of batches) this.settle(batch, -1, effects);
    } else if (isAnswered) {
      const answers = answersOf(batches, outcome.body);
      batches.forEach((batch, index) => {
        this.onAnswer(batch, answers[index], nowMs, effects);
      });
    } else {
      for (const batch of batches) {
        batch.isUnknown ||= outcome.kind === 'unknown';
        this.takeBack(batch, outcome.reason, nowMs);
      }
    }
    this.pump(
      batches.map(({ queue }) => queue),
      nowMs,
      effects,
    );
  }

  private onAnswer(
    batch: ProducerBatch,
    answer: ProduceAnswer | undefined,
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const { topic, partition } = batch.queue;
    const { errorCode, baseOffset } = answer ?? { errorCode: -1, baseOffset: -1 };
    const refusal = refusalOf(errorCode, `Cannot write to ${topic}-${partition}`);
    // A duplicate was written before: by an attempt whose answer was lost.
    if (errorCode === 0 || refusal.code === 'DUPLICATE_SEQUENCE_NUMBER') {
      this.settle(batch, baseOffset, effects);
      return;
    }
    const { rules } = this.parts;
    batch.isUnknown ||= rules.mayBeWritten(refusal.code);
    if (answer === undefined || rules.isRetried(errorCode)) {
      this.takeBack(batch, refusal.code, nowMs);
    } else if (sequenceRefusals.has(refusal.code) && this.maySealAnew(batch, refusal)) {
      this.takeBack(batch, refusal.code, nowMs);
    } else if (refusal.code === 'MESSAGE_TOO_LARGE' && batch.items.length > 1) {
      this.split(batch);
    } else {
      batch.queue.landed(batch);
      this.drop(batch, refusal, effects);
      // What follows in the partition carries later sequences, which would now be out of order.
      batch.queue.isBroken ||= this.parts.options.isIdempotent;
    }
  }

  /** Each part keeps its records' sequences: those behind them, which were out of order, then follow on. */
  private split(batch: ProducerBatch): void {
    const head = defined(readBatchHead(batch.bytes), 'What was sent is a batch');
    const { producerId, producerEpoch, baseSequence: first } = head;
    batch.queue.split(batch, (items, before) => {
      const baseSequence = first === -1 ? -1 : this.parts.rules.sequenceAfter(first, before);
      const records = items.map(({ record }) => record);
      return sealBatch({ producerId, producerEpoch, baseSequence, records });
    });
  }

  /**
   * A batch behind one that was refused is out of order only until that one was retried. Else the sequences have a
   * gap, or the broker forgot them: what surely is not in the log goes on in another epoch, the rest never.
   */
  private maySealAnew(batch: ProducerBatch, { code }: ClientRefusal): boolean {
    const { queue } = batch;
    const { rules, options } = this.parts;
    if (code === 'OUT_OF_ORDER_SEQUENCE_NUMBER' && queue.hasEarlier(batch)) return true;
    if (!rules.maySealAnew(batch) || !options.isIdempotent) return false;
    // An epoch that was passed by is somebody else's.
    if (code === 'INVALID_PRODUCER_EPOCH' && queue.identity !== undefined) {
      this.ids.forget(queue.identity);
      queue.identity = undefined;
    }
    queue.isBroken = true;
    return true;
  }

  private startAnew(queue: PartitionQueue, effects: ClientEffect[]): void {
    const lost = queue.startAnew(this.ids.after(queue.identity), this.parts.rules);
    const message = `Cannot deliver to ${queue.topic}-${queue.partition}: an earlier record was given up, and this one may be written or not`;
    for (const batch of lost) this.drop(batch, { code: 'SEQUENCE_LOST', message }, effects);
  }

  private takeBack(batch: ProducerBatch, reason: string, nowMs: number): void {
    batch.queue.takeBack(batch);
    this.hold(batch.queue, reason, nowMs);
  }

  private hold(queue: PartitionQueue, reason: string, nowMs: number): void {
    queue.isHeld = true;
    this.retryLater(reason, nowMs);
  }

  private settle(batch: ProducerBatch, baseOffset: number, effects: ClientEffect[]): void {
    const { items, queue } = batch;
    queue.landed(batch);
    queue.isKnown = true;
    this.buffer.remove(items);
    items.forEach(({ token }, index) => {
      const offset = baseOffset < 0 ? -1 : baseOffset + index;
      effects.push({ kind: 'delivered', token, partition: queue.partition, offset });
    });
  }

  private drop(
    { items, isUnknown }: Pick<ProducerBatch, 'items' | 'isUnknown'>,
    refusal: ClientRefusal,
    effects: ClientEffect[],
  ): void {
    this.buffer.remove(items);
    for (const { token } of items)
      effects.push({ kind: 'notDelivered', token, refusal, isUnknown });
  }

  private giveUpOverdue(queue: PartitionQueue, nowMs: number, effects: ClientEffect[]): void {
    const { deliveryTimeoutMs, isIdempotent } = this.parts.options;
    const where = `${queue.topic}${queue.partition < 0 ? '' : `-${queue.partition}`}`;
    const message = `Cannot deliver to ${where} within ${deliveryTimeoutMs} ms: ${this.lastReason}`;
    for (const overdue of queue.takeOverdue(nowMs - deliveryTimeoutMs)) {
      this.drop(overdue, { code: 'DELIVERY_TIMED_OUT', message }, effects);
      queue.isBroken ||= overdue.isSealed && isIdempotent;
    }
  }

  private schedule(queue: PartitionQueue, nowMs: number): void {
    const dueMs = queue.dueMs(nowMs, this.parts.options);
    if (dueMs === undefined) this.timers.cancel(queue);
    else if (dueMs !== this.timers.dueMsOf(queue)) this.timers.set(queue, dueMs);
  }

  private retryLater(reason: string, nowMs: number): void {
    this.lastReason = reason;
    this.retryAtMs ??= nowMs + this.parts.options.retryBackoffMs;
  }
}
