import { type Machine, unreachable } from '@zookafka/base';
import { type ElectionNotification, type PeerState } from '@zookafka/zookeeper-wire';
import { type ElectionEffect, type ElectionInput, type PhaseParts } from './phases.ts';
import { type Vote } from './rules.ts';

/** A vote as it was received: who claims it, in which round, is the key and the rest. */
interface ReceivedVote extends Vote {
  readonly electionEpoch: number;
  readonly state: PeerState;
}

/**
 * Fast leader election: every member tells its vote and adopts better ones, until a quorum votes alike.
 *
 *     looking --a quorum votes alike, finalizeWait passes--------> following | leading
 *     looking --a quorum follows a leader that says it leads-----> following
 *
 * A member that looks no more answers those who do with the vote that it settled on.
 * Source: Apache ZooKeeper, `FastLeaderElection.lookForLeader`.
 */
export class Election implements Machine<ElectionInput, ElectionEffect> {
  private readonly config: PhaseParts['config'];
  private readonly rules: PhaseParts['rules'];
  private state: PeerState = 'looking';
  private hasBegun = false;
  /** Counts rounds: votes of different rounds are not compared. */
  private electionEpoch = 0;
  private ownVote: Vote = { leader: -1, zxid: -1, peerEpoch: -1 };
  private vote: Vote = this.ownVote;
  /** Votes of this round, by sender; and claims of members that settled in another round. */
  private readonly received = new Map<number, ReceivedVote>();
  private readonly settledElsewhere = new Map<number, ReceivedVote>();
  /** Who asked while this member looked no more: they are told again once its leader serves. */
  private readonly askers = new Set<number>();
  private isFinalizing = false;
  private resendMs = 0;

  constructor({ config, rules }: Pick<PhaseParts, 'config' | 'rules'>) {
    this.config = config;
    this.rules = rules;
  }

  step(input: ElectionInput, _nowMs: number, effects: ElectionEffect[]): void {
    switch (input.kind) {
      case 'begin':
        this.begin(input.vote, effects);
        return;
      case 'settled':
        this.onSettled(input.epoch, effects);
        return;
      case 'notification':
        this.onNotification(input.from, input.notification, effects);
        return;
      case 'voteLinkUp':
        if (this.hasBegun) this.tell(input.peer, effects);
        return;
      case 'timer':
        this.onTimer(input.timer, effects);
        return;
      default:
        return unreachable(input);
    }
  }

  private onTimer(timer: 'finalize' | 'resend', effects: ElectionEffect[]): void {
    if (!this.hasBegun || this.state !== 'looking') return;
    if (timer === 'finalize') this.onFinalize(effects);
    else this.onResend(effects);
  }

  private begin(vote: Vote, effects: ElectionEffect[]): void {
    this.hasBegun = true;
    this.state = 'looking';
    this.electionEpoch++;
    this.ownVote = vote;
    this.received.clear();
    this.settledElsewhere.clear();
    this.askers.clear();
    this.isFinalizing = false;
    this.resendMs = this.config.resendMsMin;
    effects.push({ kind: 'setTimer', timer: 'resend', delayMs: this.resendMs });
    effects.push({
      kind: 'trace',
      event: 'electionStarted',
      facts: { electionEpoch: this.electionEpoch, zxid: vote.zxid, peerEpoch: vote.peerEpoch },
    });
    this.adopt(vote, effects);
    this.decideIfQuorum(effects);
  }

  private onNotification(
    from: number,
    notification: ElectionNotification,
    effects: ElectionEffect[],
  ): void {
    if (!this.hasBegun || from === this.config.serverId) return;
    const senderLooks = notification.state === 'looking';
    if (this.state !== 'looking') {
      if (!senderLooks) return;
      this.askers.add(from);
      this.tell(from, effects);
      return;
    }
    // Who does not vote is answered, never counted; nor is a vote that says nothing.
    if (!this.isCounted(from, notification)) {
      if (senderLooks) this.tell(from, effects);
      return;
    }
    if (senderLooks) this.onVote(from, notification, effects);
    else if (notification.state !== 'observing') this.onClaim(from, notification, effects);
  }

  /** A vote of another member that looks. */
  private onVote(from: number, vote: ElectionNotification, effects: ElectionEffect[]): void {
    if (vote.electionEpoch < this.electionEpoch) {
      this.tell(from, effects);
      return;
    }
    if (vote.electionEpoch > this.electionEpoch) {
      this.electionEpoch = vote.electionEpoch;
      this.received.clear();
      this.adopt(this.rules.isBetterVote(vote, this.ownVote) ? vote : this.ownVote, effects);
    } else if (this.rules.isBetterVote(vote, this.vote)) this.adopt(vote, effects);
    this.received.set(from, vote);
    this.decideIfQuorum(effects);
  }

