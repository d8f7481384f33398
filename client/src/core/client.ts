import { type Machine, type Prng, unreachable } from '@zookafka/base';
import { partitionKey } from './byPartition.ts';
import { Calls } from './calls.ts';
import { Cluster } from './cluster.ts';
import { Fetcher, type FetcherOptions } from './fetcher.ts';
import { GroupMember, type GroupOptions } from './groupMember.ts';
import { Links } from './links.ts';
import { Producer, type ProducerOptions } from './producer.ts';
import { type ClientRules, clientRules } from './rules.ts';
import {
  type Address,
  type AssignedPartition,
  type ClientCommand,
  type ClientEffect,
  type ClientInput,
} from './types.ts';

/** What a client is. Parts that it does not use are left out. */
export interface ClientConfig {
  readonly bootstrap: readonly Address[];
  /** How long an answer is waited for, in ms. */
  readonly requestTimeoutMs: number;
  readonly producer: ProducerOptions | undefined;
  readonly consumer: FetcherOptions | undefined;
  readonly group: GroupOptions | undefined;
  /** Left out: the correct ones. */
  readonly rules?: ClientRules;
}

/**
 * A Kafka client as one machine: links, metadata, and what it is used for: a producer, a consumer (assigned or
 * in a group), calls of an administrator.
 *
 *     open ── close ──▶ closing: records leave, the last commits, then the goodbye to the group ──▶ closed
 */
export class Client implements Machine<ClientInput, ClientEffect> {
  private readonly links = new Links();
  private readonly calls: Calls;
  private readonly producer: Producer | undefined;
  private readonly fetcher: Fetcher | undefined;
  private readonly member: GroupMember | undefined;
  /** Of each assigned partition the offset after the last record that the program has seen. */
  private readonly consumed = new Map<string, AssignedPartition>();
  /** What `consumed` may tell of: the last assignment, also while the group deals out the next one. */
  private owned: ReadonlySet<string> = new Set();
  private state: 'open' | 'closing' | 'closed' = 'open';
  private hasLeft = false;
  private timerDueMs = Infinity;

  constructor(config: ClientConfig, prng: Prng) {
    const { bootstrap, requestTimeoutMs, producer, consumer, group, rules = clientRules } = config;
    const { links } = this;
    const cluster = new Cluster({ links, bootstrap, prng, requestTimeoutMs, rules });
    const parts = { links, cluster };
    this.calls = new Calls({ ...parts, requestTimeoutMs });
    this.producer = producer && new Producer({ ...parts, options: producer, rules });
    this.fetcher = consumer && new Fetcher({ ...parts, options: consumer });
    this.member =
      group &&
      new GroupMember({
        ...parts,
        options: group,
        onGivenUp: (nowMs, effects) => {
          // What was read before can still be committed until the next assignment.
          this.read([], nowMs, effects);
        },
        onAssigned: (partitions, nowMs, effects) => {
          this.assign(partitions, nowMs, effects);
        },
      });
  }

  step(input: ClientInput, nowMs: number, effects: ClientEffect[]): void {
    if (this.state === 'closed') return;
    this.onInput(input, nowMs, effects);
    this.links.settleEarly(nowMs, effects);
    if (this.isDone()) this.finish(nowMs, effects);
    else this.setTimer(nowMs, effects);
  }

  private onInput(input: ClientInput, nowMs: number, effects: ClientEffect[]): void {
    switch (input.kind) {
      case 'linkOpened':
      case 'linkClosed':
      case 'response':
        this.links.step(input, nowMs, effects);
        return;
      case 'timer':
        this.timerDueMs = Infinity;
        this.links.onTimer(nowMs, effects);
        for (const part of this.parts()) part.onTimer(nowMs, effects);
        return;
      default:
        this.onCommand(input, nowMs, effects);
    }
  }

