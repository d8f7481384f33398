import { type Machine, unreachable } from '@zookafka/base';
import { type AckEpochMessage, epochMax, type LearnerInfoMessage } from '@zookafka/zookeeper-wire';
import { type Learner } from './learners.ts';
import {
  type LeaderDiscoveryEffect,
  type LeaderDiscoveryInput,
  type PhaseParts,
} from './phases.ts';

/**
 * Discovery at the leader.
 *
 *     gathering --FOLLOWERINFO of a quorum: epoch chosen--> promising
 *     promising --own acceptedEpoch is durable: LEADERINFO to all--> announced
 *     announced --ACKEPOCH of a quorum--> discovered (later learners get LEADERINFO at once)
 */
export class LeaderDiscovery implements Machine<LeaderDiscoveryInput, LeaderDiscoveryEffect> {
  private readonly parts: PhaseParts;
  private stage: 'gathering' | 'promising' | 'announced' | 'discovered' = 'gathering';
  private epoch = 0;
  private promiseToken = 0;

  constructor(parts: PhaseParts) {
    this.parts = parts;
  }

  step(input: LeaderDiscoveryInput, _nowMs: number, effects: LeaderDiscoveryEffect[]): void {
    switch (input.kind) {
      case 'begin':
        this.stage = 'gathering';
        this.chooseIfQuorum(effects);
        return;
      case 'durable':
        this.announceIfPromised(effects);
        return;
      case 'followerInfo':
        this.onFollowerInfo(input.learner, input.message, effects);
        return;
      case 'ackEpoch':
        this.onAckEpoch(input.learner, input.message, effects);
        return;
      default:
        return unreachable(input);
    }
  }

  private onFollowerInfo(
    learner: Learner,
    message: LearnerInfoMessage,
    effects: LeaderDiscoveryEffect[],
  ): void {
    const { acceptedEpoch } = message;
    const isEpoch = Number.isSafeInteger(acceptedEpoch) && acceptedEpoch >= 0;
    if (learner.stage !== 'connected' || !isEpoch || acceptedEpoch >= epochMax) {
      effects.push({ kind: 'refused', learner, reason: 'unexpectedFollowerInfo' });
      return;
    }
    learner.stage = 'introduced';
    learner.acceptedEpoch = acceptedEpoch;
    if (this.stage === 'gathering') {
      this.chooseIfQuorum(effects);
      return;
    }
    // It promised more than this epoch: it could never follow, and the next election will reach beyond it.
    if (this.parts.rules.judgeLeaderEpoch(this.epoch, acceptedEpoch) === 'refuse') {
      effects.push({ kind: 'giveUp', reason: 'learnerPromisedLaterEpoch' });
      return;
    }
    if (this.stage !== 'promising') this.announceTo(learner, effects);
  }

  private chooseIfQuorum(effects: LeaderDiscoveryEffect[]): void {
    const { config, rules, history, learners } = this.parts;
    const introduced = learners.all.filter((learner) => learner.stage === 'introduced');
    if (!rules.hasQuorum(introduced.length + 1, config.voters.length)) return;
    const accepted = introduced.map((learner) => learner.acceptedEpoch);
    this.epoch = rules.nextEpoch([history.acceptedEpoch, ...accepted]);
    this.stage = 'promising';
    history.acceptEpoch(this.epoch, effects);
    this.promiseToken = history.tokenLast;
    if (rules.promiseWaitsFor === 'nothing') this.announce(effects);
  }

  private announceIfPromised(effects: LeaderDiscoveryEffect[]): void {
    if (this.stage !== 'promising') return;
    if (this.parts.history.tokenDurable >= this.promiseToken) this.announce(effects);
  }

  private announce(effects: LeaderDiscoveryEffect[]): void {
    this.stage = 'announced';
    effects.push({ kind: 'trace', event: 'epochProposed', facts: { epoch: this.epoch } });
    for (const learner of this.parts.learners.all) {
      if (learner.stage === 'introduced') this.announceTo(learner, effects);
    }
    this.discoverIfQuorum(effects);
  }

  private announceTo(learner: Learner, effects: LeaderDiscoveryEffect[]): void {
    const { ensembleId } = this.parts.config;
    const message = { kind: 'leaderInfo', epoch: this.epoch, ensembleId } as const;
    effects.push({ kind: 'send', link: learner.link, message });
  }

  private onAckEpoch(
    learner: Learner,
    message: AckEpochMessage,
    effects: LeaderDiscoveryEffect[],
  ): void {
    const { history, rules } = this.parts;
    const isAnnounced = this.stage === 'announced' || this.stage === 'discovered';
    if (!isAnnounced || learner.stage !== 'introduced' || !Number.isSafeInteger(message.lastZxid)) {
      effects.push({ kind: 'refused', learner, reason: 'unexpectedAckEpoch' });
      return;
    }
    learner.stage = 'promised';
    learner.lastZxid = message.lastZxid;
    if (this.stage === 'discovered' || message.currentEpoch === -1) return;
    const own = { currentEpoch: history.currentEpoch, lastZxid: history.log.lastZxid };
    if (rules.isNewerHistory(message, own)) {
      effects.push({ kind: 'giveUp', reason: 'learnerHasNewerHistory' });
      return;
    }
    learner.hasPromised = true;
    this.discoverIfQuorum(effects);
  }

  private discoverIfQuorum(effects: LeaderDiscoveryEffect[]): void {
    const { config, rules, learners } = this.parts;
    const count = 1 + learners.count((learner) => learner.hasPromised);
    if (!rules.hasQuorum(count, config.voters.length)) return;
    this.stage = 'discovered';
    effects.push({ kind: 'discovered', epoch: this.epoch });
  }
}
