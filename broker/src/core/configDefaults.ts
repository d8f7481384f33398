import { type BrokerConfig } from './types.ts';

/** @returns the settings of a topic that left all alone. Source: Apache Kafka 3.9's topic settings */
export function topicDefaults(config: BrokerConfig): Readonly<Record<string, string>> {
  return {
    'cleanup.policy': config.given['log.cleanup.policy'] ?? 'delete',
    'compression.type': 'producer',
    'delete.retention.ms': '86400000',
    'file.delete.delay.ms': '60000',
    'flush.messages': '9223372036854775807',
    'flush.ms': '9223372036854775807',
    'index.interval.bytes': config.given['log.index.interval.bytes'] ?? '4096',
    'max.message.bytes': String(config.messageMaxBytes),
    'message.timestamp.type': 'CreateTime',
    'min.insync.replicas': String(config.minInsyncReplicas),
    'retention.bytes': config.given['log.retention.bytes'] ?? '-1',
    'retention.ms': config.given['log.retention.ms'] ?? '604800000',
    'segment.bytes': config.given['log.segment.bytes'] ?? '1073741824',
    'segment.ms': config.given['log.roll.ms'] ?? '604800000',
    'unclean.leader.election.enable': config.given['unclean.leader.election.enable'] ?? 'false',
  };
}

/** @returns the settings that this broker works with, by Kafka's names */
export function brokerDefaults(config: BrokerConfig): Readonly<Record<string, string>> {
  return {
    'broker.id': String(config.brokerId),
    'auto.create.topics.enable': String(config.autoCreateTopics),
    'default.replication.factor': String(config.defaultReplicationFactor),
    'delete.topic.enable': String(config.deleteTopics),
    'fetch.max.bytes': String(config.fetchMaxBytes),
    'group.initial.rebalance.delay.ms': String(config.groupInitialRebalanceDelayMs),
    'message.max.bytes': String(config.messageMaxBytes),
    'min.insync.replicas': String(config.minInsyncReplicas),
    'num.partitions': String(config.numPartitions),
    'offsets.topic.num.partitions': String(config.offsetsTopicPartitions),
    'offsets.topic.replication.factor': String(config.offsetsTopicReplicationFactor),
    'replica.fetch.max.bytes': String(config.replicaFetchMaxBytes),
    'replica.fetch.wait.max.ms': String(config.replicaFetchWaitMaxMs),
    'replica.high.watermark.checkpoint.interval.ms': String(config.highWatermarkCheckpointMs),
    'replica.lag.time.max.ms': String(config.replicaLagTimeMaxMs),
  };
}
