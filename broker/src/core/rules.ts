import {
  type EpochEnd,
  judgeSequence,
  type ProducerHistory,
  type SequenceClaim,
  type SequenceVerdict,
} from '@zookafka/partition-log';
import { type BrokerEndpoint, type PartitionMetadata } from './metadata.ts';

/** How far another replica has copied a leader's log, as the leader knows it. */
export interface FollowerView {
  readonly broker: number;
  /** The registration that its last fetch named, or -1. */
  readonly brokerEpoch: number;
  /** The first offset that it lacks; -1 before its first fetch in this epoch. */
  readonly offsetNext: number;
  /** When it had everything that there was last. */
  readonly caughtUpMs: number;
}

/** Whether a replica keeps up. */
export interface CaughtUpQuestion {
  readonly follower: FollowerView;
  readonly leaderEnd: number;
  readonly nowMs: number;
  readonly lagMaxMs: number;
}

/** What a leader's high watermark depends on. */
export interface HighWatermarkQuestion {
  readonly highWatermark: number;
  readonly leaderEnd: number;
  /** As the cluster decided it. */
  readonly isr: readonly number[];
  /** What the leader asked for and has no answer to. */
  readonly isrProposed: readonly number[] | undefined;
  readonly isrMin: number;
  readonly followers: readonly FollowerView[];
  readonly brokers: ReadonlyMap<number, BrokerEndpoint>;
  readonly nowMs: number;
  readonly lagMaxMs: number;
}

/** Whether a replica may be proposed for the ISR. */
export interface JoinQuestion {
  readonly follower: FollowerView;
  readonly highWatermark: number;
  /** Where the leader's epoch began. */
  readonly epochStart: number;
  readonly brokers: ReadonlyMap<number, BrokerEndpoint>;
}

/** What a leader compares when a follower fetches. */
export interface DivergenceQuestion {
  /** The epoch of the follower's last record, or -1. */
  readonly lastFetchedEpoch: number;
  readonly fetchOffset: number;
  /** Where that epoch ends at the leader. */
  readonly leaderEpochEnd: EpochEnd;
}

/** Where a follower cuts its log. */
export interface TruncationQuestion {
  /** What the leader answered. */
  readonly diverging: EpochEnd;
  /** Where the leader's epoch ends in the follower's own log. */
  readonly ownEpochEnd: EpochEnd;
  readonly logEnd: number;
  readonly highWatermark: number;
}

/** Whether a state may make this broker lead. */
export interface LeadershipQuestion {
  readonly state: PartitionMetadata;
  readonly broker: number;
  readonly brokerEpoch: number;
  /** The epoch that this process leads already, or -1. */
  readonly epochLed: number;
}

/** What a follower learns with a fetch. */
export interface FollowerHighWatermarkQuestion {
  readonly highWatermark: number;
  readonly leaderHighWatermark: number;
  readonly logEnd: number;
}

/** Whether enough replicas are in sync for a write with acks=all. */
export interface AckQuestion {
  readonly acks: number;
  readonly isrCount: number;
  readonly isrMin: number;
}

/** Which of two states of a partition is newer. */
export interface StateOrder {
  readonly known: PartitionMetadata;
  readonly told: PartitionMetadata;
}

/**
 * Every decision of replication, each a function of plain data: the default set is the correct one; a mutant, a
 * lab or a museum piece replaces one.
 */
export interface BrokerRules {
  readonly isStateNewer: (order: StateOrder) => boolean;
  readonly acceptsLeadership: (question: LeadershipQuestion) => boolean;
  /** @returns whether a broker of this epoch (-1: not registered in this life) may fetch from leaders */
  readonly mayFollow: (broker: { readonly brokerEpoch: number }) => boolean;
  readonly isCaughtUp: (question: CaughtUpQuestion) => boolean;
  readonly mayJoinIsr: (question: JoinQuestion) => boolean;
  readonly highWatermarkOf: (question: HighWatermarkQuestion) => number;
  readonly followerHighWatermark: (question: FollowerHighWatermarkQuestion) => number;
  /** @returns 0, or Kafka's error for an epoch that is not the leader's */
  readonly judgeEpoch: (claimed: number, epoch: number) => 0 | 74 | 75;
  /** @returns whether the follower's log is no prefix of the leader's */
  readonly diverges: (question: DivergenceQuestion) => boolean;
  readonly truncationOffset: (question: TruncationQuestion) => number;
  readonly mayAppend: (question: AckQuestion) => boolean;
  readonly judgeSequence: (
    history: ProducerHistory | undefined,
    claim: SequenceClaim,
  ) => SequenceVerdict;
  /** @returns where a consumer's read ends: nothing at or after it is given */
  readonly readBound: (bounds: {
    readonly highWatermark: number;
    readonly logEnd: number;
  }) => number;
}

