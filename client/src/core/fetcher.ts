import { type Cluster, refusalOf } from './cluster.ts';
import {
  type EpochEnd,
  epochEndsBody,
  type FetchAnswer,
  fetchBody,
  listOffsetsBody,
  type Position,
} from './fetchWire.ts';
import { partitionKey } from './byPartition.ts';
import { type Links, type Outcome } from './links.ts';
import { type AssignedPartition, type ClientEffect } from './types.ts';
import { errorName, isRetriableError, lastBatchHead, type ResponseOf } from '@zookafka/kafka-wire';

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

type At = readonly [nowMs: number, effects: ClientEffect[]];

const earliestTimestamp = -2;
const latestTimestamp = -1;
/** The last version that names topics, not their ids. */
const namedVersionMax = 12;

/**
 * Reads the partitions that it was given: one fetch a leader at a time, for all partitions that it leads. Moved
 * leadership and cut links are retried after new metadata; positions never move backwards by themselves.
 *
 *     no offset ── ListOffsets ──▶ placed ── Fetch ──▶ placed …
 *     placed, and a new leader epoch ── OffsetForLeaderEpoch ──▶ placed, or truncated: back to where the logs part
 *
 * Source: KIP-320.
 */
export class Fetcher {
  private readonly parts: FetcherParts;
  private positions = new Map<string, Position>();
  private readonly busyLeaders = new Set<number>();
  private wakeAtMs: number | undefined;
  private bufferedCount = 0;
  /** Counts assignments: answers to questions of an earlier one are not listened to. */
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
    this.wakeAtMs = undefined;
    this.positions = new Map();
    for (const { topic, partition, offset, leaderEpoch = -1 } of partitions) {
      this.parts.cluster.want(topic);
      this.positions.set(partitionKey(topic, partition), {
        topic,
        partition,
        offsetNext: offset,
        epochRead: leaderEpoch,
        epochChecked: -1,
        epochAsked: -1,
        isFetching: false,
        notBeforeMs: -Infinity,
      });
    }
    if (partitions.length > 0) this.refresh(nowMs, effects);
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

  /** Asks for whatever may be asked for now. */
  private pump(nowMs: number, effects: ClientEffect[]): void {
    if (this.bufferedCount >= this.parts.options.bufferedCountMax) return;
    const unplaced = new Map<number, Position[]>();
    const unchecked = new Map<number, Position[]>();
    const placed = new Map<number, Position[]>();
    for (const position of this.positions.values()) {
      if (position.isFetching) continue;
      if (nowMs < position.notBeforeMs) {
        this.wakeAt(position.notBeforeMs);
        continue;
      }
      const leader = this.parts.cluster.leaderOf(position.topic, position.partition);
      if (leader === undefined) {
        this.onLeaderless(position, nowMs, effects);
        continue;
      }
      position.epochAsked = leader.epoch;
      if (position.offsetNext === undefined) push(unplaced, leader.id, position);
      else if (isUnchecked(position)) push(unchecked, leader.id, position);
      else if (!this.busyLeaders.has(leader.id)) push(placed, leader.id, position);
    }
    for (const [leader, positions] of unplaced) this.place(leader, positions, nowMs, effects);
    for (const [leader, positions] of unchecked) this.check(leader, positions, nowMs, effects);
    for (const [leader, positions] of placed) this.fetch(leader, positions, nowMs, effects);
  }

  private onLeaderless(position: Position, nowMs: number, effects: ClientEffect[]): void {
    const { topic, partition } = position;
    const error = this.parts.cluster.topics.get(topic)?.error ?? 0;
    if (error === 0 || isRetriableError(error)) this.wakeLater(nowMs);
    else this.fail(position, refusalOf(error, `Cannot read ${topic}-${partition}`), effects);
  }

