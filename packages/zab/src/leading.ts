import { type Machine } from '@zookafka/base';
import {
  counterOf,
  epochOf,
  type LearnerInfoMessage,
  type LearnerMessage,
} from '@zookafka/zookeeper-wire';
import { Learner } from './learners.ts';
import {
  type LeaderBroadcastInput,
  type LeaderDiscoveryEffect,
  type LeaderDiscoveryInput,
  type LeaderSynchronizationEffect,
  type LeaderSynchronizationInput,
  type PhaseParts,
  type ZabPhases,
} from './phases.ts';
import { type ApplicationMessage, type ZabEffect, type ZabTimer } from './types.ts';

type LeaderEffect = LeaderDiscoveryEffect | LeaderSynchronizationEffect;

/**
 * One term of leading, from the election to the loss of it: takes each learner's messages to the phase that it
 * is in, pings, and gives up when no quorum is heard.
 */
export class Leading {
  /** Why this term is over, or null. */
  endReason: string | null = null;
  isServing = false;
  epoch = 0;
  private readonly parts: PhaseParts;
  private readonly discovery: Machine<LeaderDiscoveryInput, LeaderDiscoveryEffect>;
  private readonly synchronization: Machine<
    LeaderSynchronizationInput,
    LeaderSynchronizationEffect
  >;
  private readonly broadcast: Machine<LeaderBroadcastInput, LeaderEffect>;
  private nowMs = 0;
  private effects: ZabEffect[] = [];

  constructor(parts: PhaseParts, phases: ZabPhases) {
    this.parts = parts;
    this.discovery = phases.leaderDiscovery(parts);
    this.synchronization = phases.leaderSynchronization(parts);
    this.broadcast = phases.leaderBroadcast(parts);
  }

  /** Every call begins with this: the time, and where effects go. */
  at(nowMs: number, effects: ZabEffect[]): this {
    this.nowMs = nowMs;
    this.effects = effects;
    return this;
  }

  begin(): void {
    const { config } = this.parts;
    this.setInitLimit();
    this.effects.push({ kind: 'setTimer', timer: 'tick', delayMs: config.tickMs / 2 });
    this.discover({ kind: 'begin' });
  }

  /** The term is over: every link is closed. */
  end(): void {
    const { history, learners } = this.parts;
    for (const { link } of learners.all) this.effects.push({ kind: 'closeLink', link });
    learners.clear();
    learners.pin(history.log);
    this.effects.push({ kind: 'cancelTimer', timer: 'tick' });
    this.effects.push({ kind: 'cancelTimer', timer: 'initLimit' });
  }

  onLinkOpened(link: number, serverId: number): void {
    const { config, learners } = this.parts;
    if (!config.voters.includes(serverId) || serverId === config.serverId) {
      this.effects.push({ kind: 'closeLink', link });
      return;
    }
    // Two a server at most: one that serves, and one that has not said FOLLOWERINFO yet.
    const silent = learners.all.find(
      (other) => other.serverId === serverId && other.stage === 'connected',
    );
    if (silent !== undefined) this.refuse(silent, 'newerLinkOfLearner');
    learners.add(new Learner(link, serverId, this.nowMs));
  }

  onLinkClosed(link: number): void {
    const { history, learners } = this.parts;
    const learner = learners.byLink(link);
    if (learner === undefined) return;
    learners.remove(learner);
    learners.pin(history.log);
  }

  onMessage(link: number, message: LearnerMessage): void {
    const learner = this.parts.learners.byLink(link);
    if (learner === undefined) return;
    learner.heardMs = this.nowMs;
    switch (message.kind) {
      case 'ack':
        this.onAck(learner, message.zxid);
        return;
      case 'request':
      case 'revalidate':
      case 'sync':
        this.onApplication(learner, message);
        return;
      case 'pingReply':
        if (message.touched.length > 0) this.onApplication(learner, message);
        return;
      case 'followerInfo':
        this.onFollowerInfo(learner, message);
        return;
      case 'ackEpoch':
        this.discover({ kind: 'ackEpoch', learner, message });
        if (this.epoch > 0) this.synchronizePromised();
        return;
      default:
        this.refuse(learner, 'unexpectedMessageFromLearner');
    }
  }

  onDurable(): void {
    this.discover({ kind: 'durable' });
    if (this.epoch > 0) this.synchronize({ kind: 'durable' });
    if (this.isServing) this.broadcastStep({ kind: 'durable' });
  }

  onTimer(timer: ZabTimer): void {
    if (timer === 'tick') this.onTick();
    else if (timer === 'initLimit' && !this.isServing) this.endReason = 'noQuorumInTime';
  }

  propose(zxid: number, bytes: Uint8Array): void {
    this.broadcastStep({ kind: 'propose', zxid, bytes });
  }

  sendTo(serverId: number, message: ApplicationMessage): void {
    const learner = this.parts.learners.byServer(serverId);
    if (learner?.stage === 'serving') this.send(learner, message);
  }

  onSnapshotChunk(link: number, bytes: Uint8Array): void {
    const learner = this.streamingLearner(link);
    if (learner !== undefined) this.send(learner, { kind: 'snapChunk', bytes });
  }

  onSnapshotDone(link: number): void {
    const learner = this.streamingLearner(link);
    if (learner !== undefined) this.synchronize({ kind: 'snapshotDone', learner });
  }