/** The rules of a correct broker. Source of each: Apache Kafka 3.9 and its proposals, as named. */
export const brokerRules: BrokerRules = {
  isStateNewer,
  acceptsLeadership,
  mayFollow: ({ brokerEpoch }) => brokerEpoch >= 0,
  isCaughtUp,
  mayJoinIsr,
  highWatermarkOf,
  followerHighWatermark: ({ leaderHighWatermark, logEnd }) => Math.min(leaderHighWatermark, logEnd),
  judgeEpoch,
  diverges,
  truncationOffset,
  mayAppend: ({ acks, isrCount, isrMin }) => acks !== -1 || isrCount >= isrMin,
  judgeSequence,
  readBound: ({ highWatermark }) => highWatermark,
};

/** Leader epochs first; within one, the version of the state. */
function isStateNewer({ known, told }: StateOrder): boolean {
  if (told.leaderEpoch !== known.leaderEpoch) return told.leaderEpoch > known.leaderEpoch;
  return told.partitionEpoch > known.partitionEpoch;
}

/**
 * A state written before this process registered was meant for the process before it, whose log may have had
 * more: only a state written since makes this one lead.
 */
function acceptsLeadership(question: LeadershipQuestion): boolean {
  const { state, broker, brokerEpoch, epochLed } = question;
  if (state.leader !== broker) return false;
  return state.leaderEpoch === epochLed || state.stateZxid > brokerEpoch;
}

/** Source: `Replica.isCaughtUp`. */
function isCaughtUp({ follower, leaderEnd, nowMs, lagMaxMs }: CaughtUpQuestion): boolean {
  return follower.offsetNext === leaderEnd || nowMs - follower.caughtUpMs <= lagMaxMs;
}

/** Source: `Partition.isFollowerInSync`, KIP-903 for the registration. */
function mayJoinIsr({ follower, highWatermark, epochStart, brokers }: JoinQuestion): boolean {
  if (follower.offsetNext < highWatermark || follower.offsetNext < epochStart) return false;
  return isRegistered(follower, brokers);
}

/**
 * The slowest of the maximal ISR, and of those about to join it. Frozen while the ISR is too small.
 *
 * Source: `Partition.maybeIncrementLeaderHW`, KAFKA-15583.
 */
function highWatermarkOf(question: HighWatermarkQuestion): number {
  const { highWatermark, leaderEnd, isr, isrProposed, followers } = question;
  if (isr.length < question.isrMin) return highWatermark;
  let slowest = leaderEnd;
  for (const follower of followers) {
    if (follower.offsetNext >= slowest) continue;
    const isMember =
      isr.includes(follower.broker) || isrProposed?.includes(follower.broker) === true;
    if (isMember || isAboutToJoin(follower, question)) slowest = follower.offsetNext;
  }
  return Math.max(highWatermark, slowest);
}

function isAboutToJoin(follower: FollowerView, question: HighWatermarkQuestion): boolean {
  const { leaderEnd, nowMs, lagMaxMs, brokers } = question;
  if (!isRegistered(follower, brokers)) return false;
  return isCaughtUp({ follower, leaderEnd, nowMs, lagMaxMs });
}

function isRegistered(
  { broker, brokerEpoch }: FollowerView,
  brokers: ReadonlyMap<number, BrokerEndpoint>,
): boolean {
  const endpoint = brokers.get(broker);
  return endpoint !== undefined && (brokerEpoch === -1 || endpoint.epoch === brokerEpoch);
}

function judgeEpoch(claimed: number, epoch: number): 0 | 74 | 75 {
  if (claimed === -1 || claimed === epoch) return 0;
  return claimed < epoch ? 74 : 75;
}

/** Source: KIP-595's diverging epoch, `Partition.readRecords`. */
function diverges({ lastFetchedEpoch, fetchOffset, leaderEpochEnd }: DivergenceQuestion): boolean {
  if (lastFetchedEpoch < 0) return false;
  return leaderEpochEnd.epoch < lastFetchedEpoch || leaderEpochEnd.endOffset < fetchOffset;
}

/** Source: KIP-279, `AbstractFetcherThread.getOffsetTruncationState`. */
function truncationOffset(question: TruncationQuestion): number {
  const { diverging, ownEpochEnd, logEnd, highWatermark } = question;
  if (diverging.endOffset < 0) return highWatermark;
  if (ownEpochEnd.endOffset < 0) return Math.min(diverging.endOffset, logEnd);
  return Math.min(diverging.endOffset, ownEpochEnd.endOffset, logEnd);
}
