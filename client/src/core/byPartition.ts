import { type ResponseOf } from '@zookafka/kafka-wire';

/** @returns partitions as requests hold them: a list a topic */
export function byTopic<Place extends { readonly topic: string }, Item>(
  partitions: readonly Place[],
  make: (partition: Place) => Item,
): { readonly name: string; readonly partitions: Item[] }[] {
  const topics = new Map<string, Item[]>();
  for (const partition of partitions) {
    const items = topics.get(partition.topic);
    if (items === undefined) topics.set(partition.topic, [make(partition)]);
    else items.push(make(partition));
  }
  return [...topics].map(([name, items]) => ({ name, partitions: items }));
}

/** An offset that a group committed, and the epoch of the leader that appended the record before it (-1: not known). */
export interface CommittedOffset {
  readonly offset: number;
  readonly leaderEpoch: number;
}

/** @returns the committed offsets by `partitionKey`, or the error that kept them */
export function committedOf(
  body: ResponseOf<'offsetFetch'>,
): ReadonlyMap<string, CommittedOffset> | number {
  const { errorCode, topics } = body.groups[0] ?? body;
  if (errorCode !== 0) return errorCode;
  const committed = new Map<string, CommittedOffset>();
  for (const { name, partitions } of topics) {
    for (const answer of partitions) {
      if (answer.errorCode !== 0) return answer.errorCode;
      const { partitionIndex, committedOffset: offset, committedLeaderEpoch: leaderEpoch } = answer;
      if (offset < 0) continue;
      committed.set(partitionKey(name, partitionIndex), { offset, leaderEpoch });
    }
  }
  return committed;
}

/** @returns the first error in the answer to a commit, 0 when there is none */
export function commitErrorOf({ topics }: ResponseOf<'offsetCommit'>): number {
  for (const { partitions } of topics) {
    for (const { errorCode } of partitions) if (errorCode !== 0) return errorCode;
  }
  return 0;
}

/** @returns a name for a partition, as keys of maps */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}
