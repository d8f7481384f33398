import { type BrokerContext } from './context.ts';
import { type PartitionMetadata } from './metadata.ts';
import { Replica, type ReplicaLimits } from './replica.ts';
import { type PartitionKey } from './types.ts';

/** The replicas on this broker, by topic's name and partition. */
export class ReplicaTable {
  private readonly context: BrokerContext;
  private readonly byTopic = new Map<string, (Replica | undefined)[]>();
  /** In the order in which they came: for walks in slices. */
  readonly all: Replica[] = [];

  constructor(context: BrokerContext) {
    this.context = context;
  }

  find(topic: string, partition: number): Replica | undefined {
    return this.byTopic.get(topic)?.[partition];
  }

  /** @returns the replica of exactly this topic, not of another one of the same name */
  findExact({ topic, topicId, partition }: PartitionKey): Replica | undefined {
    const replica = this.find(topic, partition);
    return replica?.topicId === topicId ? replica : undefined;
  }

  /** @returns those of one topic, by partition */
  ofTopic(topic: string): readonly (Replica | undefined)[] {
    return this.byTopic.get(topic) ?? [];
  }

  add(key: PartitionKey): Replica {
    const replica = new Replica(key, this.limitsOf(key.topic));
    const partitions = this.byTopic.get(key.topic) ?? [];
    while (partitions.length <= key.partition) partitions.push(undefined);
    partitions[key.partition] = replica;
    this.byTopic.set(key.topic, partitions);
    this.all.push(replica);
    return replica;
  }

  remove(replica: Replica): void {
    const partitions = this.byTopic.get(replica.topic);
    if (partitions?.[replica.partition] === replica) partitions[replica.partition] = undefined;
    if (partitions?.every((other) => other === undefined) === true) {
      this.byTopic.delete(replica.topic);
    }
    const index = this.all.indexOf(replica);
    const last = this.all.pop();
    if (last !== undefined && last !== replica && index !== -1) this.all[index] = last;
  }

  /** What a topic's settings say of its replicas. */
  limitsOf(topic: string): ReplicaLimits {
    const { config, image } = this.context;
    const settings = image.topics.get(topic)?.config ?? {};
    return {
      isrMin: countOf(settings['min.insync.replicas'], config.minInsyncReplicas),
      batchBytesMax: countOf(settings['max.message.bytes'], config.messageMaxBytes),
    };
  }
}

/** @returns whether this broker keeps a copy */
export function isReplicaOf(state: PartitionMetadata, broker: number): boolean {
  return state.replicas.includes(broker);
}

function countOf(text: string | undefined, byDefault: number): number {
  if (text === undefined || !/^[0-9]{1,10}$/.test(text)) return byDefault;
  return Number(text);
}
