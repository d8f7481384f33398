import { type Cluster } from './cluster.ts';
import { type Links, type Outcome } from './links.ts';
import { type AssignedPartition, type ClientEffect } from './types.ts';
import { errorName, offsetAfter, type RequestBody, type ResponseOf } from '@zookafka/kafka-wire';

/** How a consumer fetches. Times in ms, sizes in bytes. */
export interface FetcherOptions {
  readonly autoOffsetReset: 'earliest' | 'latest' | 'none';
  readonly fetchWaitMsMax: number;
  readonly fetchBytesMax: number;
  readonly partitionBytesMax: number;
  readonly requestTimeoutMs: number;
  readonly retryBackoffMs: number;
  /** How many batches of records may wait for the program: at the bound, fetching pauses. */
  readonly bufferedCountMax: number;
}

/** What a `Fetcher` works with. */
export interface FetcherParts {
  readonly links: Links;
  readonly cluster: Cluster;
  readonly options: FetcherOptions;
}

interface Position {
  readonly topic: string;
  readonly partition: number;
  /** Undefined until the reset policy gave one. */
  offsetNext: number | undefined;
  isFetching: boolean;
  notBeforeMs: number;
}

const earliestTimestamp = -2;
const latestTimestamp = -1;

/**
 * Reads the partitions that it was given: one fetch a leader at a time, for all partitions that it leads. Moved
 * leadership and cut links are retried after new metadata; positions never move backwards by themselves.
 */
export class Fetcher {
  private readonly parts: FetcherParts;
  private positions = new Map<string, Position>();
  private readonly busyLeaders = new Set<number>();
  private wakeAtMs: number | undefined;
  private bufferedCount = 0;
  private generation = 0;

  constructor(parts: FetcherParts) {
    this.parts = parts;
  }

  nextDueMs(): number | undefined {
    return this.wakeAtMs;
  }

  /** Replaces what is read. */
  assign(partitions: readonly AssignedPartition[], nowMs: number, effects: ClientEffect[]): void {
    this.generation++;
    this.busyLeaders.clear();
    this.bufferedCount = 0;
    this.positions = new Map();
    for (const { topic, partition, offset } of partitions) {
      this.parts.cluster.want(topic);
      this.positions.set(`${topic}-${partition}`, {
        topic,
        partition,
        offsetNext: offset,
        isFetching: false,
        notBeforeMs: 0,
      });
    }
    this.refresh(nowMs, effects);
  }

  /** The program took one piece of records. */
  poll(nowMs: number, effects: ClientEffect[]): void {
    if (this.bufferedCount > 0) this.bufferedCount--;
    this.pump(nowMs, effects);
  }

  onTimer(nowMs: number, effects: ClientEffect[]): void {
    if (this.wakeAtMs === undefined || nowMs < this.wakeAtMs) return;
    this.wakeAtMs = undefined;
    this.refresh(nowMs, effects);
  }

  private refresh(nowMs: number, effects: ClientEffect[]): void {
    this.parts.cluster.refresh(nowMs, effects, (refusal, atMs, out) => {
      if (refusal !== undefined) this.wakeLater(atMs);
      this.pump(atMs, out);
    });
  }

  private pump(nowMs: number, effects: ClientEffect[]): void {
    if (this.bufferedCount >= this.parts.options.bufferedCountMax) return;
    const byLeader = new Map<number, Position[]>();
    const unplaced: Position[] = [];
    for (const position of this.positions.values()) {
      if (position.isFetching || nowMs < position.notBeforeMs) continue;
      const leader = this.parts.cluster.leaderOf(position.topic, position.partition);
      if (leader === undefined) {
        this.wakeLater(nowMs);
        continue;
      }
      if (position.offsetNext === undefined) unplaced.push(position);
      else if (!this.busyLeaders.has(leader.id)) push(byLeader, leader.id, position);
    }
    if (unplaced.length > 0) this.place(unplaced, nowMs, effects);
    for (const [leader, positions] of byLeader) this.fetch(leader, positions, nowMs, effects);
  }

  /** Asks each leader where the partitions without a position begin or end. */
  private place(positions: readonly Position[], nowMs: number, effects: ClientEffect[]): void {
    const { autoOffsetReset } = this.parts.options;
    if (autoOffsetReset === 'none') {
      const [first] = positions;
      const message = `Cannot read ${first?.topic}-${first?.partition}: no offset is committed and none may be chosen`;
      effects.push({ kind: 'failed', refusal: { code: 'NO_OFFSET', message } });
      for (const position of positions) position.notBeforeMs = Infinity;
      return;
    }
    const timestamp = autoOffsetReset === 'earliest' ? earliestTimestamp : latestTimestamp;
    const byLeader = new Map<number, Position[]>();
    for (const position of positions) {
      const leader = this.parts.cluster.leaderOf(position.topic, position.partition);
      if (leader === undefined) continue;
      position.isFetching = true;
      push(byLeader, leader.id, position);
    }
    for (const [leader, some] of byLeader)
      this.askOffsets({ leader, timestamp }, some, nowMs, effects);
  }

