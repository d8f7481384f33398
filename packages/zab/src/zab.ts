import { assert, type Machine } from '@zookafka/base';
import { epochOf, type LearnerMessage, makeZxid } from '@zookafka/zookeeper-wire';
import { Election } from './election.ts';
import { Following } from './following.ts';
import { History } from './history.ts';
import { LeaderBroadcast } from './leaderBroadcast.ts';
import { LeaderDiscovery } from './leaderDiscovery.ts';
import { LeaderSynchronization } from './leaderSynchronization.ts';
import { Leading } from './leading.ts';
import { LearnerBroadcast } from './learnerBroadcast.ts';
import { LearnerDiscovery } from './learnerDiscovery.ts';
import { Learners } from './learners.ts';
import { LearnerSynchronization } from './learnerSynchronization.ts';
import {
  type ElectionEffect,
  type ElectionInput,
  type PhaseParts,
  type ZabPhases,
} from './phases.ts';
import { type ZabRules, zabRules } from './rules.ts';
import {
  type RecoveredState,
  type ZabConfig,
  type ZabEffect,
  type ZabInput,
  type ZabRole,
} from './types.ts';

/** The phases' machines of this package. */
export const zabPhases: ZabPhases = {
  election: (parts) => new Election(parts),
  leaderDiscovery: (parts) => new LeaderDiscovery(parts),
  leaderSynchronization: (parts) => new LeaderSynchronization(parts),
  leaderBroadcast: (parts) => new LeaderBroadcast(parts),
  learnerDiscovery: (parts) => new LearnerDiscovery(parts),
  learnerSynchronization: (parts) => new LearnerSynchronization(parts),
  learnerBroadcast: (parts) => new LearnerBroadcast(parts),
};

/** What a member is built from. */
export interface ZabOptions {
  readonly config: ZabConfig;
  readonly recovered: RecoveredState;
  /** Other rules than the correct ones: for labs, the museum of bugs, and mutants. */
  readonly rules?: ZabRules;
  /** Other phases: for labs. */
  readonly phases?: ZabPhases;
}

/** A link that another member opened while this one looks: kept for the case that it will lead. */
interface EarlyLink {
  readonly serverId: number;
  followerInfo: LearnerMessage | null;
}

/**
 * One voting member of a Zab ensemble: agrees with the others on one sequence of transactions.
 *
 *     looking --elected--> leading:   discovery -> synchronization -> broadcast --no quorum heard--> looking
 *        |
 *        +-----elected---> following: discovery -> synchronization -> broadcast --leader lost------> looking
 *
 * Only committed transactions are delivered, so TRUNC never has to take anything back from the tree.
 * Source: Apache ZooKeeper 3.9; Junqueira, Reed, Serafini, "Zab: High-performance broadcast for primary-backup
 * systems" (2011).
 */
export class Zab implements Machine<ZabInput, ZabEffect> {
  private readonly parts: PhaseParts;
  private readonly phases: ZabPhases;
  private readonly election: Machine<ElectionInput, ElectionEffect>;
  private term: Leading | Following | null = null;
  private wasServing = false;
  private state: 'new' | 'running' | 'stopped' = 'new';
  private readonly earlyLinks = new Map<number, EarlyLink>();

  constructor(options: ZabOptions) {
    const { config, recovered } = options;
    assert(config.voters.includes(config.serverId), 'A member votes', {
      serverId: config.serverId,
    });
    this.parts = {
      config,
      rules: options.rules ?? zabRules,
      history: new History(recovered, config),
      learners: new Learners(),
    };
    this.phases = options.phases ?? zabPhases;
    this.election = this.phases.election(this.parts);
  }

  /** @returns what the member is doing now */
  get role(): ZabRole {
    if (this.term === null) return 'looking';
    return this.term instanceof Leading ? 'leading' : 'following';
  }

  /** @returns whom it follows, itself when it leads, null while it looks */
  get leader(): number | null {
    if (this.term === null) return null;
    return this.term instanceof Leading ? this.parts.config.serverId : this.term.leader;
  }

  /** @returns whether it may answer clients */
  get isServing(): boolean {
    return this.term?.isServing ?? false;
  }

  /** @returns the epoch of the leader whose history it accepted last */
  get currentEpoch(): number {
    return this.parts.history.currentEpoch;
  }

