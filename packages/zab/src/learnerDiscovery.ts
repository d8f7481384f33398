import { type Machine, unreachable } from '@zookafka/base';
import { epochMax, type LeaderInfoMessage, type LearnerMessage } from '@zookafka/zookeeper-wire';
import { type LearnerPhaseEffect, type LearnerPhaseInput, type PhaseParts } from './phases.ts';

/** Of the learner's version of the protocol, as ZooKeeper 3.4 and later say it. */
const protocolVersion = 0x10000;

/**
 * Discovery at a learner: FOLLOWERINFO tells what it promised, LEADERINFO the epoch that it is to promise now,
 * ACKEPOCH gives the promise once that is on the disk.
 */
export class LearnerDiscovery implements Machine<LearnerPhaseInput, LearnerPhaseEffect> {
  private readonly parts: PhaseParts;
  private link = -1;
  private epoch = 0;
  /** The ACKEPOCH that waits for the disk. */
  private waiting: LearnerMessage | null = null;

  constructor(parts: PhaseParts) {
    this.parts = parts;
  }

  step(input: LearnerPhaseInput, _nowMs: number, effects: LearnerPhaseEffect[]): void {
    switch (input.kind) {
      case 'begin':
        this.link = input.link;
        this.introduce(effects);
        return;
      case 'message':
        if (input.message.kind === 'leaderInfo') {
          this.onLeaderInfo(input.message, effects);
          return;
        }
        effects.push({ kind: 'giveUp', reason: 'unexpectedMessageInDiscovery' });
        return;
      case 'durable':
        if (this.waiting !== null && this.parts.history.isDurable) this.promise(effects);
        return;
      case 'end':
        return;
      default:
        return unreachable(input);
    }
  }

  private introduce(effects: LearnerPhaseEffect[]): void {
    const { config, history } = this.parts;
    const { serverId } = config;
    const { acceptedEpoch } = history;
    const message = { kind: 'followerInfo', acceptedEpoch, serverId, protocolVersion } as const;
    effects.push({ kind: 'send', link: this.link, message });
  }

  private onLeaderInfo(message: LeaderInfoMessage, effects: LearnerPhaseEffect[]): void {
    const { config, history, rules } = this.parts;
    const { epoch, ensembleId } = message;
    if (!Number.isSafeInteger(epoch) || epoch > epochMax || this.waiting !== null) {
      effects.push({ kind: 'giveUp', reason: 'unexpectedLeaderInfo' });
      return;
    }
    if (ensembleId !== null && config.ensembleId !== null && ensembleId !== config.ensembleId) {
      effects.push({ kind: 'giveUp', reason: 'leaderOfAnotherEnsemble' });
      return;
    }
    const judgement = rules.judgeLeaderEpoch(epoch, history.acceptedEpoch);
    if (judgement === 'refuse') {
      effects.push({ kind: 'giveUp', reason: 'leaderOfEarlierEpoch' });
      return;
    }
    if (judgement === 'accept' && epoch > history.acceptedEpoch)
      history.acceptEpoch(epoch, effects);
    const currentEpoch = judgement === 'accept' ? history.currentEpoch : -1;
    this.epoch = epoch;
    this.waiting = { kind: 'ackEpoch', lastZxid: history.log.lastZxid, currentEpoch };
    // A promise given before may still be on its way to the disk, too.
    if (rules.promiseWaitsFor === 'nothing' || history.isDurable) this.promise(effects);
  }

  private promise(effects: LearnerPhaseEffect[]): void {
    const message = this.waiting as LearnerMessage;
    this.waiting = null;
    effects.push({ kind: 'trace', event: 'epochAccepted', facts: { epoch: this.epoch } });
    effects.push({ kind: 'send', link: this.link, message });
    effects.push({ kind: 'discovered', epoch: this.epoch });
  }
}
