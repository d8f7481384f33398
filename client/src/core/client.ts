import { type Machine, type Prng } from '@zookafka/base';
import { Cluster, refusalOf } from './cluster.ts';
import { Fetcher, type FetcherOptions } from './fetcher.ts';
import { GroupMember, type GroupOptions } from './groupMember.ts';
import { Links, type LinkRequest, type Outcome } from './links.ts';
import { Producer, type ProducerOptions } from './producer.ts';
import {
  type Address,
  type AssignedPartition,
  type CallTarget,
  type ClientEffect,
  type ClientInput,
} from './types.ts';
import { type ApiName, type RequestBody } from '@zookafka/kafka-wire';

/** What a client is. Parts that it does not use are left out. */
export interface ClientConfig {
  readonly bootstrap: readonly Address[];
  /** How long an answer is waited for, in ms. */
  readonly requestTimeoutMs: number;
  readonly producer: ProducerOptions | undefined;
  readonly consumer: FetcherOptions | undefined;
  readonly group: GroupOptions | undefined;
}

/**
 * A Kafka client as one machine: links, metadata, and what it is used for: a producer, a consumer (assigned or
 * in a group), calls of an administrator.
 */
export class Client implements Machine<ClientInput, ClientEffect> {
  private readonly links = new Links();
  private readonly cluster: Cluster;
  private readonly requestTimeoutMs: number;
  private readonly producer: Producer | undefined;
  private readonly fetcher: Fetcher | undefined;
  private readonly member: GroupMember | undefined;
  private readonly consumed = new Map<string, AssignedPartition>();
  private isClosing = false;

  constructor(config: ClientConfig, prng: Prng) {
    const { bootstrap, requestTimeoutMs, producer, consumer, group } = config;
    this.requestTimeoutMs = requestTimeoutMs;
    this.cluster = new Cluster({ links: this.links, bootstrap, prng, requestTimeoutMs });
    const parts = { links: this.links, cluster: this.cluster };
    this.producer = producer && new Producer({ ...parts, options: producer });
    const fetcher = consumer && new Fetcher({ ...parts, options: consumer });
    this.fetcher = fetcher;
    this.member =
      group &&
      new GroupMember({
        ...parts,
        options: group,
        onAssigned: (partitions, nowMs, effects) => {
          this.consumed.clear();
          fetcher?.assign(partitions, nowMs, effects);
        },
      });
  }

  step(input: ClientInput, nowMs: number, effects: ClientEffect[]): void {
    this.onInput(input, nowMs, effects);
    if (this.isClosing && this.producer?.pendingCount === 0) this.finish(nowMs, effects);
    this.setTimer(nowMs, effects);
  }

  private onInput(input: ClientInput, nowMs: number, effects: ClientEffect[]): void {
    switch (input.kind) {
      case 'linkOpened':
      case 'linkClosed':
      case 'response':
        this.links.step(input, nowMs, effects);
        return;
      case 'timer':
        this.links.onTimer(nowMs, effects);
        this.producer?.onTimer(nowMs, effects);
        this.fetcher?.onTimer(nowMs, effects);
        this.member?.onTimer(nowMs, effects);
        return;
      default:
        this.onCommand(input, nowMs, effects);
    }
  }

  private onCommand(
    input: Exclude<ClientInput, { kind: 'linkOpened' | 'linkClosed' | 'response' | 'timer' }>,
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    switch (input.kind) {
      case 'produce':
        this.producer?.produce(input.token, input.record, nowMs, effects);
        return;
      case 'flush':
        this.producer?.flush(nowMs, effects);
        return;
      case 'call':
        this.call(input, nowMs, effects);
        return;
      case 'subscribe':
        this.member?.subscribe(input.topics, nowMs, effects);
        return;
      case 'assign':
        this.fetcher?.assign(input.partitions, nowMs, effects);
        return;
      case 'poll':
        this.fetcher?.poll(nowMs, effects);
        return;
      case 'consumed': {
        const { topic, partition, offsetNext } = input;
        this.consumed.set(`${topic}-${partition}`, { topic, partition, offset: offsetNext });
        return;
      }
      case 'commit':
        this.commit(input.token, nowMs, effects);
        return;
      case 'close':
        this.close(nowMs, effects);
    }
  }

  private commit(token: number, nowMs: number, effects: ClientEffect[]): void {
    if (this.member === undefined) {
      const refusal = { code: 'NO_GROUP', message: 'Cannot commit: this consumer is in no group' };
      effects.push({ kind: 'committed', token, refusal });
      return;
    }
    this.member.commit(
      new Map(this.consumed),
      (refusal, out) => {
        out.push({ kind: 'committed', token, refusal });
      },
      nowMs,
      effects,
    );
  }

