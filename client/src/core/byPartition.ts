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

/** @returns the committed offsets by `partitionKey`, or the error that kept them */
export function committedOf(body: ResponseOf<'offsetFetch'>): ReadonlyMap<string, number> | number {
  const { errorCode, topics } = body.groups[0] ?? body;
  if (errorCode !== 0) return errorCode;
  const committed = new Map<string, number>();
  for (const { name, partitions } of topics) {
    for (const { partitionIndex, committedOffset, errorCode: partitionError } of partitions) {
      if (partitionError !== 0) return partitionError;
      if (committedOffset >= 0) committed.set(partitionKey(name, partitionIndex), committedOffset);
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
