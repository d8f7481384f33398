import { type Machine, unreachable } from '@zookafka/base';
import { type LearnerMessage, makeZxid, type ProposalMessage } from '@zookafka/zookeeper-wire';
import { type LearnerPhaseEffect, type LearnerPhaseInput, type PhaseParts } from './phases.ts';
import { type LogEntry } from './types.ts';

type Effects = LearnerPhaseEffect[];

/**
 * Synchronization at a learner.
 *
 *     start --DIFF--------------------> body --NEWLEADER--> settling --its steps, ACK--> acknowledged --UPTODATE--> done
 *     start --TRUNC: log cut----------> body
 *     start --SNAP--> snapshot --end--> body
 *
 * What the leader proposes is only gathered until NEWLEADER, then logged in one write, before the epoch, before
 * the acknowledgement: `rules.newLeaderSteps`. A leader that dies earlier leaves no half of its history here.
 * Nothing is delivered before UPTODATE.
 */
export class LearnerSynchronization implements Machine<LearnerPhaseInput, LearnerPhaseEffect> {
  private readonly parts: PhaseParts;
  private link = -1;
  private epoch = 0;
  private stage: 'start' | 'snapshot' | 'body' | 'settling' | 'acknowledged' = 'start';
  private mode = '';
  private snapshotZxid = 0;
  /** Proposals not logged yet, and the last zxid that the learner has with them. */
  private gathered: LogEntry[] = [];
  private gatheredZxid = 0;
  private committedZxid = 0;
  /** Which step at NEWLEADER comes next, and the token that it waits for. */
  private stepIndex = 0;
  private stepToken = 0;
  private isUpToDate = false;

  constructor(parts: PhaseParts) {
    this.parts = parts;
  }

  step(input: LearnerPhaseInput, _nowMs: number, effects: Effects): void {
    switch (input.kind) {
      case 'begin':
        this.link = input.link;
        this.epoch = input.epoch;
        this.gatheredZxid = this.parts.history.log.lastZxid;
        return;
      case 'message':
        this.onMessage(input.message, effects);
        return;
      case 'durable':
        if (this.stage === 'settling') this.settle(effects);
        return;
      case 'end':
        if (this.stage === 'snapshot') effects.push({ kind: 'installSnapshotAbort' });
        return;
      default:
        return unreachable(input);
    }
  }

  private onMessage(message: LearnerMessage, effects: Effects): void {
    switch (message.kind) {
      case 'diff':
        this.start('diff', effects);
        return;
      case 'trunc':
        this.onTruncate(message.zxid, effects);
        return;
      case 'snap':
        this.onSnapshot(message.zxid, effects);
        return;
      case 'snapChunk':
        if (this.stage !== 'snapshot') {
          refuse('unexpectedSnapshotChunk', effects);
          return;
        }
        effects.push({ kind: 'installSnapshotChunk', bytes: message.bytes });
        return;
      case 'snapEnd':
        this.onSnapshotEnd(effects);
        return;
      case 'proposal':
        this.onProposal(message, effects);
        return;
      case 'commit':
        if (message.zxid > this.gatheredZxid) {
          refuse('commitOfUnknown', effects);
          return;
        }
        this.committedZxid = Math.max(this.committedZxid, message.zxid);
        return;
      case 'newLeader':
        this.onNewLeader(message.epoch, effects);
        return;
      case 'upToDate':
        this.isUpToDate = true;
        this.finishIfDone(effects);
        return;
      default:
        refuse('unexpectedMessageInSynchronization', effects);
        return;
    }
  }

  private start(mode: string, effects: Effects): void {
    if (this.stage !== 'start') {
      refuse('unexpectedSynchronization', effects);
      return;
    }
    this.mode = mode;
    this.stage = 'body';
  }

  private onTruncate(zxid: number, effects: Effects): void {
    const { history } = this.parts;
    const { log } = history;
    // What was committed is never cut off, whoever asks for it; and only a zxid of this log is a place to cut.
    if (zxid < log.committedZxid || log.floorOf(zxid) !== zxid) {
      refuse('truncationImpossible', effects);
      return;
    }
    this.start('trunc', effects);
    history.truncateTo(zxid, effects);
    this.gatheredZxid = zxid;
  }

  private onSnapshot(zxid: number, effects: Effects): void {
    if (zxid < this.parts.history.log.deliveredZxid) {
      refuse('snapshotTooOld', effects);
      return;
    }
    this.start('snap', effects);
    this.stage = 'snapshot';
    this.snapshotZxid = zxid;
    effects.push({ kind: 'installSnapshotBegin', zxid });
  }

  private onSnapshotEnd(effects: Effects): void {
    if (this.stage !== 'snapshot') {
      refuse('unexpectedSnapshotEnd', effects);
      return;
    }
    this.parts.history.replaceBySnapshot(this.snapshotZxid, effects);
    this.gatheredZxid = this.snapshotZxid;
    this.stage = 'body';
  }

  private onProposal({ zxid, transaction }: ProposalMessage, effects: Effects): void {
    if (this.stage === 'start' || this.stage === 'snapshot') {
      refuse('unexpectedProposal', effects);
      return;
    }
    if (!this.parts.rules.isNextZxid(zxid, this.gatheredZxid)) {
      refuse('gapInProposals', effects);
      return;
    }
    this.gathered.push({ zxid, bytes: transaction });
    this.gatheredZxid = zxid;
  }

  private onNewLeader(epoch: number, effects: Effects): void {
    if (this.stage !== 'body' || epoch !== this.epoch) {
      refuse('unexpectedNewLeader', effects);
      return;
    }
    this.stage = 'settling';
    this.stepIndex = 0;
    this.stepToken = 0;
    this.settle(effects);
  }

  /** Goes through the steps at NEWLEADER as far as the disk has come. */
  private settle(effects: Effects): void {
    const { history, rules } = this.parts;
    while (history.tokenDurable >= this.stepToken) {
      const step = rules.newLeaderSteps[this.stepIndex++];
      switch (step) {
        case 'history':
          history.appendAll(this.gathered, effects);
          this.gathered = [];
          this.stepToken = history.tokenLast;
          break;
        case 'currentEpoch':
          history.enterEpoch(this.epoch, effects);
          this.stepToken = history.tokenLast;
          break;
        case 'acknowledge':
          this.acknowledge(effects);
          break;
        case undefined:
          this.stage = 'acknowledged';
          this.finishIfDone(effects);
          return;
        default:
          return unreachable(step);
      }
    }
  }

  private acknowledge(effects: Effects): void {
    const { durableZxid } = this.parts.history;
    effects.push({
      kind: 'trace',
      event: 'synchronized',
      facts: { epoch: this.epoch, mode: this.mode, lastZxid: durableZxid },
    });
    const message = { kind: 'ack', zxid: makeZxid(this.epoch, 0) } as const;
    effects.push({ kind: 'send', link: this.link, message });
  }

  private finishIfDone(effects: Effects): void {
    if (!this.isUpToDate) return;
    if (this.stage !== 'acknowledged') {
      if (this.stage !== 'settling') refuse('unexpectedUpToDate', effects);
      return;
    }
    const { history } = this.parts;
    history.appendAll(this.gathered, effects);
    this.gathered = [];
    history.commitTo(this.committedZxid);
    history.deliver(effects);
    effects.push({ kind: 'upToDate' });
  }
}

function refuse(reason: string, effects: Effects): void {
  effects.push({ kind: 'giveUp', reason });
}
