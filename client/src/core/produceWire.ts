import { type RequestBody, type ResponseOf } from '@zookafka/kafka-wire';
import { type ProducerBatch } from './partitionQueue.ts';

/** What a leader said of one partition's batch. */
export interface ProduceAnswer {
  readonly errorCode: number;
  readonly baseOffset: number;
}

/** One request for all these batches: of one leader, at most one a partition. */
export function produceBody(
  batches: readonly ProducerBatch[],
  { acks, requestTimeoutMs }: { readonly acks: number; readonly requestTimeoutMs: number },
): RequestBody<'produce'> {
  const topics = new Map<string, { index: number; records: Uint8Array }[]>();
  for (const { queue, bytes } of batches) {
    const data = { index: queue.partition, records: bytes };
    const existing = topics.get(queue.topic);
    if (existing === undefined) topics.set(queue.topic, [data]);
    else existing.push(data);
  }
  return {
    transactionalId: null,
    acks,
    timeoutMs: requestTimeoutMs,
    topicData: [...topics].map(([name, partitionData]) => ({ name, partitionData })),
  };
}

/** @returns the answer for each batch, in their order; undefined where there is none */
export function answersOf(
  batches: readonly ProducerBatch[],
  { responses }: ResponseOf<'produce'>,
): readonly (ProduceAnswer | undefined)[] {
  return batches.map(({ queue }) =>
    responses
      .find(({ name }) => name === queue.topic)
      ?.partitionResponses.find(({ index }) => index === queue.partition),
  );
}
