import { clearArray } from '@zookafka/base';
import { type PartitionMetadata } from './metadata.ts';
import { ReplicaProgress } from './replicaProgress.ts';

/** Somebody who waits until the high watermark reaches an offset. */
export interface CommitWait {
  /** The high watermark that is needed. */
  readonly offset: number;
  /** Whether nobody waits any more. */
  readonly isOver: boolean;
  /** @param errorCode 0, or why it will never be known to be committed */
  onCommitted(errorCode: number): void;
}

/** What a broker knows of a partition because it leads it: begins with the epoch and ends with it. */
export class Leadership {
  readonly epoch: number;
  /** Where the log ended when the epoch began. */
  readonly epochStart: number;
  readonly followers: readonly ReplicaProgress[];
  /** Whether something that was written in this epoch is committed: clients are through. */
  hasCommitted = false;
  /** As the cluster decided it. */
  isr: readonly number[];
  partitionEpoch: number;
  /** What was asked for and is not answered: at most one at a time. */
  isrProposed: readonly number[] | undefined;
  /** Of the state that the proposal is based on. */
  isrProposedOn = -1;
  /** No proposal before this time. */
  isrRetryAtMs = -Infinity;
  private waits: (CommitWait | undefined)[] = [];
  private waitsHead = 0;

  constructor(
    state: PartitionMetadata,
    { broker, epochStart, nowMs }: { broker: number; epochStart: number; nowMs: number },
  ) {
    this.epoch = state.leaderEpoch;
    this.epochStart = epochStart;
    this.isr = state.isr;
    this.partitionEpoch = state.partitionEpoch;
    this.followers = state.replicas
      .filter((id) => id !== broker)
      .map((id) => new ReplicaProgress(id, { isInSync: state.isr.includes(id), nowMs }));
  }

  get waitCount(): number {
    return this.waits.length - this.waitsHead;
  }

  followerOf(broker: number): ReplicaProgress | undefined {
    for (const follower of this.followers) if (follower.broker === broker) return follower;
    return undefined;
  }

  /** Waits until the high watermark reaches what the wait needs. */
  wait(wait: CommitWait): void {
    // Appends come in order, so only the answer to a duplicate may have to go in front of others.
    let at = this.waits.length;
    while (at > this.waitsHead && (this.waits[at - 1] as CommitWait).offset > wait.offset) at--;
    if (at === this.waits.length) this.waits.push(wait);
    else this.waits.splice(at, 0, wait);
  }

  /** Those that wait for no more than `highWatermark` are told. */
  settle(highWatermark: number, errorCode: number): void {
    for (;;) {
      const first = this.waits[this.waitsHead];
      if (first === undefined || (first.offset > highWatermark && !first.isOver)) break;
      this.waits[this.waitsHead++] = undefined;
      if (!first.isOver) first.onCommitted(errorCode);
    }
    if (this.waitsHead === this.waits.length) {
      clearArray(this.waits);
      this.waitsHead = 0;
    } else if (this.waitsHead > 64 && this.waitsHead * 2 > this.waits.length) {
      this.waits = this.waits.slice(this.waitsHead);
      this.waitsHead = 0;
    }
  }
}
