import { errorCodes } from '@zookafka/kafka-wire';
import { type BrokerContext } from './context.ts';
import { type Leadership } from './leadership.ts';
import { type Replica } from './replica.ts';
import { type ReplicaTable } from './replicaTable.ts';

/** A partition that only its leader can speak for. */
export interface GateQuestion {
  readonly topic: string;
  readonly partition: number;
  /** The epoch that the client believes in, or -1. */
  readonly currentLeaderEpoch: number;
}

/** What this broker leads, or Kafka's error. */
export type GateFound =
  | { readonly kind: 'leader'; readonly replica: Replica; readonly leadership: Leadership }
  | { readonly kind: 'refused'; readonly errorCode: number };

/** Finds what this broker leads, and says to everybody else who is wrong about what. */
export class LeaderGate {
  private readonly context: BrokerContext;
  private readonly replicas: ReplicaTable;

  constructor(context: BrokerContext, replicas: ReplicaTable) {
    this.context = context;
    this.replicas = replicas;
  }

  find({ topic, partition, currentLeaderEpoch }: GateQuestion): GateFound {
    const replica = this.replicas.find(topic, partition);
    if (replica === undefined)
      return { kind: 'refused', errorCode: this.absence(topic, partition) };
    const { leadership } = replica;
    const epoch = leadership?.epoch ?? replica.state?.leaderEpoch ?? -1;
    const fault = this.context.rules.judgeEpoch(currentLeaderEpoch, epoch);
    if (fault !== 0) return { kind: 'refused', errorCode: fault };
    if (leadership === undefined) {
      return { kind: 'refused', errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER };
    }
    return { kind: 'leader', replica, leadership };
  }

  /** @returns why this broker holds no copy: another does, or there is no such partition */
  absence(topic: string, partition: number): number {
    return this.context.image.partition(topic, partition) === undefined
      ? errorCodes.UNKNOWN_TOPIC_OR_PARTITION
      : errorCodes.NOT_LEADER_OR_FOLLOWER;
  }
}
