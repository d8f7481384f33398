import { errorCodes } from '@zookafka/kafka-wire';
import { type BrokerContext } from './context.ts';
import { type FollowerFetch } from './replicaProgress.ts';
import { type Leadership } from './leadership.ts';
import { type Replica } from './replica.ts';

/** Where a replica's high watermark is written down now and then. */
export interface HighWatermarkListener {
  onHighWatermarkMoved(replica: Replica): void;
}

/** Who hears that a follower might enter the ISR. */
export interface IsrCandidateListener {
  onCaughtUp(replica: Replica, leadership: Leadership, broker: number): void;
}

/**
 * Moves the high watermark of what this broker leads, and tells everybody who waits for it.
 *
 *     log grew ──────► followers' fetches are answered
 *     follower fetched ► high watermark ► produce requests and consumers' fetches are answered
 *                      ► maybe into the ISR
 */
export class LeaderProgress {
  private readonly context: BrokerContext;
  private readonly moved: HighWatermarkListener;
  private readonly candidates: IsrCandidateListener;

  constructor(
    context: BrokerContext,
    listeners: { readonly moved: HighWatermarkListener; readonly candidates: IsrCandidateListener },
  ) {
    this.context = context;
    this.moved = listeners.moved;
    this.candidates = listeners.candidates;
  }

  /** The leader's own log grew. */
  onLogGrown(replica: Replica, leadership: Leadership): void {
    this.advance(replica, leadership);
    wake(replica, true);
  }

  /** A follower fetched, so it has everything before its offset. */
  onFollowerFetch(
    replica: Replica,
    leadership: Leadership,
    { broker, fetch }: { readonly broker: number; readonly fetch: FollowerFetch },
  ): void {
    const follower = leadership.followerOf(broker);
    if (follower === undefined) return;
    const hasMoved = follower.onFetch(fetch);
    const isMember = leadership.isr.includes(broker);
    if (!isMember) this.candidates.onCaughtUp(replica, leadership, broker);
    if (hasMoved || !isMember) this.advance(replica, leadership);
  }

  /** Recomputes the high watermark: something that it depends on changed. */
  advance(replica: Replica, leadership: Leadership): void {
    const { context } = this;
    const highWatermark = context.rules.highWatermarkOf({
      highWatermark: replica.highWatermark,
      leaderEnd: replica.logEndOffset,
      isr: leadership.isr,
      isrProposed: leadership.isrProposed,
      isrMin: replica.isrMin,
      followers: leadership.followers,
      brokers: context.image.brokers,
      nowMs: context.nowMs,
      lagMaxMs: context.config.replicaLagTimeMaxMs,
    });
    if (!replica.moveHighWatermark(highWatermark)) return;
    this.moved.onHighWatermarkMoved(replica);
    if (!leadership.hasCommitted && highWatermark > leadership.epochStart) {
      leadership.hasCommitted = true;
      const { topic, partition } = replica;
      context.trace('firstCommit', { topic, partition, leaderEpoch: leadership.epoch });
    }
    const isEnough = leadership.isr.length >= replica.isrMin;
    leadership.settle(
      replica.highWatermark,
      isEnough ? errorCodes.NONE : errorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    );
    wake(replica, false);
  }
}

/** Has the waiting fetches looked at again, of replicas or of consumers. */
export function wake({ listeners }: Replica, isReplica: boolean): void {
  for (const listener of listeners) if (listener.isReplica === isReplica) listener.onProgress();
}

/** Has every waiting fetch looked at again: the role changed. */
export function wakeAll({ listeners }: Replica): void {
  for (const listener of listeners) listener.onProgress();
}