  get acceptedEpoch(): number {
    return this.parts.history.acceptedEpoch;
  }

  /** @returns the last that it logged, on disk or on the way there */
  get lastZxid(): number {
    return this.parts.history.log.lastZxid;
  }

  get committedZxid(): number {
    return this.parts.history.log.committedZxid;
  }

  get deliveredZxid(): number {
    return this.parts.history.log.deliveredZxid;
  }

  /** @returns the zxid of the next `propose`: only for a leader that serves */
  nextZxid(): number {
    const { term } = this;
    assert(term instanceof Leading && term.isServing, 'Only a leader that serves proposes');
    const { lastZxid } = this;
    return epochOf(lastZxid) === term.epoch ? lastZxid + 1 : makeZxid(term.epoch, 1);
  }

  step(input: ZabInput, nowMs: number, effects: ZabEffect[]): void {
    if (this.state === 'stopped') return;
    if (this.state === 'new') {
      if (input.kind === 'start') this.start(nowMs, effects);
      return;
    }
    if (input.kind === 'stop') {
      this.stop(nowMs, effects);
      return;
    }
    this.onInput(input, nowMs, effects);
    this.settleTerm(nowMs, effects);
  }

  private onInput(input: ZabInput, nowMs: number, effects: ZabEffect[]): void {
    switch (input.kind) {
      case 'linkMessage':
        this.onLinkMessage(input.link, input.message, { nowMs, effects });
        return;
      case 'durable':
        this.parts.history.onDurable(input.token);
        return this.term?.at(nowMs, effects).onDurable();
      case 'notification':
      case 'voteLinkUp':
        this.elect(input, nowMs, effects);
        return;
      case 'timer':
        if (input.timer !== 'finalize' && input.timer !== 'resend') {
          return this.term?.at(nowMs, effects).onTimer(input.timer);
        }
        this.elect({ kind: 'timer', timer: input.timer }, nowMs, effects);
        return;
      case 'linkOpened':
      case 'linkClosed':
      case 'linkRefused':
        this.onLink(input, nowMs, effects);
        return;
      case 'start':
      case 'stop':
        return;
      default:
        this.onApplication(input, nowMs, effects);
        return;
    }
  }

  /** What the application asks for. */
  private onApplication(
    input: Extract<
      ZabInput,
      { readonly kind: 'propose' | 'sendApplication' | 'snapshotChunk' | 'snapshotDone' }
    >,
    nowMs: number,
    effects: ZabEffect[],
  ): void {
    const term = this.term?.at(nowMs, effects) ?? null;
    if (input.kind === 'sendApplication') {
      if (term instanceof Following && input.to === 'leader') term.send(input.message);
      if (term instanceof Leading && input.to !== 'leader') term.sendTo(input.to, input.message);
      return;
    }
    if (input.kind === 'propose') {
      const { zxid } = input;
      assert(zxid === this.nextZxid(), 'A proposal has the next zxid', { zxid });
      (term as Leading).propose(zxid, input.bytes);
      return;
    }
    if (!(term instanceof Leading)) return;
    if (input.kind === 'snapshotChunk') term.onSnapshotChunk(input.link, input.bytes);
    else term.onSnapshotDone(input.link);
  }

  private onLink(
    input: Extract<ZabInput, { readonly kind: 'linkOpened' | 'linkClosed' | 'linkRefused' }>,
    nowMs: number,
    effects: ZabEffect[],
  ): void {
    const term = this.term?.at(nowMs, effects) ?? null;
    if (input.kind === 'linkRefused') {
      if (term instanceof Following) term.onLinkRefused(input.serverId);
      return;
    }
    const { link } = input;
    if (input.kind === 'linkClosed') {
      this.earlyLinks.delete(link);
      term?.onLinkClosed(link);
      return;
    }
    if (input.outgoing) {
      if (term instanceof Following) term.onLinkOpened(link, input.serverId);
      else effects.push({ kind: 'closeLink', link });
      return;
    }
    if (term instanceof Leading) term.onLinkOpened(link, input.serverId);
    else if (term instanceof Following) effects.push({ kind: 'closeLink', link });
    else this.keepEarlyLink(link, input.serverId, effects);
  }

