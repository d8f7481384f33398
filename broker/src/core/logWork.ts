import { type RecoveredLog } from '@zookafka/partition-log';
import { type BrokerContext } from './context.ts';
import { type Replica } from './replica.ts';
import { type PartitionKey } from './types.ts';

interface LogChange {
  readonly replica: Replica;
  readonly generation: number;
}

/** Logs that are being created or cut: until the shell says what they are, nothing else is done with them. */
export class LogWork {
  private readonly context: BrokerContext;
  private readonly onOpen: (replica: Replica) => void;
  private readonly changes = new Map<number, LogChange>();

  /** @param onOpen called when a log is what it was to become */
  constructor(context: BrokerContext, onOpen: (replica: Replica) => void) {
    this.context = context;
    this.onOpen = onOpen;
  }

  create(replica: Replica): void {
    const token = this.begin(replica);
    const config = this.context.image.topics.get(replica.topic)?.config ?? {};
    this.context.emit({ kind: 'createLog', token, ...replica.key, config });
  }

  /** Cuts what is at `offset` or after it. */
  truncate(replica: Replica, offset: number, reason: string): void {
    const { offsetNext, highWatermark, topic, partition } = replica;
    const facts = { topic, partition, from: offsetNext, to: offset, highWatermark, reason };
    this.context.trace('followerTruncated', facts);
    const token = this.begin(replica);
    this.context.emit({ kind: 'truncateLog', token, ...replica.key, offset });
  }

  /** Drops everything: the leader's log starts beyond ours. */
  restart(replica: Replica, offset: number): void {
    const { offsetNext, highWatermark, topic, partition } = replica;
    const facts = { topic, partition, from: offsetNext, to: offset, highWatermark };
    this.context.trace('followerRestarted', facts);
    const token = this.begin(replica);
    this.context.emit({ kind: 'restartLog', token, ...replica.key, offset });
  }

  onChanged(token: number, log: RecoveredLog): void {
    const change = this.changes.get(token);
    this.changes.delete(token);
    if (change === undefined || change.generation !== change.replica.logGeneration) return;
    change.replica.adopt(log);
    this.onOpen(change.replica);
  }

  private begin(replica: Replica): number {
    const token = this.context.nextToken();
    replica.log = 'changing';
    replica.logGeneration++;
    this.changes.set(token, { replica, generation: replica.logGeneration });
    return token;
  }
}

/** The fields that name a partition in an effect. */
export function keyOf({ topic, topicId, partition }: PartitionKey): PartitionKey {
  return { topic, topicId, partition };
}