  /** A member follows or leads already. */
  private onClaim(from: number, claim: ElectionNotification, effects: ElectionEffect[]): void {
    if (claim.electionEpoch === this.electionEpoch) {
      this.received.set(from, claim);
      if (this.isEstablished(this.received, claim)) {
        this.settle(claim, effects);
        return;
      }
    }
    this.settledElsewhere.set(from, claim);
    if (!this.isEstablished(this.settledElsewhere, claim)) return;
    this.electionEpoch = claim.electionEpoch;
    this.settle(claim, effects);
  }

  /** A quorum agrees with `claim`, and its leader itself says that it leads. */
  private isEstablished(
    votes: ReadonlyMap<number, ReceivedVote>,
    claim: ElectionNotification,
  ): boolean {
    if (!this.hasQuorumFor(votes, claim)) return false;
    if (claim.leader !== this.config.serverId) {
      return votes.get(claim.leader)?.state === 'leading';
    }
    return claim.electionEpoch === this.electionEpoch;
  }

  private decideIfQuorum(effects: ElectionEffect[]): void {
    if (!this.hasQuorumFor(this.received, this.received.get(this.config.serverId))) return;
    // Nobody is left who could bring a better vote.
    if (this.received.size === this.config.voters.length && this.isUnanimous()) {
      this.settle(this.vote, effects);
      return;
    }
    if (this.isFinalizing) return;
    this.isFinalizing = true;
    const delayMs = this.config.finalizeWaitMs;
    effects.push({ kind: 'setTimer', timer: 'finalize', delayMs });
  }

  private onFinalize(effects: ElectionEffect[]): void {
    if (!this.isFinalizing) return;
    this.isFinalizing = false;
    if (!this.hasQuorumFor(this.received, this.received.get(this.config.serverId))) return;
    this.settle(this.vote, effects);
  }

  private onResend(effects: ElectionEffect[]): void {
    this.resendMs = Math.min(this.resendMs * 2, this.config.resendMsMax);
    effects.push({ kind: 'setTimer', timer: 'resend', delayMs: this.resendMs });
    this.tellAll(effects);
  }

  private adopt(vote: Vote, effects: ElectionEffect[]): void {
    const { leader, zxid, peerEpoch } = vote;
    this.vote = { leader, zxid, peerEpoch };
    this.received.set(this.config.serverId, this.notification());
    if (this.isFinalizing) {
      this.isFinalizing = false;
      effects.push({ kind: 'cancelTimer', timer: 'finalize' });
    }
    this.tellAll(effects);
  }

  private settle(vote: Vote, effects: ElectionEffect[]): void {
    const { leader, zxid, peerEpoch } = vote;
    this.vote = { leader, zxid, peerEpoch };
    this.state = leader === this.config.serverId ? 'leading' : 'following';
    this.isFinalizing = false;
    effects.push({ kind: 'cancelTimer', timer: 'finalize' });
    effects.push({ kind: 'cancelTimer', timer: 'resend' });
    effects.push({
      kind: 'trace',
      event: 'electionDecided',
      facts: { leader, electionEpoch: this.electionEpoch, zxid, peerEpoch },
    });
    effects.push({ kind: 'elected', leader });
  }

  /** From now on the vote names the epoch that the leader serves in. */
  private onSettled(epoch: number, effects: ElectionEffect[]): void {
    this.vote = { ...this.vote, peerEpoch: epoch };
    for (const asker of this.askers) this.tell(asker, effects);
    this.askers.clear();
  }

  private hasQuorumFor(
    votes: ReadonlyMap<number, ReceivedVote>,
    wanted: ReceivedVote | undefined,
  ): boolean {
    if (wanted === undefined) return false;
    let count = 0;
    for (const vote of votes.values()) if (agree(vote, wanted)) count++;
    return this.rules.hasQuorum(count, this.config.voters.length);
  }

  private isUnanimous(): boolean {
    for (const vote of this.received.values()) {
      if (vote.state !== 'looking' || vote.leader !== this.vote.leader) return false;
    }
    return true;
  }

  private isCounted(from: number, notification: ElectionNotification): boolean {
    const { voters } = this.config;
    return (
      voters.includes(from) &&
      voters.includes(notification.leader) &&
      notification.zxid >= 0 &&
      Number.isSafeInteger(notification.electionEpoch)
    );
  }

  private tellAll(effects: ElectionEffect[]): void {
    for (const to of this.config.voters) this.tell(to, effects);
  }

  private tell(to: number, effects: ElectionEffect[]): void {
    if (to === this.config.serverId) return;
    effects.push({ kind: 'sendNotification', to, notification: this.notification() });
  }

  private notification(): ElectionNotification {
    const { electionEpoch, state } = this;
    return { kind: 'notification', state, ...this.vote, electionEpoch };
  }
}

/** Members that look agree on everything; of an established ensemble only leader and epoch are compared. */
function agree(left: ReceivedVote, right: ReceivedVote): boolean {
  if (left.leader !== right.leader || left.peerEpoch !== right.peerEpoch) return false;
  if (left.state !== 'looking' || right.state !== 'looking') return true;
  return left.zxid === right.zxid && left.electionEpoch === right.electionEpoch;
}
