import { assert, type Machine, unreachable } from '@zookafka/base';
import { type LearnerMessage } from '@zookafka/zookeeper-wire';
import { type Learner } from './learners.ts';
import {
  type LeaderBroadcastEffect,
  type LeaderBroadcastInput,
  type PhaseParts,
} from './phases.ts';

type Effects = LeaderBroadcastEffect[];

/**
 * Broadcast at the leader: PROPOSAL leaves and is logged at once, and commits when a quorum of disks has it,
 * the leader's own among them or not. Acknowledgements and commits are cumulative, so commits keep their order.
 */
export class LeaderBroadcast implements Machine<LeaderBroadcastInput, LeaderBroadcastEffect> {
  private readonly parts: PhaseParts;
  private hasBegun = false;
  /** Scratch: how far each log that counts is durable. */
  private readonly ackedZxids: number[] = [];

  constructor(parts: PhaseParts) {
    this.parts = parts;
  }

  step(input: LeaderBroadcastInput, _nowMs: number, effects: Effects): void {
    switch (input.kind) {
      case 'begin':
        this.hasBegun = true;
        this.commitWhatCan(effects);
        return;
      case 'propose':
        this.propose(input.zxid, input.bytes, effects);
        return;
      case 'ack':
        this.onAck(input.learner, input.zxid, effects);
        return;
      case 'durable':
      case 'synchronized':
        this.commitWhatCan(effects);
        return;
      default:
        return unreachable(input);
    }
  }

  private propose(zxid: number, bytes: Uint8Array, effects: Effects): void {
    assert(this.hasBegun, 'Only a leader that serves proposes', { zxid });
    this.sendForward({ kind: 'proposal', zxid, transaction: bytes }, effects);
    this.parts.history.append(zxid, bytes, effects);
    // Nothing is on any disk that was not before.
    if (this.parts.rules.ackWaitsFor !== 'durable') this.commitWhatCan(effects);
    if (this.parts.rules.isLastOfEpoch(zxid)) {
      effects.push({ kind: 'giveUp', reason: 'countersUsedUp' });
    }
  }

  private onAck(learner: Learner, zxid: number, effects: Effects): void {
    const isSent = zxid <= this.parts.history.log.lastZxid;
    if (!learner.countsForCommits || !isSent || zxid < learner.ackedZxid) {
      effects.push({ kind: 'refused', learner, reason: 'unexpectedAck' });
      return;
    }
    learner.ackedZxid = zxid;
    this.commitWhatCan(effects);
  }

  private commitWhatCan(effects: Effects): void {
    if (!this.hasBegun) return;
    const { config, history, rules, learners } = this.parts;
    if (history.log.committedZxid === history.log.lastZxid) return;
    const acked = this.ackedZxids;
    acked.length = 0;
    acked.push(rules.ackWaitsFor === 'durable' ? history.durableZxid : history.log.lastZxid);
    for (const learner of learners.all) if (learner.countsForCommits) acked.push(learner.ackedZxid);
    const zxid = rules.committableZxid(acked, config.voters.length);
    if (zxid <= history.log.committedZxid) return;
    history.commitTo(zxid);
    this.sendForward({ kind: 'commit', zxid }, effects);
    history.deliver(effects);
  }

  private sendForward(message: LearnerMessage, effects: Effects): void {
    for (const learner of this.parts.learners.all) {
      if (learner.isForwarding) effects.push({ kind: 'send', link: learner.link, message });
    }
  }
}
