import { type FollowerView } from './rules.ts';

/** What one fetch of a follower says of it. */
export interface FollowerFetch {
  readonly offset: number;
  /** Where the leader's log ends now. */
  readonly leaderEnd: number;
  readonly brokerEpoch: number;
  readonly nowMs: number;
}

/**
 * How far one follower has copied the log, as its leader sees it in this epoch: a fetch of an offset says that it has
 * everything before.
 *
 * Source: Apache Kafka, `Replica.updateFetchStateOrThrow`.
 */
export class ReplicaProgress implements FollowerView {
  readonly broker: number;
  brokerEpoch = -1;
  /** -1 before the first fetch in this epoch. */
  offsetNext = -1;
  caughtUpMs: number;
  private fetchMs = -Infinity;
  private leaderEndAtFetch = 0;

  /** @param isInSync members get time to show that they keep up */
  constructor(broker: number, { isInSync, nowMs }: { isInSync: boolean; nowMs: number }) {
    this.broker = broker;
    this.caughtUpMs = isInSync ? nowMs : -Infinity;
  }

  /** @returns whether it got further */
  onFetch({ offset, leaderEnd, brokerEpoch, nowMs }: FollowerFetch): boolean {
    if (offset >= leaderEnd) {
      this.caughtUpMs = Math.max(this.caughtUpMs, nowMs);
    } else if (offset >= this.leaderEndAtFetch) {
      this.caughtUpMs = Math.max(this.caughtUpMs, this.fetchMs);
    }
    this.fetchMs = nowMs;
    this.leaderEndAtFetch = leaderEnd;
    this.brokerEpoch = brokerEpoch;
    const hasMoved = offset !== this.offsetNext;
    this.offsetNext = offset;
    return hasMoved;
  }
}
