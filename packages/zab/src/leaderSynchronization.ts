import { type Machine, unreachable } from '@zookafka/base';
import { type Learner } from './learners.ts';
import {
  type LeaderSynchronizationEffect,
  type LeaderSynchronizationInput,
  type PhaseParts,
} from './phases.ts';

type Effects = LeaderSynchronizationEffect[];

/**
 * Synchronization at the leader, for each learner, early or late:
 *
 *     promised --DIFF or TRUNC, what it lacks, NEWLEADER--> synchronizing --ACK--> synchronized --UPTODATE--> serving
 *     promised --SNAP--> snapshot --streamed: what it lacks by then, NEWLEADER--> synchronizing
 *
 * NEWLEADER and the registration for later proposals happen in one step, so that nothing falls between.
 * UPTODATE waits for a quorum that acknowledged NEWLEADER: only then is the leader's history committed.
 */
export class LeaderSynchronization implements Machine<
  LeaderSynchronizationInput,
  LeaderSynchronizationEffect
> {
  private readonly parts: PhaseParts;
  private epoch = 0;
  /** What the leader had logged when its epoch began. */
  private initialZxid = 0;
  private epochToken = 0;
  private isEstablished = false;

  constructor(parts: PhaseParts) {
    this.parts = parts;
  }

  step(input: LeaderSynchronizationInput, _nowMs: number, effects: Effects): void {
    switch (input.kind) {
      case 'begin':
        this.begin(input.epoch, effects);
        return;
      case 'durable':
        this.establishIfQuorum(effects);
        return;
      case 'synchronize':
        this.synchronize(input.learner, effects);
        return;
      case 'snapshotDone':
        this.onSnapshotDone(input.learner, effects);
        return;
      case 'acknowledged':
        this.onAcknowledged(input.learner, effects);
        return;
      default:
        return unreachable(input);
    }
  }

  private begin(epoch: number, effects: Effects): void {
    const { history } = this.parts;
    this.epoch = epoch;
    this.initialZxid = history.log.lastZxid;
    this.isEstablished = false;
    // A quorum promised: no older leader can commit what is not in this history.
    history.enterEpoch(epoch, effects);
    this.epochToken = history.tokenLast;
  }

  private synchronize(learner: Learner, effects: Effects): void {
    const { history, rules } = this.parts;
    const { log } = history;
    const { mode, zxid } = rules.synchronizationFor({
      peerZxid: learner.lastZxid,
      minZxid: log.minZxid,
      maxZxid: log.lastZxid,
      floorZxid: log.floorOf(learner.lastZxid),
      snapshotZxid: log.deliveredZxid,
    });
    effects.push({
      kind: 'trace',
      event: 'synchronizing',
      facts: { serverId: learner.serverId, mode, peerZxid: learner.lastZxid, zxid },
    });
    const { link } = learner;
    if (mode === 'snap') {
      learner.stage = 'snapshot';
      learner.snapshotZxid = zxid;
      this.parts.learners.pin(this.parts.history.log);
      effects.push({ kind: 'send', link, message: { kind: 'snap', zxid } });
      effects.push({ kind: 'takeSnapshot', link, zxid });
      return;
    }
    const announced = mode === 'diff' ? log.lastZxid : zxid;
    effects.push({ kind: 'send', link, message: { kind: mode, zxid: announced } });
    this.sendHistory(learner, zxid, effects);
  }

  private onSnapshotDone(learner: Learner, effects: Effects): void {
    const { log } = this.parts.history;
    if (log.minZxid > learner.snapshotZxid) {
      effects.push({ kind: 'refused', learner, reason: 'snapshotTookTooLong' });
      return;
    }
    effects.push({ kind: 'send', link: learner.link, message: { kind: 'snapEnd' } });
    this.sendHistory(learner, learner.snapshotZxid, effects);
    this.parts.learners.pin(this.parts.history.log);
  }

  /** Everything above `fromZxid`, then NEWLEADER; from now on the learner gets all that is proposed. */
  private sendHistory(learner: Learner, fromZxid: number, effects: Effects): void {
    const { link } = learner;
    const { log } = this.parts.history;
    log.forEachAfter(fromZxid, (zxid, transaction) => {
      effects.push({ kind: 'send', link, message: { kind: 'proposal', zxid, transaction } });
    });
    if (log.committedZxid > 0) {
      effects.push({ kind: 'send', link, message: { kind: 'commit', zxid: log.committedZxid } });
    }
    effects.push({ kind: 'send', link, message: { kind: 'newLeader', epoch: this.epoch } });
    learner.newLeaderZxid = log.lastZxid;
    learner.stage = 'synchronizing';
  }

  private onAcknowledged(learner: Learner, effects: Effects): void {
    if (learner.stage !== 'synchronizing') {
      effects.push({ kind: 'refused', learner, reason: 'unexpectedAckOfNewLeader' });
      return;
    }
    learner.stage = 'synchronized';
    learner.ackedZxid = learner.newLeaderZxid;
    if (this.isEstablished) this.welcome(learner, effects);
    else this.establishIfQuorum(effects);
  }

  private establishIfQuorum(effects: Effects): void {
    const { config, history, rules, learners } = this.parts;
    if (this.isEstablished) return;
    const own = history.tokenDurable >= this.epochToken ? 1 : 0;
    const count = own + learners.count((learner) => learner.countsForCommits);
    if (!rules.hasQuorum(count, config.voters.length)) return;
    this.isEstablished = true;
    if (this.initialZxid > history.log.committedZxid) {
      history.commitTo(this.initialZxid);
      const message = { kind: 'commit', zxid: this.initialZxid } as const;
      for (const { link, isForwarding } of learners.all) {
        if (isForwarding) effects.push({ kind: 'send', link, message });
      }
    }
    for (const learner of learners.all) {
      if (learner.stage === 'synchronized') this.welcome(learner, effects);
    }
    history.deliver(effects);
    effects.push({ kind: 'established' });
  }

  private welcome(learner: Learner, effects: Effects): void {
    learner.stage = 'serving';
    effects.push({ kind: 'send', link: learner.link, message: { kind: 'upToDate' } });
  }
}
