import { type ProducerRecord } from './types.ts';
import { partitionForKey } from '@zookafka/kafka-wire';
import { PartitionQueue, unplacedPartition } from './partitionQueue.ts';

/** Records without a key go to one partition for so long, then to the next: fuller batches, even spread. */
const turnCount = 16;

/** The queues of one topic: one a partition, and one for records that came before the partitions were known. */
export class TopicQueues {
  readonly topic: string;
  readonly unplaced: PartitionQueue;
  private readonly batchBytesMax: number;
  private readonly placed = new Map<number, PartitionQueue>();
  private turnNext = 0;

  constructor(topic: string, batchBytesMax: number) {
    this.topic = topic;
    this.batchBytesMax = batchBytesMax;
    this.unplaced = new PartitionQueue({
      topic,
      partition: unplacedPartition,
      bytesMax: batchBytesMax,
    });
  }

  /** The queues of partitions. */
  queues(): Iterable<PartitionQueue> {
    return this.placed.values();
  }

  /** Where a record goes: behind those that still wait for a partition, so that nothing overtakes them. */
  queueFor(record: ProducerRecord, partitionCount: number): PartitionQueue {
    if (partitionCount === 0 || this.unplaced.gatheringCount > 0) return this.unplaced;
    return this.place(record, partitionCount);
  }

  /** @returns the queue of the record's partition */
  place({ partition, key }: ProducerRecord, partitionCount: number): PartitionQueue {
    if (partition !== undefined) return this.queueOf(partition);
    if (key !== null) return this.queueOf(partitionForKey(key, partitionCount));
    return this.queueOf(Math.floor(this.turnNext++ / turnCount) % partitionCount);
  }

  private queueOf(partition: number): PartitionQueue {
    const existing = this.placed.get(partition);
    if (existing !== undefined) return existing;
    const queue = new PartitionQueue({
      topic: this.topic,
      partition,
      bytesMax: this.batchBytesMax,
    });
    this.placed.set(partition, queue);
    return queue;
  }
}
