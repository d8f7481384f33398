import { type PartitionId } from '@zookafka/partition-log';

/** What is kept by topic and partition: found without making a name of both. */
export class ByPartition<Value> {
  private readonly byTopic = new Map<string, Map<number, Value>>();

  get({ topic, partition }: PartitionId): Value | undefined {
    return this.byTopic.get(topic)?.get(partition);
  }

  set({ topic, partition }: PartitionId, value: Value): void {
    const partitions = this.byTopic.get(topic);
    if (partitions === undefined) this.byTopic.set(topic, new Map([[partition, value]]));
    else partitions.set(partition, value);
  }

  delete({ topic, partition }: PartitionId): void {
    const partitions = this.byTopic.get(topic);
    if (partitions?.delete(partition) === true && partitions.size === 0) this.byTopic.delete(topic);
  }

  *values(): Generator<Value> {
    for (const partitions of this.byTopic.values()) yield* partitions.values();
  }
}
