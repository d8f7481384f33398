import { type IntegerRange, type Properties } from '@zookafka/runtime';
import { type BrokerConfig, brokerConfigDefaults } from '../core/index.ts';

type CoreSettings = Omit<BrokerConfig, 'host' | 'port'>;
type NumberField = {
  [Name in keyof typeof brokerConfigDefaults]: (typeof brokerConfigDefaults)[Name] extends number
    ? Name
    : never;
}[keyof typeof brokerConfigDefaults];

const int32Max = 2 ** 31 - 1;
const natural: IntegerRange = { min: 0, max: int32Max };
const positive: IntegerRange = { min: 1, max: int32Max };
const replicas: IntegerRange = { min: 1, max: 32_767 };

/** Kafka's keys of settings that are one integer, as they are in the file. */
const integers: readonly (readonly [NumberField, string, IntegerRange])[] = [
  ['numPartitions', 'num.partitions', positive],
  ['defaultReplicationFactor', 'default.replication.factor', replicas],
  ['minInsyncReplicas', 'min.insync.replicas', positive],
  ['messageMaxBytes', 'message.max.bytes', natural],
  ['fetchMaxBytes', 'fetch.max.bytes', { min: 1024, max: int32Max }],
  ['replicaLagTimeMaxMs', 'replica.lag.time.max.ms', positive],
  ['replicaFetchMaxBytes', 'replica.fetch.max.bytes', natural],
  ['replicaFetchResponseMaxBytes', 'replica.fetch.response.max.bytes', natural],
  ['replicaFetchWaitMaxMs', 'replica.fetch.wait.max.ms', natural],
  ['replicaFetchMinBytes', 'replica.fetch.min.bytes', natural],
  ['replicaFetchBackoffMs', 'replica.fetch.backoff.ms', natural],
  ['replicaSocketTimeoutMs', 'replica.socket.timeout.ms', positive],
  ['highWatermarkCheckpointMs', 'replica.high.watermark.checkpoint.interval.ms', positive],
  ['fetchSessionsMax', 'max.incremental.fetch.session.cache.slots', natural],
  ['producerIdExpirationMs', 'producer.id.expiration.ms', positive],
  ['offsetsTopicPartitions', 'offsets.topic.num.partitions', positive],
  ['offsetsTopicReplicationFactor', 'offsets.topic.replication.factor', replicas],
  ['offsetMetadataMaxBytes', 'offset.metadata.max.bytes', natural],
  ['offsetsRetentionCheckMs', 'offsets.retention.check.interval.ms', positive],
  ['groupMaxSize', 'group.max.size', positive],
  ['groupMinSessionTimeoutMs', 'group.min.session.timeout.ms', natural],
  ['groupMaxSessionTimeoutMs', 'group.max.session.timeout.ms', natural],
  ['groupInitialRebalanceDelayMs', 'group.initial.rebalance.delay.ms', natural],
  ['groupMaxSize', 'group.max.size', positive],
  ['offsetsRetentionCheckMs', 'offsets.retention.check.interval.ms', positive],
  ['requestsInFlightMax', 'zookafka.requests.in.flight.max', positive],
  ['requestsParkedMax', 'zookafka.requests.parked.max', positive],
];

const minuteMs = 60_000;

/** Reads what the broker's machine needs. @throws {PropertiesError} */
export function readCoreSettings(properties: Properties): CoreSettings {
  const settings: Partial<Record<NumberField, number>> = {};
  for (const [field, key, range] of integers) {
    settings[field] = properties.integer(key, range, brokerConfigDefaults[field]);
  }
  const retentionMinutes = brokerConfigDefaults.offsetsRetentionMs / minuteMs;
  return {
    ...brokerConfigDefaults,
    ...settings,
    brokerId: properties.integer('broker.id', natural),
    rack: properties.optional('broker.rack') ?? null,
    autoCreateTopics: properties.boolean('auto.create.topics.enable', true),
    deleteTopics: properties.boolean('delete.topic.enable', true),
    offsetsRetentionMs:
      properties.integer('offsets.retention.minutes', positive, retentionMinutes) * minuteMs,
  };
}
