import { errorCodes } from '@zookafka/kafka-wire';
import { sequenceAfter } from '@zookafka/partition-log';
import { type Appends, type AppendListener } from './appends.ts';
import { type BrokerContext } from './context.ts';
import { type CommitWait, type Leadership } from './leadership.ts';
import { type Replica } from './replica.ts';
import { type BatchVerdict } from './types.ts';

/** One batch that a client, or the group coordinator, wants appended. */
export interface LeaderAppend {
  readonly records: Uint8Array;
  readonly verdict: BatchVerdict;
  /** -1: when it is committed; 1: when the leader has it; 0: nobody waits. */
  readonly acks: number;
}

/** Who waits for the outcome of one batch: told once. */
export interface OutcomeListener extends CommitWait, AppendListener {
  /** The high watermark that commits it. */
  offset: number;
}

/** What came of a batch at once: with no error, the listener is told later. */
export interface AppendOutcome {
  readonly errorCode: number;
  readonly message: string | null;
  /** -1 with an error. */
  readonly baseOffset: number;
  /** Whether nothing is left to wait for. */
  readonly isFinal: boolean;
}

type ValidVerdict = Extract<BatchVerdict, { readonly kind: 'valid' }>;

/** Appends batches as the leader of their partition: sequence, epoch and ISR are judged before anything is done. */
export class LeaderAppender {
  private readonly context: BrokerContext;
  private readonly appends: Appends;

  constructor(context: BrokerContext, appends: Appends) {
    this.context = context;
    this.appends = appends;
  }

  append(
    replica: Replica | undefined,
    wanted: LeaderAppend,
    listener: OutcomeListener,
  ): AppendOutcome {
    const leadership = replica?.leadership;
    if (replica === undefined || leadership === undefined)
      return refused(errorCodes.NOT_LEADER_OR_FOLLOWER);
    const { verdict, acks } = wanted;
    if (verdict.kind === 'refused') return refused(verdict.errorCode, verdict.message);
    if (verdict.bytes > replica.limits.batchBytesMax) {
      return refused(
        errorCodes.MESSAGE_TOO_LARGE,
        `A batch of ${verdict.bytes} bytes: at most ${replica.limits.batchBytesMax} are taken`,
      );
    }
    const isrCount = leadership.isr.length;
    if (!this.context.rules.mayAppend({ acks, isrCount, isrMin: replica.isrMin })) {
      return refused(errorCodes.NOT_ENOUGH_REPLICAS);
    }
    if (verdict.producerId >= 0) {
      const known = this.judge(replica, leadership, { verdict, acks, listener });
      if (known !== undefined) return known;
    }
    return this.write(replica, leadership, { wanted, verdict, listener });
  }

  /** @returns what is to be answered without an append, or undefined */
  private judge(
    replica: Replica,
    leadership: Leadership,
    asked: { verdict: ValidVerdict; acks: number; listener: OutcomeListener },
  ): AppendOutcome | undefined {
    const { verdict, acks, listener } = asked;
    const { producerId, producerEpoch, baseSequence, lastOffsetDelta } = verdict;
    if (verdict.isTransactional) {
      return refused(errorCodes.INVALID_REQUEST, 'Transactions are not served');
    }
    if (baseSequence < 0) return refused(errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER);
    const judged = this.context.rules.judgeSequence(replica.producers.historyOf(producerId), {
      producerEpoch,
      firstSequence: baseSequence,
      lastSequence: sequenceAfter(baseSequence, lastOffsetDelta),
    });
    if (judged.verdict === 'append') return undefined;
    if (judged.verdict === 'refuse') return refused(errorCodeOf(judged.error));
    const { firstOffset, lastOffset } = judged.batch;
    listener.offset = lastOffset + 1;
    const isFinal = acks !== -1 || replica.highWatermark > lastOffset;
    if (!isFinal) leadership.wait(listener);
    return { errorCode: 0, message: null, baseOffset: firstOffset, isFinal };
  }

  private write(
    replica: Replica,
    leadership: Leadership,
    asked: { wanted: LeaderAppend; verdict: ValidVerdict; listener: OutcomeListener },
  ): AppendOutcome {
    const { wanted, verdict, listener } = asked;
    const firstOffset = replica.offsetNext;
    const lastOffset = firstOffset + verdict.lastOffsetDelta;
    if (verdict.producerId >= 0) {
      replica.producers.append({
        producerId: verdict.producerId,
        producerEpoch: verdict.producerEpoch,
        baseSequence: verdict.baseSequence,
        firstOffset,
        lastOffset,
        timestamp: this.context.wallMs,
        isTransactional: false,
        isControl: false,
      });
    }
    listener.offset = lastOffset + 1;
    this.appends.append(replica, {
      chunks: [wanted.records],
      offsetNext: lastOffset + 1,
      leaderEpoch: leadership.epoch,
      listener: wanted.acks === 1 ? listener : undefined,
    });
    if (wanted.acks === -1) leadership.wait(listener);
    return { errorCode: 0, message: null, baseOffset: firstOffset, isFinal: wanted.acks === 0 };
  }
}

function refused(code: number, message: string | null = null): AppendOutcome {
  return { errorCode: code, message, baseOffset: -1, isFinal: true };
}

function errorCodeOf(error: 'INVALID_PRODUCER_EPOCH' | 'OUT_OF_ORDER_SEQUENCE_NUMBER'): number {
  return error === 'INVALID_PRODUCER_EPOCH'
    ? errorCodes.INVALID_PRODUCER_EPOCH
    : errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER;
}
