import { type Machine, unreachable } from '@zookafka/base';
import { epochOf, type LearnerMessage, type ProposalMessage } from '@zookafka/zookeeper-wire';
import { type LearnerPhaseEffect, type LearnerPhaseInput, type PhaseParts } from './phases.ts';

/**
 * Broadcast at a follower: a proposal is logged, acknowledged when it is on the disk (one ACK for all that one
 * write brought there), and delivered when its COMMIT comes.
 */
export class LearnerBroadcast implements Machine<LearnerPhaseInput, LearnerPhaseEffect> {
  private readonly parts: PhaseParts;
  private link = -1;
  private epoch = 0;
  private ackedZxid = 0;

  constructor(parts: PhaseParts) {
    this.parts = parts;
  }

  step(input: LearnerPhaseInput, _nowMs: number, effects: LearnerPhaseEffect[]): void {
    switch (input.kind) {
      case 'begin':
        this.link = input.link;
        this.epoch = input.epoch;
        // Up to here NEWLEADER's acknowledgement spoke.
        this.ackedZxid = this.parts.history.durableZxid;
        this.acknowledge(effects);
        return;
      case 'message':
        this.onMessage(input.message, effects);
        return;
      case 'durable':
        this.acknowledge(effects);
        return;
      case 'end':
        return;
      default:
        return unreachable(input);
    }
  }

  private onMessage(message: LearnerMessage, effects: LearnerPhaseEffect[]): void {
    if (message.kind === 'proposal') this.onProposal(message, effects);
    else if (message.kind === 'commit') this.onCommit(message.zxid, effects);
    else effects.push({ kind: 'giveUp', reason: 'unexpectedMessageInBroadcast' });
  }

  private onProposal(message: ProposalMessage, effects: LearnerPhaseEffect[]): void {
    const { history, rules } = this.parts;
    const { zxid } = message;
    if (!rules.isNextZxid(zxid, history.log.lastZxid) || epochOf(zxid) !== this.epoch) {
      effects.push({ kind: 'giveUp', reason: 'gapInProposals' });
      return;
    }
    history.append(zxid, message.transaction, effects);
    if (rules.ackWaitsFor === 'nothing') this.acknowledge(effects);
  }

  private onCommit(zxid: number, effects: LearnerPhaseEffect[]): void {
    const { history } = this.parts;
    if (zxid > history.log.lastZxid) {
      effects.push({ kind: 'giveUp', reason: 'commitOfUnknown' });
      return;
    }
    history.commitTo(zxid);
    history.deliver(effects);
  }

  private acknowledge(effects: LearnerPhaseEffect[]): void {
    const { history, rules } = this.parts;
    const zxid = rules.ackWaitsFor === 'durable' ? history.durableZxid : history.log.lastZxid;
    if (zxid <= this.ackedZxid) return;
    this.ackedZxid = zxid;
    effects.push({ kind: 'send', link: this.link, message: { kind: 'ack', zxid } });
  }
}