  private close(nowMs: number, effects: ClientEffect[]): void {
    this.producer?.flush(nowMs, effects);
    this.fetcher?.assign([], nowMs, effects);
    const finishWhenDelivered = (out: ClientEffect[]): void => {
      this.isClosing = true;
      if (this.producer === undefined) this.finish(nowMs, out);
    };
    if (this.member === undefined) finishWhenDelivered(effects);
    else this.member.leave(nowMs, effects, finishWhenDelivered);
  }

  private finish(nowMs: number, effects: ClientEffect[]): void {
    this.isClosing = false;
    this.links.closeAll(nowMs, effects);
    effects.push({ kind: 'closed' });
  }

  private call(
    { token, target, api, body }: Extract<ClientInput, { kind: 'call' }>,
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const run = (place: Place | undefined, atMs: number, out: ClientEffect[]): void => {
      if (place === undefined) this.failCall(token, describe(target), out);
      else this.sendCall(token, place, { api, body }, { atMs, out });
    };
    if (target.kind === 'any') {
      // A look at the metadata passes over brokers that are down.
      this.cluster.refresh(nowMs, effects, (_, atMs, out) => {
        run({ id: -1, address: this.cluster.anyBroker() }, atMs, out);
      });
    } else if (target.kind === 'groupCoordinator') {
      this.findCoordinator(target.group, run, nowMs, effects);
    } else {
      this.cluster.refresh(nowMs, effects, (_, atMs, out) => {
        const id = target.kind === 'broker' ? target.id : this.cluster.controllerId;
        const address = this.cluster.brokers.get(id);
        run(address && { id, address }, atMs, out);
      });
    }
  }

  private sendCall(
    token: number,
    { id, address }: Place,
    { api, body }: { readonly api: ApiName; readonly body: RequestBody<ApiName> },
    { atMs, out }: { readonly atMs: number; readonly out: ClientEffect[] },
  ): void {
    const request: LinkRequest<ApiName> = {
      api,
      body,
      timeoutMs: this.requestTimeoutMs,
      onOutcome: (outcome: Outcome<ApiName>, _, effects) => {
        if (outcome.kind === 'answered') {
          const answered = { kind: 'answered' as const, body: outcome.body, from: id };
          effects.push({ kind: 'called', token, outcome: answered });
          return;
        }
        const message = `Cannot ask ${address.host}:${address.port}: ${outcome.reason}`;
        const refusal = { code: 'NO_ANSWER', message };
        const isUnknown = outcome.kind === 'unknown';
        effects.push({ kind: 'called', token, outcome: { kind: 'failed', refusal, isUnknown } });
      },
    };
    this.links.request(address, request, atMs, out);
  }

  private findCoordinator(
    group: string,
    run: (place: Place | undefined, nowMs: number, effects: ClientEffect[]) => void,
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    this.links.request(
      this.cluster.anyBroker(),
      {
        api: 'findCoordinator',
        body: { key: group, keyType: 0, coordinatorKeys: [group] },
        timeoutMs: this.requestTimeoutMs,
        onOutcome: (outcome, atMs, out) => {
          if (outcome.kind !== 'answered') {
            run(undefined, atMs, out);
            return;
          }
          const { errorCode, host, port, nodeId } = outcome.body.coordinators[0] ?? outcome.body;
          run(errorCode === 0 ? { id: nodeId, address: { host, port } } : undefined, atMs, out);
        },
      },
      nowMs,
      effects,
    );
  }

  private failCall(token: number, whom: string, effects: ClientEffect[]): void {
    const refusal = { ...refusalOf(brokerNotAvailable, `Cannot reach ${whom}`) };
    effects.push({ kind: 'called', token, outcome: { kind: 'failed', refusal, isUnknown: false } });
  }

  private setTimer(nowMs: number, effects: ClientEffect[]): void {
    let dueMs = Infinity;
    for (const part of [this.producer, this.fetcher, this.member]) {
      dueMs = Math.min(dueMs, part?.nextDueMs() ?? Infinity);
    }
    dueMs = Math.min(dueMs, this.links.nextDueMs ?? Infinity);
    if (dueMs < Infinity)
      effects.push({ kind: 'setTimer', timer: 'wake', delayMs: Math.max(0, dueMs - nowMs) });
  }
}

interface Place {
  readonly id: number;
  readonly address: Address;
}

const brokerNotAvailable = 8;

function describe(target: CallTarget): string {
  if (target.kind === 'broker') return `broker ${target.id}`;
  if (target.kind === 'groupCoordinator') return `the coordinator of group ${target.group}`;
  return target.kind === 'controller' ? 'the controller' : 'any broker';
}
