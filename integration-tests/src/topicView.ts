import { Admin } from '@zookafka/client';

/** A partition as clients see it. */
export interface PartitionView {
  readonly partition: number;
  /** A broker's id, -1 when there is none. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

const requestTimeoutMs = 5000;
const latestTimestamp = -1;

/** Looks at topics through the brokers: quick enough to be asked again and again. */
export class TopicView {
  private readonly admin: Admin;

  constructor(bootstrap: string) {
    this.admin = new Admin({ bootstrap, clientId: 'topic-view', requestTimeoutMs });
  }

  /** @returns the topic's partitions in order, or none while nobody can tell */
  async partitions(topic: string): Promise<readonly PartitionView[]> {
    const body = { topics: [{ name: topic }], allowAutoTopicCreation: false };
    const answer = await this.admin.call('metadata', body).catch(() => undefined);
    const found = answer?.topics[0]?.partitions ?? [];
    return found
      .map(({ partitionIndex, leaderId, leaderEpoch, replicaNodes, isrNodes }) => ({
        partition: partitionIndex,
        leader: leaderId,
        leaderEpoch,
        replicas: [...replicaNodes],
        isr: [...isrNodes],
      }))
      .sort((left, right) => left.partition - right.partition);
  }

  /** The end of what consumers may read, as the leader says, or undefined when it does not. */
  async highWatermark(
    topic: string,
    { partition, leader }: PartitionView,
  ): Promise<number | undefined> {
    const asked = { partitionIndex: partition, timestamp: latestTimestamp };
    const body = {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: topic, partitions: [asked] }],
    };
    const target = { kind: 'broker', id: leader } as const;
    const answer = await this.admin.call('listOffsets', body, target).catch(() => undefined);
    const found = answer?.topics[0]?.partitions[0];
    return found?.errorCode === 0 ? found.offset : undefined;
  }

  close(): void {
    this.admin.close();
  }
}
