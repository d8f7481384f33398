import { errorCodes } from '@zookafka/kafka-wire';
import { type BrokerContext } from './context.ts';
import { type FetchDesk } from './fetchDesk.ts';
import { type IsrKeeper } from './isrKeeper.ts';
import { Leadership } from './leadership.ts';
import { type LeaderProgress, wakeAll } from './leaderProgress.ts';
import { type PartitionMetadata } from './metadata.ts';
import { type ReplicaFetchers } from './replicaFetchers.ts';
import { type Replica } from './replica.ts';

/** Who hears that this broker leads a partition, or no longer. */
export interface RoleListener {
  onLeadershipGained(replica: Replica, leadership: Leadership): void;
  onLeadershipLost(replica: Replica): void;
}

/** What roles depend on. */
export interface RoleParts {
  readonly context: BrokerContext;
  readonly fetchers: ReplicaFetchers;
  readonly isrKeeper: IsrKeeper;
  readonly progress: LeaderProgress;
  readonly desk: FetchDesk;
  readonly listener: RoleListener;
}

/**
 * Turns what the cluster decided about a partition into what this broker does:
 *
 *     state names us ──► leads (epoch begins at the end of the log)
 *     state names another ──► follows (truncates where the leader's answer says)
 *     state names nobody ──► neither
 *
 * A state is acted upon once the log is open, and only the newest counts.
 */
export class Roles {
  private readonly parts: RoleParts;

  constructor(parts: RoleParts) {
    this.parts = parts;
  }

  /** Acts upon the newest state of a replica, when its log is open. */
  settle(replica: Replica): void {
    const { state } = replica;
    if (state === undefined || replica.log !== 'open') return;
    const { config } = this.parts.context;
    if (state.leader === config.brokerId) this.lead(replica, state);
    else if (state.leader >= 0 && state.replicas.includes(config.brokerId)) {
      this.follow(replica, state);
    } else {
      this.resign(replica);
    }
  }

  /** The replica does nothing any more: it leads nobody and follows nobody. */
  resign(replica: Replica): void {
    this.stopLeading(replica);
    this.stopFollowing(replica);
  }

  private lead(replica: Replica, state: PartitionMetadata): void {
    const { context, isrKeeper, progress } = this.parts;
    const { leadership } = replica;
    const isAccepted = context.rules.acceptsLeadership({
      state,
      broker: context.config.brokerId,
      // Before the registration no state is meant for this process.
      brokerEpoch: context.brokerEpoch < 0 ? Infinity : context.brokerEpoch,
      epochLed: leadership?.epoch ?? -1,
    });
    if (!isAccepted) {
      // Meant for this broker's earlier life: the controller will decide anew.
      this.resign(replica);
      return;
    }
    if (leadership?.epoch === state.leaderEpoch) {
      if (state.partitionEpoch < leadership.partitionEpoch) return;
      isrKeeper.adopt(replica, leadership, state);
      progress.advance(replica, leadership);
      return;
    }
    this.resign(replica);
    this.begin(replica, state);
  }

  private begin(replica: Replica, state: PartitionMetadata): void {
    const { context, progress, desk, listener } = this.parts;
    const epochStart = replica.offsetNext;
    const leadership = new Leadership(state, {
      broker: context.config.brokerId,
      epochStart,
      nowMs: context.nowMs,
    });
    // Known before the first write: a follower may ask where the epoch before ended.
    if (replica.epochs.assign(state.leaderEpoch, epochStart)) {
      const epoch = state.leaderEpoch;
      context.emit({ kind: 'assignEpoch', ...replica.key, epoch, startOffset: epochStart });
    }
    replica.leadership = leadership;
    const { topic, partition } = replica;
    const { leaderEpoch, isr } = state;
    const { highWatermark } = replica;
    const facts = { topic, partition, leaderEpoch, isr, epochStart, highWatermark };
    context.trace('leadershipGained', facts);
    progress.advance(replica, leadership);
    wakeAll(replica);
    desk.nudge(leadership.followers.map(({ broker }) => broker));
    listener.onLeadershipGained(replica, leadership);
  }

  private follow(replica: Replica, state: PartitionMetadata): void {
    const { context, fetchers } = this.parts;
    // A leader would take us into the ISR under the registration of an earlier life, whose end nobody has seen yet: after the
    // next registration the controller takes us for one who was away since, though we have all that the ISR has.
    if (!context.rules.mayFollow({ brokerEpoch: context.brokerEpoch })) return;
    const { leader, leaderEpoch } = state;
    const { following } = replica;
    if (following?.leader === leader && following.epoch === leaderEpoch) return;
    this.resign(replica);
    replica.following = { leader, epoch: leaderEpoch, retryAtMs: -Infinity, outOfRange: 'no' };
    const { topic, partition, offsetNext } = replica;
    context.trace('followingBegan', { topic, partition, leader, leaderEpoch, offsetNext });
    fetchers.follow(replica, leader);
    wakeAll(replica);
  }

  private stopLeading(replica: Replica): void {
    const { leadership, topic, partition } = replica;
    if (leadership === undefined) return;
    replica.leadership = undefined;
    leadership.settle(Infinity, errorCodes.NOT_LEADER_OR_FOLLOWER);
    const leaderEpoch = leadership.epoch;
    this.parts.context.trace('leadershipLost', { topic, partition, leaderEpoch });
    wakeAll(replica);
    this.parts.listener.onLeadershipLost(replica);
  }

  private stopFollowing(replica: Replica): void {
    const { following } = replica;
    if (following === undefined) return;
    replica.following = undefined;
    this.parts.fetchers.unfollow(replica, following.leader);
  }
}