  /** Asks a leader where partitions without a position begin or end. */
  private place(
    leader: number,
    positions: readonly Position[],
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const { autoOffsetReset, requestTimeoutMs } = this.parts.options;
    if (autoOffsetReset === 'none') {
      for (const position of positions) {
        const message = `Cannot read ${position.topic}-${position.partition}: no offset is committed that it has, and none may be chosen`;
        this.fail(position, { code: 'NO_OFFSET', message }, effects);
      }
      return;
    }
    const address = this.parts.cluster.brokers.get(leader);
    if (address === undefined) return;
    const timestamp = autoOffsetReset === 'earliest' ? earliestTimestamp : latestTimestamp;
    for (const position of positions) position.isFetching = true;
    const { generation } = this;
    this.parts.links.request(
      address,
      {
        api: 'listOffsets',
        body: listOffsetsBody(positions, timestamp),
        timeoutMs: requestTimeoutMs,
        lane: 'metadata',
        onOutcome: (outcome, atMs, out) => {
          if (generation !== this.generation) return;
          if (outcome.kind === 'answered') this.onOffsets(outcome.body);
          for (const position of positions) {
            position.isFetching = false;
            if (position.offsetNext === undefined) this.holdBack(position, atMs);
          }
          this.pump(atMs, out);
        },
      },
      nowMs,
      effects,
    );
  }

  /** Asks a leader that is newer than what was read whether its log holds that. */
  private check(
    leader: number,
    positions: readonly Position[],
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const address = this.parts.cluster.brokers.get(leader);
    if (address === undefined) return;
    for (const position of positions) position.isFetching = true;
    const { generation } = this;
    this.parts.links.request(
      address,
      {
        api: 'offsetForLeaderEpoch',
        body: epochEndsBody(positions),
        timeoutMs: this.parts.options.requestTimeoutMs,
        lane: 'metadata',
        onOutcome: (outcome, atMs, out) => {
          if (generation !== this.generation) return;
          for (const position of positions) position.isFetching = false;
          if (outcome.kind === 'answered') this.onEpochEnds(outcome.body, out);
          for (const position of positions) {
            if (isUnchecked(position)) this.holdBack(position, atMs);
          }
          this.pump(atMs, out);
        },
      },
      nowMs,
      effects,
    );
  }

  private onEpochEnds(
    { topics }: ResponseOf<'offsetForLeaderEpoch'>,
    effects: ClientEffect[],
  ): void {
    for (const { topic, partitions } of topics) {
      for (const end of partitions) {
        const position = this.positions.get(partitionKey(topic, end.partition));
        if (position !== undefined && end.errorCode === 0) this.onEpochEnd(position, end, effects);
      }
    }
  }

  private onEpochEnd(
    position: Position,
    { leaderEpoch, endOffset }: EpochEnd,
    effects: ClientEffect[],
  ): void {
    const { topic, partition, offsetNext, epochAsked } = position;
    if (offsetNext === undefined) return;
    position.epochChecked = epochAsked;
    if (endOffset >= offsetNext) return;
    effects.push({ kind: 'truncated', topic, partition, offsetNext, endOffset });
    if (this.parts.options.autoOffsetReset === 'none') {
      const where = endOffset < 0 ? 'knows nothing of their epoch' : `ended at ${endOffset}`;
      const message = `Cannot go on reading ${topic}-${partition} at ${offsetNext}: records before it are lost, the log of its leader ${where}`;
      this.fail(position, { code: 'LOG_TRUNCATION', message }, effects);
      return;
    }
    // Where the leader knows nothing of the epoch, nobody can tell what of it is left.
    position.offsetNext = endOffset < 0 ? undefined : endOffset;
    position.epochRead = leaderEpoch;
  }

  private onOffsets({ topics }: ResponseOf<'listOffsets'>): void {
    for (const { name, partitions } of topics) {
      for (const { partitionIndex, errorCode, offset } of partitions) {
        const position = this.positions.get(partitionKey(name, partitionIndex));
        if (position !== undefined && errorCode === 0 && offset >= 0) {
          position.offsetNext ??= offset;
        }
      }
    }
  }

