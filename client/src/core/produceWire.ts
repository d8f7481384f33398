import { type ErrorName, type RequestBody, type ResponseOf } from '@zookafka/kafka-wire';
import { type ProducerBatch } from './partitionQueue.ts';

/**
 * Refusals that come before a batch is appended. After any other one it may be there: a leader that was deposed
 * while it waited for its followers says NOT_LEADER_OR_FOLLOWER too.
 *
 * Source: Apache Kafka, `ReplicaManager.appendRecords` and `DelayedProduce`.
 */
const refusedBeforeAppend: ReadonlySet<string> = new Set<ErrorName>([
  'CORRUPT_MESSAGE',
  'LEADER_NOT_AVAILABLE',
  'MESSAGE_TOO_LARGE',
  'INVALID_TOPIC_EXCEPTION',
  'RECORD_LIST_TOO_LARGE',
  'NOT_ENOUGH_REPLICAS',
  'INVALID_REQUIRED_ACKS',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_VERSION',
  'INVALID_REQUEST',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'POLICY_VIOLATION',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'INVALID_PRODUCER_EPOCH',
  'UNKNOWN_PRODUCER_ID',
  'UNSUPPORTED_COMPRESSION_TYPE',
  'INVALID_RECORD',
]);

/** @returns whether a batch that was refused so may be in the log all the same */
export function mayBeWritten(code: string): boolean {
  return !refusedBeforeAppend.has(code);
}

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
