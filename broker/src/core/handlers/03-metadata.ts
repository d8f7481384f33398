import { errorCodes, type RequestOf } from '@zookafka/kafka-wire';
import { type Connections, type PendingRequest } from '../connections.ts';
import { type BrokerContext } from '../context.ts';
import { topicNameRefusal } from '../controlPlane/topicRules.ts';
import { offsetsTopic } from '../groupPort.ts';
import { leaderNone, type PartitionMetadata, type TopicMetadata } from '../metadata.ts';
import { type TopicsDesk } from '../topicsDesk.ts';
import { type Handler } from './handler.ts';

type Body = RequestOf<'metadata'>;

const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA';
/** The first version that knows LISTENER_NOT_FOUND. */
const listenerNotFoundFrom = 6;
/** The first version that answers a topic that was named by its id. */
const topicIdsFrom = 12;
const internalTopics = new Set([offsetsTopic, '__transaction_state']);

/** Metadata: brokers, topics and leaders as this broker knows them; makes topics that somebody names. */
export class MetadataHandler implements Handler {
  readonly api = 'metadata';
  private readonly context: BrokerContext;
  private readonly connections: Connections;
  private readonly desk: TopicsDesk;

  constructor(context: BrokerContext, connections: Connections, desk: TopicsDesk) {
    this.context = context;
    this.connections = connections;
    this.desk = desk;
  }

  handle(request: PendingRequest): void {
    this.connections.answerAsOfLeaving(request, () => this.answerTo(request));
  }

  private answerTo(request: PendingRequest): object {
    const { image } = this.context;
    const { apiVersion } = request.input;
    const body = request.input.body as Body;
    const brokers = [...image.brokers.values()].map(({ id, host, port, rack }) => ({
      nodeId: id,
      host,
      port,
      rack,
    }));
    const isAll = body.topics === null || (apiVersion === 0 && body.topics.length === 0);
    const topics = isAll
      ? [...image.topics.values()].map((topic) => this.known(topic, apiVersion))
      : body.topics.map((asked) => this.asked(asked, body, apiVersion));
    return {
      throttleTimeMs: 0,
      brokers,
      clusterId: image.clusterId,
      controllerId: image.controllerId ?? -1,
      topics,
    };
  }

  private asked(
    { topicId, name }: NonNullable<Body['topics']>[number],
    body: Body,
    apiVersion: number,
  ): object {
    const { image } = this.context;
    if (name === null || (topicId !== zeroId && topicId !== '')) {
      // Versions 10 and 11 have the field, but no answer for it. Source: Apache Kafka, `KafkaApis`.
      if (apiVersion < topicIdsFrom) {
        return { errorCode: errorCodes.INVALID_REQUEST, name: name ?? '', topicId, partitions: [] };
      }
      const topic = image.topicById(topicId);
      if (topic !== undefined) return this.known(topic, apiVersion);
      return { errorCode: errorCodes.UNKNOWN_TOPIC_ID, name, topicId, partitions: [] };
    }
    const topic = image.topics.get(name);
    return topic === undefined ? this.unknown(name, body) : this.known(topic, apiVersion);
  }

  private unknown(name: string, { allowAutoTopicCreation }: Body): object {
    const isInternal = internalTopics.has(name);
    const answer = (errorCode: number): object => ({ errorCode, name, isInternal, partitions: [] });
    if (topicNameRefusal(name) !== undefined) return answer(errorCodes.INVALID_TOPIC_EXCEPTION);
    if (!allowAutoTopicCreation || !this.context.config.autoCreateTopics) {
      return answer(errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    }
    this.desk.autoCreate(name);
    return answer(errorCodes.LEADER_NOT_AVAILABLE);
  }

  private known({ name, topicId, partitions }: TopicMetadata, apiVersion: number): object {
    const answers = partitions.map((state, partition) =>
      state === undefined ? unknownPartition(partition) : this.partition(state, apiVersion),
    );
    const isInternal = internalTopics.has(name);
    return { errorCode: 0, name, topicId, isInternal, partitions: answers };
  }

  private partition(state: PartitionMetadata, apiVersion: number): object {
    const { brokers } = this.context.image;
    const { leader, replicas } = state;
    const isReachable = leader >= 0 && brokers.has(leader);
    return {
      errorCode: this.partitionError({ leader, isReachable, apiVersion }),
      partitionIndex: state.partition,
      leaderId: isReachable ? leader : leaderNone,
      leaderEpoch: state.leaderEpoch,
      replicaNodes: replicas,
      isrNodes: state.isr,
      offlineReplicas: replicas.filter((broker) => !brokers.has(broker)),
    };
  }

  private partitionError(facts: {
    readonly leader: number;
    readonly isReachable: boolean;
    readonly apiVersion: number;
  }): number {
    if (facts.isReachable) return errorCodes.NONE;
    return facts.leader >= 0 && facts.apiVersion >= listenerNotFoundFrom
      ? errorCodes.LISTENER_NOT_FOUND
      : errorCodes.LEADER_NOT_AVAILABLE;
  }
}

function unknownPartition(partition: number): object {
  return {
    errorCode: errorCodes.LEADER_NOT_AVAILABLE,
    partitionIndex: partition,
    leaderId: leaderNone,
    leaderEpoch: -1,
    replicaNodes: [],
    isrNodes: [],
    offlineReplicas: [],
  };
}