  private fetch(
    leader: number,
    positions: readonly Position[],
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const { cluster, links, options } = this.parts;
    const address = cluster.brokers.get(leader);
    if (address === undefined) return;
    const { generation } = this;
    this.busyLeaders.add(leader);
    for (const position of positions) position.isFetching = true;
    const { body, namesById } = fetchBody(positions, cluster.topics, options);
    links.request(
      address,
      {
        api: 'fetch',
        body,
        timeoutMs: options.requestTimeoutMs + options.fetchWaitMsMax,
        ...(namesById === undefined ? { versionMax: namedVersionMax } : {}),
        onOutcome: (outcome, atMs, out) => {
          // What was assigned since then has its own fetches.
          if (generation !== this.generation) return;
          this.busyLeaders.delete(leader);
          for (const position of positions) position.isFetching = false;
          if (outcome.kind === 'answered' && outcome.body.errorCode === 0) {
            this.onFetched(outcome, namesById, [atMs, out]);
          } else {
            for (const position of positions) this.holdBack(position, atMs);
          }
          this.pump(atMs, out);
        },
      },
      nowMs,
      effects,
    );
  }

  private onFetched(
    { body }: Extract<Outcome<'fetch'>, { kind: 'answered' }>,
    namesById: ReadonlyMap<string, string> | undefined,
    at: At,
  ): void {
    for (const { topic, topicId, partitions } of body.responses) {
      const name = topic === '' ? namesById?.get(topicId) : topic;
      if (name === undefined) continue;
      for (const answer of partitions) {
        const position = this.positions.get(partitionKey(name, answer.partitionIndex));
        if (position !== undefined) this.onPartition(position, answer, at);
      }
    }
  }

  private onPartition(position: Position, answer: FetchAnswer, [nowMs, effects]: At): void {
    const { topic, partition, offsetNext } = position;
    if (offsetNext === undefined) return;
    if (answer.errorCode !== 0) {
      this.onRefused(position, answer.errorCode, [nowMs, effects]);
      return;
    }
    const batches = answer.records;
    if (batches === null || batches.length === 0) return;
    const last = lastBatchHead(batches);
    if (last === undefined || last.lastOffset < offsetNext) return;
    position.offsetNext = last.lastOffset + 1;
    position.epochRead = last.leaderEpoch;
    // What this leader gave, its log holds.
    position.epochChecked = Math.max(position.epochChecked, position.epochAsked);
    this.bufferedCount++;
    const { highWatermark } = answer;
    effects.push({ kind: 'records', topic, partition, offset: offsetNext, batches, highWatermark });
  }

  private onRefused(position: Position, errorCode: number, [nowMs, effects]: At): void {
    const { topic, partition, offsetNext = -1 } = position;
    if (errorName(errorCode) === 'OFFSET_OUT_OF_RANGE') {
      const facts = { topic, partition, offsetNext };
      effects.push({ kind: 'trace', event: 'offsetOutOfRange', facts });
      position.offsetNext = undefined;
      position.epochRead = -1;
    } else if (errorName(errorCode) === 'TOPIC_AUTHORIZATION_FAILED') {
      this.fail(position, refusalOf(errorCode, `Cannot read ${topic}-${partition}`), effects);
    } else this.holdBack(position, nowMs);
  }

  /** What trying again does not put right is told once. */
  private fail(
    position: Position,
    refusal: { readonly code: string; readonly message: string },
    effects: ClientEffect[],
  ): void {
    position.notBeforeMs = Infinity;
    effects.push({ kind: 'failed', refusal });
  }

  private holdBack(position: Position, nowMs: number): void {
    position.notBeforeMs = nowMs + this.parts.options.retryBackoffMs;
    this.wakeAt(position.notBeforeMs);
  }

  private wakeLater(nowMs: number): void {
    this.wakeAt(nowMs + this.parts.options.retryBackoffMs);
  }

  /** Positions that are held back for different times each get their turn: a pump sets the next one. */
  private wakeAt(dueMs: number): void {
    if (dueMs === Infinity) return;
    if (this.wakeAtMs === undefined || dueMs < this.wakeAtMs) this.wakeAtMs = dueMs;
  }
}

/** @returns whether a leader that came after the one that gave what was read has not said yet that it holds it */
function isUnchecked({ epochRead, epochAsked, epochChecked }: Position): boolean {
  return epochRead >= 0 && epochAsked > epochChecked;
}

function push<Key, Item>(groups: Map<Key, Item[]>, key: Key, item: Item): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [item]);
  else group.push(item);
}
