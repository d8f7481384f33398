import { errorCodes } from '@zookafka/kafka-wire';
import { type BrokerContext } from './context.ts';
import { type FetchPart } from './fetchPart.ts';
import { type LeaderProgress } from './leaderProgress.ts';
import { type LeaderGate } from './leaderGate.ts';
import { type Leadership } from './leadership.ts';
import { type Replica } from './replica.ts';
import { type ReplicaTable } from './replicaTable.ts';

/** Who reads. */
export interface Reader {
  /** The follower's broker id, or negative for a consumer. */
  readonly replicaId: number;
  /** The follower's registration, or -1. */
  readonly replicaEpoch: number;
}

/** Looks what a partition has for a reader: leader, epochs, range, divergence, in this order. */
export class FetchLook {
  private readonly context: BrokerContext;
  private readonly replicas: ReplicaTable;
  private readonly progress: LeaderProgress;
  private readonly gate: LeaderGate;

  constructor(parts: {
    readonly context: BrokerContext;
    readonly replicas: ReplicaTable;
    readonly progress: LeaderProgress;
    readonly gate: LeaderGate;
  }) {
    this.context = parts.context;
    this.replicas = parts.replicas;
    this.progress = parts.progress;
    this.gate = parts.gate;
  }

  /** @param isNew whether the request has just come: its offset counts as the follower's word once */
  look(part: FetchPart, reader: Reader, isNew: boolean): void {
    part.reset();
    if (part.wanted.topic === '') this.resolve(part);
    const { wanted } = part;
    part.replica = this.replicas.find(wanted.topic, wanted.partition);
    const { replica } = part;
    if (wanted.topic === '') part.errorCode = errorCodes.UNKNOWN_TOPIC_ID;
    else if (replica === undefined) {
      part.errorCode = this.gate.absence(wanted.topic, wanted.partition);
    } else if (wanted.topicId !== '' && wanted.topicId !== replica.topicId) {
      part.errorCode = errorCodes.UNKNOWN_TOPIC_ID;
    } else {
      part.errorCode = this.lookAt(part, replica, { reader, isNew });
    }
    if (part.errorCode !== 0) part.replica = undefined;
  }

  private lookAt(
    part: FetchPart,
    replica: Replica,
    { reader, isNew }: { reader: Reader; isNew: boolean },
  ): number {
    const { wanted } = part;
    const { leadership } = replica;
    const epoch = leadership?.epoch ?? replica.state?.leaderEpoch ?? -1;
    const epochFault = this.context.rules.judgeEpoch(wanted.currentLeaderEpoch, epoch);
    if (epochFault !== 0) return epochFault;
    if (leadership === undefined) return errorCodes.NOT_LEADER_OR_FOLLOWER;
    const isReplica = reader.replicaId >= 0;
    if (isReplica && leadership.followerOf(reader.replicaId) === undefined) {
      return wanted.currentLeaderEpoch >= 0
        ? errorCodes.UNKNOWN_LEADER_EPOCH
        : errorCodes.NOT_LEADER_OR_FOLLOWER;
    }
    // Whoever diverges is told so first: its end may well be beyond ours.
    const isInRange = this.lookForDivergence(part, replica);
    if (!isInRange) {
      part.highWatermark = replica.highWatermark;
      part.logStartOffset = replica.logStartOffset;
      return errorCodes.OFFSET_OUT_OF_RANGE;
    }
    if (isReplica && isNew && part.diverging === undefined) {
      this.advance(replica, leadership, { part, reader });
    }
    this.bound(part, replica, isReplica);
    return 0;
  }

  /** @returns false when the offset is out of range, or the leader does not know where the reader's epoch ended */
  private lookForDivergence(part: FetchPart, replica: Replica): boolean {
    const { lastFetchedEpoch, fetchOffset } = part.wanted;
    if (fetchOffset < replica.logStartOffset) return false;
    if (lastFetchedEpoch >= 0) {
      const leaderEpochEnd = replica.epochs.endOffsetFor(lastFetchedEpoch, replica.logEndOffset);
      if (leaderEpochEnd.endOffset < 0) return false;
      const question = { lastFetchedEpoch, fetchOffset, leaderEpochEnd };
      if (this.context.rules.diverges(question)) part.diverging = leaderEpochEnd;
    }
    return part.diverging !== undefined || fetchOffset <= replica.logEndOffset;
  }

  private advance(
    replica: Replica,
    leadership: Leadership,
    { part, reader }: { part: FetchPart; reader: Reader },
  ): void {
    this.progress.onFollowerFetch(replica, leadership, {
      broker: reader.replicaId,
      fetch: {
        offset: part.wanted.fetchOffset,
        leaderEnd: replica.logEndOffset,
        brokerEpoch: reader.replicaEpoch,
        nowMs: this.context.nowMs,
      },
    });
  }

  private bound(part: FetchPart, replica: Replica, isReplica: boolean): void {
    const { highWatermark, logEndOffset: logEnd } = replica;
    part.highWatermark = highWatermark;
    part.logStartOffset = replica.logStartOffset;
    if (part.diverging !== undefined) return;
    part.readBound = isReplica ? logEnd : this.context.rules.readBound({ highWatermark, logEnd });
  }

  /** The reader named an id that was not known when it asked: by now it may be. */
  private resolve(part: FetchPart): void {
    const topic = this.context.image.topicById(part.wanted.topicId)?.name;
    if (topic !== undefined) part.wanted = { ...part.wanted, topic };
  }
}
