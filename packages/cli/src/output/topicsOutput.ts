/** One partition, as `topics --describe` shows it. */
export interface PartitionDescription {
  readonly partition: number;
  /** -1 when nobody leads. */
  readonly leader: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

/** One topic, as `topics --describe` shows it. */
export interface TopicDescription {
  readonly name: string;
  /** Undefined where the broker gave none. */
  readonly topicId: string | undefined;
  readonly partitions: readonly PartitionDescription[];
  /** What differs from the defaults, in the broker's order. */
  readonly configs: readonly (readonly [name: string, value: string])[];
}

/**
 * The layout of `kafka-topics.sh --describe`, to the tab.
 *
 * Source: Apache Kafka 3.9, `TopicCommand.TopicDescription` and `PartitionDescription`.
 */
export function describeTopicText({
  name,
  topicId,
  partitions,
  configs,
}: TopicDescription): string {
  const head = [
    `Topic: ${name}`,
    ...(topicId === undefined ? [] : [`TopicId: ${topicId}`]),
    `PartitionCount: ${partitions.length}`,
    `ReplicationFactor: ${partitions[0]?.replicas.length ?? 0}`,
    `Configs: ${configs.map(([key, value]) => `${key}=${value}`).join(',')}`,
  ].join('\t');
  return [head, ...partitions.map((partition) => partitionText(name, partition))].join('\n');
}

/** Some partitions of a topic, in the same layout, without the topic's own line. */
export function describePartitionsText({ name, partitions }: TopicDescription): string {
  return partitions.map((partition) => partitionText(name, partition)).join('\n');
}

function partitionText(topic: string, description: PartitionDescription): string {
  const { partition, leader, replicas, isr } = description;
  return [
    '',
    `Topic: ${topic}`,
    `Partition: ${partition}`,
    `Leader: ${leader < 0 ? 'none' : leader}`,
    `Replicas: ${replicas.join(',')}`,
    `Isr: ${isr.join(',')}`,
    'Elr: N/A',
    'LastKnownElr: N/A',
  ].join('\t');
}
