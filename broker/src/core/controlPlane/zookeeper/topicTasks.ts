import { type Prng } from '@zookafka/base';
import { errorCodes } from '@zookafka/zookeeper-wire';
import { type TopicWanted } from '../../controlPlane.ts';
import { assignReplicas } from '../assignment.ts';
import { topicConfigRefusal } from '../topicConfigs.ts';
import { assignmentRefusal, topicNameCollision, topicNameRefusal } from '../topicRules.ts';
import { ask, create, list, multi, read, setData, type Task } from './task.ts';
import { decodeTopic, encodeConfig, encodeTopic } from './topicPayload.ts';
import { deleteTopicPath, indexOf, topicConfigPath, topicPath, znodes } from './znodePaths.ts';

/** Partitions of a topic: its znode must stay below the ensemble's limit of 1 MiB for a request. */
export const partitionsPerTopicMax = 10_000;

/** Kafka's error codes for topics. */
export const topicErrors = {
  UNKNOWN_SERVER_ERROR: -1,
  NONE: 0,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  REQUEST_TIMED_OUT: 7,
  INVALID_TOPIC_EXCEPTION: 17,
  TOPIC_ALREADY_EXISTS: 36,
  INVALID_PARTITIONS: 37,
  INVALID_REPLICATION_FACTOR: 38,
  INVALID_REPLICA_ASSIGNMENT: 39,
  INVALID_CONFIG: 40,
  INVALID_REQUEST: 42,
  TOPIC_DELETION_DISABLED: 73,
} as const;

/** Why a topic is not created or deleted. */
export interface TopicRefusal {
  readonly kind: 'refused';
  readonly errorCode: number;
  readonly message: string;
}

/** A topic that was created, or would have been. */
export interface TopicMade {
  readonly kind: 'created';
  readonly topicId: string;
  readonly replicas: readonly (readonly number[])[];
}

/** What a topic is created with beside what was wanted. */
export interface TopicMaking {
  /**
   * Drawn at random before the first attempt: where an answer was lost, it tells whether the topic that is there is the
   * one that was asked for.
   */
  readonly topicId: string;
  readonly isOnlyValidated: boolean;
  readonly partitionsDefault: number;
  readonly replicationFactorDefault: number;
  readonly prng: Prng;
}

/** Creates a topic: its settings, then its assignment, in one transaction; leaders come from the controller. */
export function* createTopic(
  wanted: TopicWanted,
  making: TopicMaking,
): Task<TopicMade | TopicRefusal> {
  const { name, configs } = wanted;
  const { topicId } = making;
  const nameRefusal = topicNameRefusal(name);
  if (nameRefusal !== undefined) return refused('INVALID_TOPIC_EXCEPTION', nameRefusal);
  const there = yield* read(topicPath(name));
  if (there !== null) return existing(name, topicId, there.data);
  const collision = topicNameCollision(name, yield* list(znodes.topics));
  if (collision !== undefined) {
    const message = `Topic '${name}' collides with existing topics: ${collision}`;
    return refused('INVALID_TOPIC_EXCEPTION', message);
  }
  const configRefusal = topicConfigRefusal(configs);
  if (configRefusal !== undefined) return refused('INVALID_CONFIG', configRefusal);
  const brokers = (yield* list(znodes.brokerIds))
    .map((child) => indexOf(child))
    .filter((id) => id !== undefined)
    .sort((left, right) => left - right);
  const replicas = replicasOf(wanted, brokers, making);
  if ('kind' in replicas) return replicas;
  if (making.isOnlyValidated) return { kind: 'created', topicId, replicas };
  const isConfigThere = (yield* read(topicConfigPath(name))) !== null;
  const configData = encodeConfig(new Map(Object.entries(configs)));
  const outcome = yield* multi([
    isConfigThere
      ? setData(topicConfigPath(name), configData, -1)
      : create(topicConfigPath(name), configData),
    create(topicPath(name), encodeTopic({ topicId, replicas })),
  ]);
  if (outcome.err === 0) return { kind: 'created', topicId, replicas };
  if (outcome.err === errorCodes.NodeExists) return exists(name);
  return refused('UNKNOWN_SERVER_ERROR', `The ensemble answered ${outcome.err}`);
}

/** Asks for a topic's deletion: the controller does it. Asking twice is asking once. */
export function* requestDeletion(
  topic: string,
  isDeletionAllowed: boolean,
): Task<TopicRefusal | null> {
  if (!isDeletionAllowed) {
    return refused('TOPIC_DELETION_DISABLED', 'Topic deletion is disabled.');
  }
  const there = yield* read(topicPath(topic));
  if (there === null) {
    return refused('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.');
  }
  const { err } = yield* ask(create(deleteTopicPath(topic), null));
  if (err === 0 || err === errorCodes.NodeExists) return null;
  return refused('UNKNOWN_SERVER_ERROR', `The ensemble answered ${err}`);
}

function replicasOf(
  wanted: TopicWanted,
  brokers: readonly number[],
  making: TopicMaking,
): readonly (readonly number[])[] | TopicRefusal {
  const { assignment } = wanted;
  if (assignment !== undefined) {
    if (wanted.partitions !== -1 || wanted.replicationFactor !== -1) {
      const message =
        'Both numPartitions or replicationFactor and replicasAssignments were set. Both cannot be used at the same time.';
      return refused('INVALID_REQUEST', message);
    }
    const refusal = assignmentRefusal(assignment, brokers);
    return refusal === undefined ? assignment : refused('INVALID_REPLICA_ASSIGNMENT', refusal);
  }
  const partitions = wanted.partitions === -1 ? making.partitionsDefault : wanted.partitions;
  const replicationFactor =
    wanted.replicationFactor === -1 ? making.replicationFactorDefault : wanted.replicationFactor;
  const refusal = countRefusal(partitions, replicationFactor, brokers.length);
  return refusal ?? assignReplicas({ brokers, partitions, replicationFactor }, making.prng);
}

function countRefusal(
  partitions: number,
  replicationFactor: number,
  brokers: number,
): TopicRefusal | undefined {
  if (partitions <= 0) {
    return refused('INVALID_PARTITIONS', 'Number of partitions must be larger than 0.');
  }
  if (partitions > partitionsPerTopicMax) {
    const message = `Number of partitions must be at most ${partitionsPerTopicMax}.`;
    return refused('INVALID_PARTITIONS', message);
  }
  if (replicationFactor <= 0) {
    return refused('INVALID_REPLICATION_FACTOR', 'Replication factor must be larger than 0.');
  }
  if (replicationFactor > brokers) {
    const message = `Replication factor: ${replicationFactor} larger than available brokers: ${brokers}.`;
    return refused('INVALID_REPLICATION_FACTOR', message);
  }
  return undefined;
}

function existing(
  topic: string,
  topicId: string,
  data: Uint8Array | null,
): TopicMade | TopicRefusal {
  const payload = decodeTopic(data);
  if (payload?.topicId !== topicId) return exists(topic);
  return { kind: 'created', topicId, replicas: payload.replicas };
}

function exists(topic: string): TopicRefusal {
  return refused('TOPIC_ALREADY_EXISTS', `Topic '${topic}' already exists.`);
}

function refused(error: keyof typeof topicErrors, message: string): TopicRefusal {
  return { kind: 'refused', errorCode: topicErrors[error], message };
}
