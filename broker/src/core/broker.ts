import { type Machine, type Prng, unreachable } from '@zookafka/base';
import { apis } from '@zookafka/kafka-wire';
import { BrokerParts } from './brokerParts.ts';
import { type PendingRequest } from './connections.ts';
import { BrokerContext } from './context.ts';
import {
  type ControlPlane,
  type ControlPlaneEffect,
  type ControlPlaneInput,
} from './controlPlane.ts';
import { deadlineTimer } from './deadlines.ts';
import { type GroupCoordinatorFactory } from './groupPort.ts';
import { checkpointTimer, isrTimer } from './housekeeping.ts';
import { type MetadataDelta, type MetadataImage } from './metadata.ts';
import { type Replica } from './replica.ts';
import { brokerRules, type BrokerRules } from './rules.ts';
import {
  type BrokerConfig,
  type BrokerEffect,
  type BrokerInput,
  type RequestInput,
} from './types.ts';

/** What a broker is made of. */
export interface BrokerOptions {
  readonly config: BrokerConfig;
  readonly prng: Prng;
  /** How this broker knows the cluster. */
  readonly controlPlane: ControlPlane;
  /** The consumer groups, where they are served. */
  readonly groups?: GroupCoordinatorFactory;
  readonly rules?: BrokerRules;
}

type IsrAltered = Extract<ControlPlaneEffect, { readonly kind: 'isrAltered' }>;

/**
 * One broker: requests of clients and followers, logs of its replicas, the control plane, all as one machine.
 *
 *     start ──► registered ──► whole metadata ──► ready (requests are served) ──stop──► stopped
 *
 * Requests that come before it is ready wait; only ApiVersions is answered at once.
 */
export class Broker implements Machine<BrokerInput, BrokerEffect> {
  private readonly context: BrokerContext;
  private readonly controlPlane: ControlPlane;
  private readonly parts: BrokerParts;
  private readonly told: ControlPlaneInput[] = [];
  private readonly controlEffects: ControlPlaneEffect[] = [];
  private phase: 'new' | 'starting' | 'ready' | 'stopping' | 'stopped' = 'new';
  private isWhole = false;
  private held: PendingRequest[] = [];

  constructor({ config, prng, controlPlane, groups, rules = brokerRules }: BrokerOptions) {
    const { image } = controlPlane;
    this.context = new BrokerContext({ config, rules, image, prng });
    this.controlPlane = controlPlane;
    this.parts = new BrokerParts({
      context: this.context,
      controlPlane,
      tell: (input) => {
        this.told.push(input);
      },
      groups,
    });
  }

  /** The cluster as this broker knows it. */
  get image(): MetadataImage {
    return this.controlPlane.image;
  }

  get isReady(): boolean {
    return this.phase === 'ready' || this.phase === 'stopping';
  }

  /** The replicas of this broker: for status pages and checkers, to be read only. */
  get replicas(): readonly Replica[] {
    return this.parts.replicas.all;
  }

  step(input: BrokerInput, nowMs: number, effects: BrokerEffect[]): void {
    const { context, parts } = this;
    context.nowMs = nowMs;
    context.effects = effects;
    const { wallMs } = input as { readonly wallMs?: number };
    if (wallMs !== undefined) context.wallMs = wallMs;
    this.on(input);
    this.runControlPlane();
    parts.desk.lookAtWoken();
    parts.fetchers.pump();
    this.runControlPlane();
    parts.deadlines.arm();
  }

  private on(input: BrokerInput): void {
    const { parts } = this;
    switch (input.kind) {
      case 'request':
        this.onRequest(input);
        return;
      case 'appended':
        parts.appends.onAppended(input.token);
        return;
      case 'logRead':
        parts.reads.onRead(input.token, input.slices);
        return;
      case 'peerResponse':
        parts.fetchers.onResponse(input);
        return;
      case 'timer':
        this.onTimer(input.timer);
        return;
      case 'transport':
        this.told.push(input);
        return;
      default:
        this.onRareInput(input);
    }
  }

