import { assert, type Prng } from '@zookafka/base';

/** What is to be spread over which brokers. */
export interface AssignmentWanted {
  /** Broker ids; their order is the order of the spread. */
  readonly brokers: readonly number[];
  readonly partitions: number;
  /** At least 1, at most the number of brokers. */
  readonly replicationFactor: number;
}

/**
 * Spreads replicas so that leaders, and the followers of one broker's partitions, fall evenly on the others.
 *
 * @param prng draws the first broker and the first distance
 * @returns by partition: its replicas, the preferred leader first
 * Source: Apache Kafka, `AdminUtils.assignReplicasToBrokers` without racks.
 */
export function assignReplicas(wanted: AssignmentWanted, prng: Prng): readonly number[][] {
  const { brokers, partitions, replicationFactor } = wanted;
  const count = brokers.length;
  assert(replicationFactor >= 1, 'A partition has a replica', { replicationFactor });
  assert(replicationFactor <= count, 'A broker holds one replica of a partition', { count });
  const start = prng.below(count);
  let shift = prng.below(count);
  const assignment: number[][] = [];
  for (let partition = 0; partition < partitions; partition++) {
    if (partition > 0 && partition % count === 0) shift++;
    const first = (partition + start) % count;
    const replicas = [brokers[first] as number];
    for (let index = 0; index < replicationFactor - 1; index++) {
      const distance = 1 + ((shift + index) % (count - 1));
      replicas.push(brokers[(first + distance) % count] as number);
    }
    assignment.push(replicas);
  }
  return assignment;
}
