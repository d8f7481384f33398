import { type IsrResult, type IsrWanted } from './controlPlane.ts';
import { type BrokerContext } from './context.ts';
import { type Deadlines, type Expirable } from './deadlines.ts';
import { type LeaderProgress } from './leaderProgress.ts';
import { type Leadership } from './leadership.ts';
import { type Replica } from './replica.ts';

/** After an answer that was lost or not `ok`: a newer state is on its way. */
const retryMs = 500;
/** How many partitions one step looks at. */
const sliceCountMax = 2000;

interface Retry extends Expirable {
  readonly replica: Replica;
  readonly leadership: Leadership;
}

/**
 * Proposes who is in sync with a partition that this broker leads, one change at a time.
 *
 * Source: Apache Kafka, `Partition.maybeExpandIsr`, `maybeShrinkIsr`.
 */
export class IsrKeeper {
  private readonly context: BrokerContext;
  private readonly deadlines: Deadlines;
  private readonly propose: (wanted: IsrWanted) => void;
  /** Set once, by who makes both. */
  progress: LeaderProgress | undefined;

  constructor(context: BrokerContext, deadlines: Deadlines, propose: (wanted: IsrWanted) => void) {
    this.context = context;
    this.deadlines = deadlines;
    this.propose = propose;
  }

  /** A follower outside the ISR fetched. */
  onCaughtUp(replica: Replica, leadership: Leadership, broker: number): void {
    if (leadership.isrProposed !== undefined || leadership.isr.includes(broker)) return;
    if (this.context.nowMs < leadership.isrRetryAtMs) return;
    const follower = leadership.followerOf(broker);
    if (follower === undefined) return;
    const isReady = this.context.rules.mayJoinIsr({
      follower,
      highWatermark: replica.highWatermark,
      epochStart: leadership.epochStart,
      brokers: this.context.image.brokers,
    });
    if (isReady) this.ask(replica, leadership, [...leadership.isr, broker]);
  }

  /** Drops who no longer keeps up. @returns where to go on, or 0 at the end of `replicas` */
  shrinkSlice(replicas: readonly Replica[], from: number): number {
    const end = Math.min(replicas.length, from + sliceCountMax);
    for (let index = from; index < end; index++) this.shrink(replicas[index] as Replica);
    return end === replicas.length ? 0 : end;
  }

  /** The control plane answered. */
  onAltered(
    replica: Replica,
    leadership: Leadership,
    {
      result,
      isr,
      partitionEpoch,
    }: { result: IsrResult; isr: readonly number[]; partitionEpoch: number },
  ): void {
    if (result === 'unknown') {
      // It may stand: until that is known, both the old and the new members count.
      this.retryLater(replica, leadership);
      return;
    }
    leadership.isrProposed = undefined;
    if (result !== 'ok') leadership.isrRetryAtMs = this.context.nowMs + retryMs;
    if (result === 'ok' && partitionEpoch >= leadership.partitionEpoch) {
      this.adopt(replica, leadership, { isr, partitionEpoch });
    }
    this.progress?.advance(replica, leadership);
  }

  /** The cluster decided who is in sync. */
  adopt(
    replica: Replica,
    leadership: Leadership,
    { isr, partitionEpoch }: { isr: readonly number[]; partitionEpoch: number },
  ): void {
    leadership.partitionEpoch = partitionEpoch;
    if (leadership.isr.join() === isr.join()) return;
    this.context.trace('isrChanged', {
      topic: replica.topic,
      partition: replica.partition,
      leaderEpoch: leadership.epoch,
      partitionEpoch,
      isrBefore: leadership.isr,
      isr,
    });
    leadership.isr = isr;
  }

  private shrink(replica: Replica): void {
    const { leadership } = replica;
    if (leadership === undefined) return;
    // Who was about to join may have stopped to keep up: nobody waits for it any more.
    if (leadership.waitCount > 0) this.progress?.advance(replica, leadership);
    if (leadership.isrProposed !== undefined) return;
    const { context } = this;
    const lagMaxMs = context.config.replicaLagTimeMaxMs;
    const leaderEnd = replica.logEndOffset;
    const staying = leadership.isr.filter((broker) => {
      const follower = leadership.followerOf(broker);
      if (follower === undefined) return broker === context.config.brokerId;
      return context.rules.isCaughtUp({ follower, leaderEnd, nowMs: context.nowMs, lagMaxMs });
    });
    if (staying.length < leadership.isr.length) this.ask(replica, leadership, staying);
  }

  private ask(replica: Replica, leadership: Leadership, isr: readonly number[]): void {
    leadership.isrProposed = isr;
    leadership.isrProposedOn = leadership.partitionEpoch;
    this.send(replica, leadership);
  }

  private send(replica: Replica, leadership: Leadership): void {
    const { topic, topicId, partition } = replica;
    this.propose({
      topic,
      topicId,
      partition,
      leaderEpoch: leadership.epoch,
      partitionEpoch: leadership.isrProposedOn,
      isr: leadership.isrProposed as readonly number[],
    });
  }

  private retryLater(replica: Replica, leadership: Leadership): void {
    const retry: Retry = {
      replica,
      leadership,
      onDeadline: () => {
        const isCurrent = replica.leadership === leadership;
        if (isCurrent && leadership.isrProposed !== undefined) this.send(replica, leadership);
      },
    };
    this.deadlines.set(retry, retryMs);
  }
}