  private onRareInput(
    input: Exclude<
      BrokerInput,
      {
        readonly kind: 'request' | 'appended' | 'logRead' | 'peerResponse' | 'timer' | 'transport';
      }
    >,
  ): void {
    const { parts } = this;
    switch (input.kind) {
      case 'start':
        this.phase = 'starting';
        parts.manager.onStart(input.logs);
        parts.housekeeping.start();
        this.told.push({ kind: 'start' });
        return;
      case 'stop':
        this.phase = 'stopping';
        this.told.push({ kind: 'stop' });
        return;
      case 'connectionClosed':
        parts.connections.onClosed(input.connection);
        return;
      case 'timestampsFound':
        parts.reads.onFound(input.token, input.found);
        return;
      case 'logChanged':
        parts.logWork.onChanged(input.token, input.log);
        return;
      case 'logStartMoved':
        parts.replicas.findExact(input)?.moveLogStart(input.logStartOffset);
        return;
      case 'peerClosed':
        parts.fetchers.onPeerClosed(input.broker, input.reason);
        return;
      default:
        unreachable(input);
    }
  }

  private onRequest(input: RequestInput): void {
    const request = this.parts.connections.open(input);
    if (request === undefined) return;
    if (this.isReady || input.apiKey === apis.apiVersions.key) this.parts.router.route(request);
    else this.held.push(request);
  }

  private onTimer(timer: string): void {
    switch (timer) {
      case deadlineTimer:
        this.parts.deadlines.onTimer();
        return;
      case isrTimer:
        this.parts.housekeeping.onIsrTimer();
        return;
      case checkpointTimer:
        this.parts.housekeeping.onCheckpointTimer();
        return;
      default:
        this.told.push({ kind: 'timer', timer });
    }
  }

  /** The control plane's turn: what it says may make us tell it more. */
  private runControlPlane(): void {
    const { told, controlEffects } = this;
    for (let input = told.shift(); input !== undefined; input = told.shift()) {
      this.controlPlane.step(input, this.context.nowMs, controlEffects);
      for (const effect of controlEffects.splice(0)) this.onControlPlane(effect);
    }
  }

  private onControlPlane(effect: ControlPlaneEffect): void {
    const { context, parts } = this;
    switch (effect.kind) {
      case 'transport':
      case 'setTimer':
      case 'cancelTimer':
      case 'trace':
        context.emit(effect);
        return;
      case 'metadataChanged':
        this.onMetadata(effect.delta);
        return;
      case 'isrAltered':
        this.onIsrAltered(effect);
        return;
      case 'topicsCreated':
        parts.topics.onCreated(effect.token, effect.results);
        return;
      case 'topicsDeleted':
        parts.topics.onDeleted(effect.token, effect.results);
        return;
      case 'producerIds':
        parts.producerIds.onAllocated(effect.token, effect);
        return;
      case 'registered':
        context.brokerEpoch = effect.brokerEpoch;
        parts.manager.onRegistered();
        this.becomeReady();
        return;
      case 'sessionLost':
        context.trace('sessionLost', { brokerEpoch: context.brokerEpoch });
        return;
      case 'refused':
        context.emit({ kind: 'fatal', reason: effect.reason });
        return;
      case 'stopped':
        this.phase = 'stopped';
        parts.housekeeping.checkpoint();
        context.emit({ kind: 'stopped' });
        return;
      default:
        unreachable(effect);
    }
  }

  private onMetadata(delta: MetadataDelta): void {
    const { parts } = this;
    parts.manager.onMetadata(delta);
    for (const { id } of delta.brokers ?? []) parts.fetchers.onBrokerChanged(id);
    if (delta.brokersGone !== undefined) parts.housekeeping.onBrokersGone();
    parts.topics.onMetadata();
    if (delta.isWhole !== true) return;
    this.isWhole = true;
    this.becomeReady();
  }

  private becomeReady(): void {
    if (this.phase !== 'starting' || !this.isWhole || this.context.brokerEpoch < 0) return;
    this.phase = 'ready';
    this.context.emit({ kind: 'ready', brokerEpoch: this.context.brokerEpoch });
    const { held } = this;
    this.held = [];
    for (const request of held) if (!request.isDone) this.parts.router.route(request);
  }

  private onIsrAltered({ result, state, leaderEpoch, ...key }: IsrAltered): void {
    const replica = this.parts.replicas.findExact(key);
    const leadership = replica?.leadership;
    if (replica === undefined || leadership?.epoch !== leaderEpoch) return;
    const { isrProposed, isrProposedOn } = leadership;
    if (isrProposed === undefined) return;
    this.parts.isrKeeper.onAltered(replica, leadership, {
      result,
      isr: state?.isr ?? isrProposed,
      partitionEpoch: state?.partitionEpoch ?? isrProposedOn + 1,
    });
  }
}
