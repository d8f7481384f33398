import { Admin } from '@zookafka/client';
import { failedError } from '../failure.ts';

/** What the brokers know of a topic. */
export interface FoundTopic {
  /** 0, or why it cannot be told. */
  readonly errorCode: number;
  readonly partitionCount: number;
}

/**
 * Looks for a topic, and does not make it.
 *
 * @param partition must be one of its partitions, where both are known
 * @throws {CommandError} FAILED naming the partitions that there are
 */
export async function findTopic(
  bootstrap: string,
  { topic, partition }: { readonly topic: string; readonly partition: number | undefined },
): Promise<FoundTopic> {
  const admin = new Admin({ bootstrap });
  try {
    const body = { topics: [{ name: topic }], allowAutoTopicCreation: false };
    const [found] = (await admin.call('metadata', body)).topics;
    const { errorCode = -1, partitions = [] } = found ?? {};
    const { length: partitionCount } = partitions;
    if (errorCode === 0 && partition !== undefined && partition >= partitionCount) {
      throw failedError(
        `There is no partition ${topic}-${partition}: ${topic} has ${partitionCount}, from 0 on`,
      );
    }
    return { errorCode, partitionCount };
  } finally {
    admin.close();
  }
}
