export { Broker, type BrokerOptions } from './broker.ts';
export { brokerDefaults, topicDefaults } from './configDefaults.ts';
export { type PendingRequest } from './connections.ts';
export {
  type ControlPlane,
  type ControlPlaneEffect,
  type ControlPlaneInput,
  type IsrResult,
  type IsrWanted,
  type TopicCreated,
  type TopicDeleted,
  type TopicWanted,
} from './controlPlane.ts';
export * from './controlPlane/index.ts';
export { gatherSlices, type ReadSlice } from './gatherSlices.ts';
export {
  type GroupCoordinator,
  type GroupCoordinatorFactory,
  type GroupCoordinatorPort,
  offsetsTopic,
  type OffsetsRead,
} from './groupPort.ts';
export * from './groups/index.ts';
export { type Handler } from './handlers/handler.ts';
export { type Leadership } from './leadership.ts';
export {
  type BrokerEndpoint,
  ClusterImage,
  leaderNone,
  type MetadataDelta,
  type MetadataImage,
  type PartitionMetadata,
  type TopicGone,
  type TopicMetadata,
} from './metadata.ts';
export { type Replica } from './replica.ts';
export { brokerRules, type BrokerRules } from './rules.ts';
export {
  type BatchVerdict,
  type BrokerConfig,
  brokerConfigDefaults,
  type BrokerEffect,
  type BrokerInput,
  type LogReadWanted,
  type LogSlice,
  type PartitionKey,
  type RequestInput,
  type StoredLog,
  type TimestampFound,
} from './types.ts';
