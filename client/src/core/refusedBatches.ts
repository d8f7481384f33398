import { type ErrorName } from '@zookafka/kafka-wire';

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
