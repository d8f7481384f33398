import { isRetriableError } from '@zookafka/kafka-wire';
import { mayBeWritten } from './refusedBatches.ts';
import { type PartitionLeader } from './types.ts';
import { sequenceAfter } from './wire.ts';

/** What decides whether a partition's next batch may leave. */
export interface SendQuestion {
  /** Was refused, and waits for the next look at the metadata. */
  readonly isHeld: boolean;
  /** Sequences have a gap that will not be filled. */
  readonly isBroken: boolean;
  /** Something was acknowledged under the name that batches are written under: whoever leads knows its sequences. */
  readonly isKnown: boolean;
  readonly retryCount: number;
  readonly gatheringCount: number;
  readonly inFlightCount: number;
}

/** What decides whether a batch may go to this leader while others are under way. */
export interface LeaderQuestion {
  readonly inFlightCount: number;
  /** Whom those that are under way went to. */
  readonly leaderInFlight: number;
  readonly leader: number;
}

/** Which of two leaders of a partition is to be believed. */
export interface LeaderOrder {
  readonly known: PartitionLeader;
  readonly told: PartitionLeader;
}

/**
 * Every decision of a client that keeps records whole and in order, each a function of plain data: the default set
 * is the correct one, a mutant replaces one.
 */
export interface ClientRules {
  readonly maySend: (question: SendQuestion) => boolean;
  readonly mayGoTo: (question: LeaderQuestion) => boolean;
  readonly sequenceAfter: (sequence: number, count: number) => number;
  /** @returns whether a batch that was refused so may be in the log all the same */
  readonly mayBeWritten: (code: string) => boolean;
  /** @returns whether the same batch may be taken if it is sent again */
  readonly isRetried: (errorCode: number) => boolean;
  /** @returns whether a batch may be written under another epoch: never one that may be in the log under the old one */
  readonly maySealAnew: (batch: { readonly isUnknown: boolean }) => boolean;
  readonly isLeaderOlder: (order: LeaderOrder) => boolean;
}

/** Batches of one partition on their way at a time: what a broker remembers of a producer. */
const inFlightCountMax = 5;

/** The rules of a correct client. Source: Apache Kafka's producer, and `Metadata.updateLatestMetadata`. */
export const clientRules: ClientRules = {
  maySend,
  mayGoTo: ({ inFlightCount, leaderInFlight, leader }) =>
    inFlightCount === 0 || leaderInFlight === leader,
  sequenceAfter,
  mayBeWritten,
  isRetried: isRetriableError,
  maySealAnew: ({ isUnknown }) => !isUnknown,
  isLeaderOlder: ({ known, told }) =>
    told.leaderEpoch !== -1 && told.leaderEpoch < known.leaderEpoch,
};

/**
 * A retry goes out alone, when all that was under way is back: so order is kept. So does the first batch of another
 * epoch: what is under way still counts in the old one. And so does the first batch of all: a leader that knows nothing of
 * a producer takes whatever sequence comes first, also when what was sent before it was refused.
 */
function maySend(question: SendQuestion): boolean {
  const { isHeld, isBroken, isKnown, retryCount, gatheringCount, inFlightCount } = question;
  if (isHeld) return false;
  if (retryCount > 0) return inFlightCount === 0;
  if ((isBroken || !isKnown) && inFlightCount > 0) return false;
  return gatheringCount > 0 && inFlightCount < inFlightCountMax;
}
