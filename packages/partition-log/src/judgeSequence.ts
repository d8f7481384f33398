/** One batch that a producer appended, as later batches are judged by it. */
export interface ProducerBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** Milliseconds of wall time. */
  readonly timestamp: number;
}

/** What a partition remembers of one producer. */
export interface ProducerHistory {
  readonly producerEpoch: number;
  /** Of this epoch, the oldest first: at most `batchesRememberedMax`. */
  readonly batches: readonly ProducerBatch[];
}

/** What a client wants appended. */
export interface SequenceClaim {
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/** Append it; or answer with what an earlier copy got; or refuse it with a wire error of this name. */
export type SequenceVerdict =
  | { readonly verdict: 'append' }
  | { readonly verdict: 'duplicate'; readonly batch: ProducerBatch }
  | {
      readonly verdict: 'refuse';
      readonly error: 'INVALID_PRODUCER_EPOCH' | 'OUT_OF_ORDER_SEQUENCE_NUMBER';
    };

/** A producer has at most this many requests under way, so a retry is among the last so many batches. */
export const batchesRememberedMax = 5;

const sequenceMax = 0x7fff_ffff;
const append: SequenceVerdict = { verdict: 'append' };
const outOfOrder: SequenceVerdict = { verdict: 'refuse', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' };
const epochOld: SequenceVerdict = { verdict: 'refuse', error: 'INVALID_PRODUCER_EPOCH' };

/** @returns the sequence number `count` after `sequence`: after 2^31 - 1 comes 0 */
export function sequenceAfter(sequence: number, count: number): number {
  const sum = sequence + count;
  return sum > sequenceMax ? sum - sequenceMax - 1 : sum;
}

/** @returns the sequence number `count` before `sequence`: before 0 comes 2^31 - 1 */
export function sequenceBefore(sequence: number, count: number): number {
  const difference = sequence - count;
  return difference < 0 ? difference + sequenceMax + 1 : difference;
}

/**
 * Decides whether an idempotent producer's batch may be appended: the one rule that keeps retries from
 * doubling and reordering records.
 *
 * @param history what is known of the producer; undefined when nothing is, or it expired
 * Source: Apache Kafka, `ProducerAppendInfo` and `ProducerStateEntry.findDuplicateBatch`.
 */
export function judgeSequence(
  history: ProducerHistory | undefined,
  claim: SequenceClaim,
): SequenceVerdict {
  if (history === undefined) return append;
  if (claim.producerEpoch < history.producerEpoch) return epochOld;
  if (claim.producerEpoch > history.producerEpoch) {
    return claim.firstSequence === 0 ? append : outOfOrder;
  }
  for (const batch of history.batches) {
    if (batch.firstSequence === claim.firstSequence && batch.lastSequence === claim.lastSequence) {
      return { verdict: 'duplicate', batch };
    }
  }
  const last = history.batches[history.batches.length - 1];
  // No batch of this epoch: a transaction marker opened it, and its sequence starts at 0.
  const expected = last === undefined ? 0 : sequenceAfter(last.lastSequence, 1);
  return claim.firstSequence === expected ? append : outOfOrder;
}