  private onCommand(input: ClientCommand, nowMs: number, effects: ClientEffect[]): void {
    switch (input.kind) {
      case 'produce':
        this.producer?.produce(input.token, input.record, nowMs, effects);
        return;
      case 'flush':
        this.producer?.flush(nowMs, effects);
        return;
      case 'call':
        this.calls.call(input, nowMs, effects);
        return;
      case 'subscribe':
        if (this.state === 'open') this.member?.subscribe(input.topics, nowMs, effects);
        return;
      case 'assign':
        if (this.state === 'open') this.assign(input.partitions, nowMs, effects);
        return;
      case 'poll':
        this.fetcher?.poll(nowMs, effects);
        return;
      case 'consumed':
        this.onConsumed(input);
        return;
      case 'commit':
        this.commit(input.token, nowMs, effects);
        return;
      case 'close':
        this.close(nowMs, effects);
        return;
      default:
        unreachable(input);
    }
  }

  private assign(
    partitions: readonly AssignedPartition[],
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    this.consumed.clear();
    this.owned = new Set(partitions.map((one) => partitionKey(one.topic, one.partition)));
    this.read(partitions, nowMs, effects);
  }

  private read(
    partitions: readonly AssignedPartition[],
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    effects.push({ kind: 'assigned', partitions });
    this.fetcher?.assign(partitions, nowMs, effects);
  }

  private onConsumed({
    topic,
    partition,
    offsetNext: offset,
    leaderEpoch = -1,
  }: Extract<ClientCommand, { kind: 'consumed' }>): void {
    const key = partitionKey(topic, partition);
    if (this.owned.has(key)) this.consumed.set(key, { topic, partition, offset, leaderEpoch });
  }

  private commit(token: number, nowMs: number, effects: ClientEffect[]): void {
    if (this.member === undefined) {
      const refusal = { code: 'NO_GROUP', message: 'Cannot commit: this consumer is in no group' };
      effects.push({ kind: 'committed', token, refusal });
      return;
    }
    if (this.state !== 'open') {
      const refusal = { code: 'CLOSED', message: 'Cannot commit: the client closes' };
      effects.push({ kind: 'committed', token, refusal });
      return;
    }
    const offsets = [...this.consumed.values()];
    this.member.commit(
      {
        offsets,
        onDone: (refusal, out) => {
          out.push({ kind: 'committed', token, refusal });
        },
      },
      nowMs,
      effects,
    );
  }

  private close(nowMs: number, effects: ClientEffect[]): void {
    if (this.state !== 'open') return;
    this.state = 'closing';
    this.producer?.close(nowMs, effects);
    this.fetcher?.assign([], nowMs, effects);
    if (this.member === undefined) this.hasLeft = true;
    else {
      this.member.leave(nowMs, effects, () => {
        this.hasLeft = true;
      });
    }
  }

  private isDone(): boolean {
    return this.state === 'closing' && this.hasLeft && (this.producer?.pendingCount ?? 0) === 0;
  }

  private finish(nowMs: number, effects: ClientEffect[]): void {
    this.state = 'closed';
    this.links.closeAll(nowMs, effects);
    this.calls.close(effects);
    effects.push({ kind: 'closed' });
  }

  private *parts(): Generator<Part> {
    for (const part of [this.calls, this.producer, this.fetcher, this.member]) {
      if (part !== undefined) yield part;
    }
  }

  /** A timer that rings too early costs an empty step, less than setting it anew at every step. */
  private setTimer(nowMs: number, effects: ClientEffect[]): void {
    const dueMs = Math.min(
      this.links.nextDueMs ?? Infinity,
      this.calls.nextDueMs() ?? Infinity,
      this.producer?.nextDueMs() ?? Infinity,
      this.fetcher?.nextDueMs() ?? Infinity,
      this.member?.nextDueMs() ?? Infinity,
    );
    if (dueMs >= this.timerDueMs) return;
    this.timerDueMs = dueMs;
    effects.push({ kind: 'setTimer', timer: 'wake', delayMs: Math.max(0, dueMs - nowMs) });
  }
}

interface Part {
  readonly onTimer: (nowMs: number, effects: ClientEffect[]) => void;
}
