import { counterMax, counterOf, epochOf } from '@zookafka/zookeeper-wire';

/** A vote: a candidate and its history. */
export interface Vote {
  readonly leader: number;
  /** The candidate's last logged zxid. */
  readonly zxid: number;
  /** The candidate's currentEpoch. */
  readonly peerEpoch: number;
}

/** What a follower answers to the epoch that a leader proposes. */
export type EpochJudgement = 'accept' | 'acceptedBefore' | 'refuse';

/** What a leader knows when it decides how to bring a learner up to its own history. */
export interface SynchronizationFacts {
  /** The last that the learner logged. */
  readonly peerZxid: number;
  /** The transaction before the first in the leader's memory: learners below it need a snapshot. */
  readonly minZxid: number;
  /** The leader's last. */
  readonly maxZxid: number;
  /** The leader's last at or below `peerZxid`; -1 when that is below `minZxid`. */
  readonly floorZxid: number;
  /** What a snapshot would contain: the leader's last delivered. */
  readonly snapshotZxid: number;
}

/** How a learner is synchronized; what the leader has above `zxid` follows as proposals. */
export interface Synchronization {
  readonly mode: 'diff' | 'trunc' | 'snap';
  readonly zxid: number;
}

/** What a learner does at NEWLEADER: each step begins when the one before is durable. */
export type NewLeaderStep = 'history' | 'currentEpoch' | 'acknowledge';

/**
 * The decisions of Zab, each a pure function of plain data, and the orders of its durable steps. The default is
 * `zabRules`; a lab, the museum of bugs and the checkers' mutants replace one of them.
 */
export interface ZabRules {
  readonly isBetterVote: typeof isBetterVote;
  readonly hasQuorum: typeof hasQuorum;
  readonly nextEpoch: typeof nextEpoch;
  readonly judgeLeaderEpoch: typeof judgeLeaderEpoch;
  readonly isNewerHistory: typeof isNewerHistory;
  readonly synchronizationFor: typeof synchronizationFor;
  readonly isNextZxid: typeof isNextZxid;
  readonly committableZxid: typeof committableZxid;
  readonly isLastOfEpoch: typeof isLastOfEpoch;
  readonly newLeaderSteps: readonly NewLeaderStep[];
  /** What an epoch's promise (LEADERINFO, ACKEPOCH) waits for. */
  readonly promiseWaitsFor: 'durable' | 'nothing';
  /** What an acknowledgement of a proposal waits for: a follower's, and the leader's own. */
  readonly ackWaitsFor: 'durable' | 'nothing';
}

/**
 * The order of votes: epoch, then zxid, then id. A strict total order: else an ensemble never settles.
 *
 * @returns whether `vote` beats `other`
 */
export function isBetterVote(vote: Vote, other: Vote): boolean {
  if (vote.peerEpoch !== other.peerEpoch) return vote.peerEpoch > other.peerEpoch;
  if (vote.zxid !== other.zxid) return vote.zxid > other.zxid;
  return vote.leader > other.leader;
}

/** @returns whether `count` voters are more than half of `voterCount` */
export function hasQuorum(count: number, voterCount: number): boolean {
  return count * 2 > voterCount;
}

/** @returns the epoch that a leader proposes to those who promised `acceptedEpochs`, its own among them */
export function nextEpoch(acceptedEpochs: readonly number[]): number {
  return Math.max(...acceptedEpochs) + 1;
}

/** A promise is given once: a second leader with the same epoch may lead this follower, but not by its help. */
export function judgeLeaderEpoch(epoch: number, acceptedEpoch: number): EpochJudgement {
  if (epoch > acceptedEpoch) return 'accept';
  return epoch === acceptedEpoch ? 'acceptedBefore' : 'refuse';
}

/** A history: which leader it was accepted from, and how far it reaches. */
export interface HistoryClaim {
  readonly currentEpoch: number;
  readonly lastZxid: number;
}

/** @returns whether a learner's history is newer than the leader's, which then must not lead */
export function isNewerHistory(learner: HistoryClaim, leader: HistoryClaim): boolean {
  if (learner.currentEpoch !== leader.currentEpoch) {
    return learner.currentEpoch > leader.currentEpoch;
  }
  return learner.lastZxid > leader.lastZxid;
}

/**
 * How a learner gets the leader's history.
 *
 * A cut across an epoch is made by a snapshot, as in the source, where that takes nothing back that the learner
 * delivered: what both have in common ends at `floorZxid`, so the snapshot must reach it. Where it does not (a
 * leader that does not know yet what is committed) the cut is made by TRUNC; it is right there as well, because
 * a log with a transaction of epoch e continues the history that e's leader began with.
 */
export function synchronizationFor(facts: SynchronizationFacts): Synchronization {
  const { peerZxid, minZxid, maxZxid, floorZxid, snapshotZxid } = facts;
  if (peerZxid < minZxid) return { mode: 'snap', zxid: snapshotZxid };
  if (peerZxid === floorZxid || counterOf(peerZxid) === 0) return { mode: 'diff', zxid: peerZxid };
  if (peerZxid > maxZxid) return { mode: 'trunc', zxid: maxZxid };
  const crossesEpoch = epochOf(floorZxid) !== epochOf(peerZxid);
  if (crossesEpoch && snapshotZxid >= floorZxid) return { mode: 'snap', zxid: snapshotZxid };
  return { mode: 'trunc', zxid: floorZxid };
}

/** @returns whether `zxid` may follow `lastZxid` in a log: the next of its epoch, or the first of a later one */
export function isNextZxid(zxid: number, lastZxid: number): boolean {
  if (epochOf(zxid) === epochOf(lastZxid)) return zxid === lastZxid + 1;
  return zxid > lastZxid && counterOf(zxid) === 1;
}

/**
 * @param ackedZxids how far the logs of the leader and its synchronized followers are durable, in any order
 * @returns the highest zxid that a quorum of `voterCount` has; -1 when there are too few
 */
export function committableZxid(ackedZxids: readonly number[], voterCount: number): number {
  const needed = Math.floor(voterCount / 2) + 1;
  let highest = -1;
  for (const zxid of ackedZxids) {
    if (zxid <= highest) continue;
    let count = 0;
    for (const other of ackedZxids) if (other >= zxid) count++;
    if (count >= needed) highest = zxid;
  }
  return highest;
}

/** @returns whether a leader must give way because no counter is left above `zxid` */
export function isLastOfEpoch(zxid: number): boolean {
  return counterOf(zxid) === counterMax;
}

/** The correct set. */
export const zabRules: ZabRules = {
  isBetterVote,
  hasQuorum,
  nextEpoch,
  judgeLeaderEpoch,
  isNewerHistory,
  synchronizationFor,
  isNextZxid,
  committableZxid,
  isLastOfEpoch,
  newLeaderSteps: ['history', 'currentEpoch', 'acknowledge'],
  promiseWaitsFor: 'durable',
  ackWaitsFor: 'durable',
};
