/** A group's member and the topics that it wants. */
export interface MemberSubscription {
  readonly memberId: string;
  readonly topics: readonly string[];
}

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/**
 * Deals each topic's partitions out in ranges: members in the order of their ids, the first ones get one more
 * where the count does not divide.
 *
 * Source: Apache Kafka, `RangeAssignor`.
 *
 * @param partitionCounts of every topic that somebody wants; a topic that does not exist gives nothing
 */
export function assignRange(
  members: readonly MemberSubscription[],
  partitionCounts: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly TopicPartition[]> {
  const assigned = new Map<string, TopicPartition[]>();
  for (const { memberId } of members) assigned.set(memberId, []);
  const topics = new Set(members.flatMap((member) => member.topics));
  for (const topic of [...topics].sort()) {
    const wanting = members
      .filter((member) => member.topics.includes(topic))
      .map(({ memberId }) => memberId)
      .sort();
    const count = partitionCounts.get(topic) ?? 0;
    const share = Math.floor(count / wanting.length);
    const extra = count % wanting.length;
    let next = 0;
    wanting.forEach((memberId, index) => {
      const end = next + share + (index < extra ? 1 : 0);
      for (; next < end; next++) assigned.get(memberId)?.push({ topic, partition: next });
    });
  }
  return assigned;
}