  /** A snapshot that makes progress holds off the limits: else a large one would never arrive. */
  private streamingLearner(link: number): Learner | undefined {
    const learner = this.parts.learners.byLink(link);
    if (learner?.stage !== 'snapshot') return undefined;
    learner.heardMs = this.nowMs;
    if (!this.isServing) this.setInitLimit();
    return learner;
  }

  private onFollowerInfo(learner: Learner, message: LearnerInfoMessage): void {
    const { learners } = this.parts;
    if (message.serverId !== learner.serverId) {
      this.refuse(learner, 'foreignFollowerInfo');
      return;
    }
    // The newest link of a server counts: it would not have dialled again if the older one lived.
    const { serverId } = learner;
    const older = learners.all.find((other) => other !== learner && other.serverId === serverId);
    if (older !== undefined) this.refuse(older, 'newerLinkOfLearner');
    this.discover({ kind: 'followerInfo', learner, message });
  }

  private onAck(learner: Learner, zxid: number): void {
    if (counterOf(zxid) !== 0) {
      this.broadcastStep({ kind: 'ack', learner, zxid });
      return;
    }
    if (epochOf(zxid) !== this.epoch) {
      this.refuse(learner, 'ackOfAnotherEpoch');
      return;
    }
    this.synchronize({ kind: 'acknowledged', learner });
    if (this.isServing) this.broadcastStep({ kind: 'synchronized' });
  }

  private onApplication(learner: Learner, message: ApplicationMessage): void {
    if (learner.stage !== 'serving') {
      this.refuse(learner, 'requestBeforeUpToDate');
      return;
    }
    this.effects.push({ kind: 'application', from: learner.serverId, message });
  }

  private onTick(): void {
    const { config, history, learners } = this.parts;
    this.effects.push({ kind: 'setTimer', timer: 'tick', delayMs: config.tickMs / 2 });
    const silentMs = (learner: Learner): number => this.nowMs - learner.heardMs;
    const syncLimitMs = config.syncLimitTicks * config.tickMs;
    const initLimitMs = config.initLimitTicks * config.tickMs;
    for (const learner of [...learners.all]) {
      const limitMs = learner.stage === 'serving' ? syncLimitMs : initLimitMs;
      if (silentMs(learner) >= limitMs) this.refuse(learner, 'learnerSilent');
    }
    const message = { kind: 'ping', zxid: history.log.lastZxid } as const;
    for (const learner of learners.all) {
      if (learner.stage !== 'connected') this.send(learner, message);
    }
    if (!this.isServing) return;
    const heard = learners.count(
      (learner) => learner.countsForCommits && silentMs(learner) < syncLimitMs,
    );
    if (this.parts.rules.hasQuorum(heard + 1, config.voters.length)) return;
    this.endReason = 'quorumLost';
  }

  private discover(input: LeaderDiscoveryInput): void {
    const start = this.effects.length;
    this.discovery.step(input, this.nowMs, this.effects);
    this.takeFrom(start);
  }

  private synchronize(input: LeaderSynchronizationInput): void {
    const start = this.effects.length;
    this.synchronization.step(input, this.nowMs, this.effects);
    this.takeFrom(start);
  }

  private broadcastStep(input: LeaderBroadcastInput): void {
    const start = this.effects.length;
    this.broadcast.step(input, this.nowMs, this.effects);
    this.takeFrom(start);
  }

  /** From the first effect on that concerns the term, each is taken in its order. */
  private takeFrom(start: number): void {
    const { effects } = this;
    for (let index = start; index < effects.length; index++) {
      if (!isOfTerm(effects[index] as LeaderEffect)) continue;
      for (const effect of effects.splice(index)) this.take(effect);
      return;
    }
  }

  private take(effect: LeaderEffect): void {
    switch (effect.kind) {
      case 'giveUp':
        this.endReason ??= effect.reason;
        return;
      case 'refused':
        this.refuse(effect.learner, effect.reason);
        return;
      case 'discovered':
        this.onDiscovered(effect.epoch);
        return;
      case 'established':
        this.onEstablished();
        return;
      default:
        this.effects.push(effect);
    }
  }

  private onDiscovered(epoch: number): void {
    this.epoch = epoch;
    this.setInitLimit();
    this.synchronize({ kind: 'begin', epoch });
    this.synchronizePromised();
  }

  private synchronizePromised(): void {
    for (const learner of [...this.parts.learners.all]) {
      if (learner.stage === 'promised') this.synchronize({ kind: 'synchronize', learner });
    }
  }

  private onEstablished(): void {
    this.isServing = true;
    this.effects.push({ kind: 'cancelTimer', timer: 'initLimit' });
    this.broadcastStep({ kind: 'begin', epoch: this.epoch });
  }

  private refuse(learner: Learner, reason: string): void {
    const { serverId, link, stage } = learner;
    const facts = { serverId, reason, stage };
    this.effects.push({ kind: 'trace', event: 'learnerRefused', facts });
    this.effects.push({ kind: 'closeLink', link });
    this.onLinkClosed(link);
  }

  private send(learner: Learner, message: LearnerMessage): void {
    this.effects.push({ kind: 'send', link: learner.link, message });
  }

  private setInitLimit(): void {
    const { config } = this.parts;
    const delayMs = config.initLimitTicks * config.tickMs;
    this.effects.push({ kind: 'setTimer', timer: 'initLimit', delayMs });
  }
}

function isOfTerm({ kind }: LeaderEffect): boolean {
  return kind === 'giveUp' || kind === 'refused' || kind === 'discovered' || kind === 'established';
}