  private askOffsets(
    { leader, timestamp }: { readonly leader: number; readonly timestamp: number },
    positions: readonly Position[],
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const address = this.parts.cluster.brokers.get(leader);
    if (address === undefined) return;
    const topics = grouped(positions, ({ partition }) => ({
      partitionIndex: partition,
      currentLeaderEpoch: -1,
      timestamp,
    })).map(([name, partitions]) => ({ name, partitions }));
    this.parts.links.request(
      address,
      {
        api: 'listOffsets',
        body: { replicaId: -1, isolationLevel: 0, topics },
        timeoutMs: this.parts.options.requestTimeoutMs,
        onOutcome: (outcome, atMs, out) => {
          for (const position of positions) position.isFetching = false;
          if (outcome.kind === 'answered') this.onOffsets(outcome.body, atMs);
          else this.wakeLater(atMs);
          this.pump(atMs, out);
        },
      },
      nowMs,
      effects,
    );
  }

  private onOffsets({ topics }: ResponseOf<'listOffsets'>, nowMs: number): void {
    for (const { name, partitions } of topics) {
      for (const { partitionIndex, errorCode, offset } of partitions) {
        const position = this.positions.get(`${name}-${partitionIndex}`);
        if (position === undefined) continue;
        if (errorCode === 0) position.offsetNext ??= offset;
        else this.holdBack(position, nowMs);
      }
    }
  }

  private fetch(
    leader: number,
    positions: readonly Position[],
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const address = this.parts.cluster.brokers.get(leader);
    if (address === undefined) return;
    const { generation } = this;
    this.busyLeaders.add(leader);
    for (const position of positions) position.isFetching = true;
    this.parts.links.request(
      address,
      {
        api: 'fetch',
        body: this.fetchBody(positions),
        timeoutMs: this.parts.options.requestTimeoutMs + this.parts.options.fetchWaitMsMax,
        onOutcome: (outcome, atMs, out) => {
          // What was assigned since then has its own fetches.
          if (generation !== this.generation) return;
          this.busyLeaders.delete(leader);
          for (const position of positions) position.isFetching = false;
          this.onFetched(outcome, positions, atMs, out);
          this.pump(atMs, out);
        },
      },
      nowMs,
      effects,
    );
  }

  private onFetched(
    outcome: Outcome<'fetch'>,
    positions: readonly Position[],
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const errorCode = outcome.kind === 'answered' ? outcome.body.errorCode : -1;
    if (outcome.kind !== 'answered' || errorCode !== 0) {
      for (const position of positions) this.holdBack(position, nowMs);
      return;
    }
    const names = new Map(
      [...this.parts.cluster.topics].map(([name, { topicId }]) => [topicId, name] as const),
    );
    for (const { topic, topicId, partitions } of outcome.body.responses) {
      const name = topic === '' ? names.get(topicId) : topic;
      for (const answer of partitions) {
        const position = this.positions.get(`${name}-${answer.partitionIndex}`);
        if (position !== undefined) this.onPartition(position, answer, nowMs, effects);
      }
    }
  }

  private onPartition(
    position: Position,
    answer: ResponseOf<'fetch'>['responses'][number]['partitions'][number],
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const { topic, partition, offsetNext } = position;
    if (offsetNext === undefined) return;
    if (answer.errorCode !== 0) {
      if (errorName(answer.errorCode) === 'OFFSET_OUT_OF_RANGE')
        this.onOutOfRange(position, effects);
      else this.holdBack(position, nowMs);
      return;
    }
    const batches = answer.records;
    if (batches === null || batches.length === 0) return;
    const after = offsetAfter(batches);
    if (after === undefined || after <= offsetNext) return;
    position.offsetNext = after;
    this.bufferedCount++;
    const { highWatermark } = answer;
    effects.push({ kind: 'records', topic, partition, offset: offsetNext, batches, highWatermark });
  }

  private onOutOfRange(position: Position, effects: ClientEffect[]): void {
    const { topic, partition, offsetNext } = position;
    effects.push({
      kind: 'trace',
      event: 'offsetOutOfRange',
      facts: { topic, partition, offsetNext },
    });
    position.offsetNext = undefined;
  }

  private holdBack(position: Position, nowMs: number): void {
    position.notBeforeMs = nowMs + this.parts.options.retryBackoffMs;
    this.wakeLater(nowMs);
  }

  private wakeLater(nowMs: number): void {
    this.wakeAtMs ??= nowMs + this.parts.options.retryBackoffMs;
  }

  private fetchBody(positions: readonly Position[]): RequestBody<'fetch'> {
    const { fetchWaitMsMax, fetchBytesMax, partitionBytesMax } = this.parts.options;
    const topics = grouped(positions, ({ partition, offsetNext = 0 }) => ({
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: offsetNext,
      lastFetchedEpoch: -1,
      logStartOffset: -1,
      partitionMaxBytes: partitionBytesMax,
    })).map(([topic, partitions]) => ({
      topic,
      topicId: this.parts.cluster.topics.get(topic)?.topicId ?? zeroTopicId,
      partitions,
    }));
    return {
      replicaId: -1,
      maxWaitMs: fetchWaitMsMax,
      minBytes: 1,
      maxBytes: fetchBytesMax,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics,
      forgottenTopicsData: [],
      rackId: '',
    };
  }
}

const zeroTopicId = 'AAAAAAAAAAAAAAAAAAAAAA';

function push<Key, Item>(groups: Map<Key, Item[]>, key: Key, item: Item): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [item]);
  else group.push(item);
}

function grouped<Item>(
  positions: readonly Position[],
  make: (position: Position) => Item,
): readonly (readonly [string, readonly Item[]])[] {
  const topics = new Map<string, Item[]>();
  for (const position of positions) push(topics, position.topic, make(position));
  return [...topics];
}