  /** One a voter, the newest: so that what is kept has a bound. */
  private keepEarlyLink(link: number, serverId: number, effects: ZabEffect[]): void {
    if (!this.parts.config.voters.includes(serverId)) {
      effects.push({ kind: 'closeLink', link });
      return;
    }
    for (const [older, early] of this.earlyLinks) {
      if (early.serverId !== serverId) continue;
      this.earlyLinks.delete(older);
      effects.push({ kind: 'closeLink', link: older });
    }
    this.earlyLinks.set(link, { serverId, followerInfo: null });
  }

  private onLinkMessage(
    link: number,
    message: LearnerMessage,
    { nowMs, effects }: { readonly nowMs: number; readonly effects: ZabEffect[] },
  ): void {
    if (this.term !== null) {
      this.term.at(nowMs, effects).onMessage(link, message);
      return;
    }
    const early = this.earlyLinks.get(link);
    if (early === undefined) return;
    if (early.followerInfo === null && message.kind === 'followerInfo') {
      early.followerInfo = message;
      return;
    }
    this.earlyLinks.delete(link);
    effects.push({ kind: 'closeLink', link });
  }

  private start(nowMs: number, effects: ZabEffect[]): void {
    this.state = 'running';
    this.parts.history.deliver(effects);
    this.look(nowMs, effects);
    this.settleTerm(nowMs, effects);
  }

  private stop(nowMs: number, effects: ZabEffect[]): void {
    this.state = 'stopped';
    this.term?.at(nowMs, effects).end();
    this.closeEarlyLinks(effects);
    this.term = null;
    effects.push({ kind: 'cancelTimer', timer: 'finalize' });
    effects.push({ kind: 'cancelTimer', timer: 'resend' });
    this.pushRole(effects);
  }

  private look(nowMs: number, effects: ZabEffect[]): void {
    this.term = null;
    this.wasServing = false;
    this.pushRole(effects);
    const { config, history } = this.parts;
    const vote = {
      leader: config.serverId,
      zxid: history.log.lastZxid,
      peerEpoch: history.currentEpoch,
    };
    this.elect({ kind: 'begin', vote }, nowMs, effects);
  }

  private elect(input: ElectionInput, nowMs: number, effects: ZabEffect[]): void {
    const found: ElectionEffect[] = [];
    this.election.step(input, nowMs, found);
    for (const effect of found) {
      if (effect.kind === 'elected') this.onElected(effect.leader, nowMs, effects);
      else effects.push(effect);
    }
  }

  private onElected(leader: number, nowMs: number, effects: ZabEffect[]): void {
    if (leader !== this.parts.config.serverId) {
      this.closeEarlyLinks(effects);
      const following = new Following(this.parts, this.phases, leader);
      this.term = following;
      this.pushRole(effects);
      following.at(nowMs, effects).begin();
      return;
    }
    const leading = new Leading(this.parts, this.phases).at(nowMs, effects);
    this.term = leading;
    this.pushRole(effects);
    leading.begin();
    for (const [link, { serverId, followerInfo }] of this.earlyLinks) {
      leading.onLinkOpened(link, serverId);
      if (followerInfo !== null) leading.onMessage(link, followerInfo);
    }
    this.earlyLinks.clear();
  }

  /** After every input: has the term begun to serve, is it over? */
  private settleTerm(nowMs: number, effects: ZabEffect[]): void {
    for (let term = this.term; term !== null; term = this.term) {
      if (term.isServing && !this.wasServing) {
        this.wasServing = true;
        this.pushRole(effects);
        this.elect({ kind: 'settled', epoch: term.epoch }, nowMs, effects);
      }
      if (term.endReason === null) return;
      term.at(nowMs, effects).end();
      const facts = { role: this.role, reason: term.endReason, epoch: term.epoch };
      effects.push({ kind: 'trace', event: 'termEnded', facts });
      this.look(nowMs, effects);
    }
  }

  private closeEarlyLinks(effects: ZabEffect[]): void {
    for (const link of this.earlyLinks.keys()) effects.push({ kind: 'closeLink', link });
    this.earlyLinks.clear();
  }

  private pushRole(effects: ZabEffect[]): void {
    const { role, leader, isServing } = this;
    const epoch = this.currentEpoch;
    effects.push({ kind: 'role', role, leader, epoch, serving: isServing });
    effects.push({ kind: 'trace', event: role, facts: { leader, epoch, serving: isServing } });
  }
}
