import {
  ClusterImage,
  type BrokerEndpoint,
  type MetadataDelta,
  type PartitionMetadata,
  type TopicGone,
  type TopicMetadata,
} from '../../metadata.ts';
import { type BrokerPayload } from './brokerPayload.ts';
import { type StateSeen, type TopicSeen } from './metadataSeen.ts';

/**
 * Turns what is learned of single znodes into the image, and into one delta for all that one step brought. The image
 * changes at once; the delta tells it in the end.
 */
export class MetadataDeltas {
  readonly image = new ClusterImage();
  /** By topic name, of topics that may not be known yet. */
  private readonly configs = new Map<string, Readonly<Record<string, string>>>();
  /** Replicas by topic id: states do not tell them. */
  private readonly replicas = new Map<string, readonly (readonly number[])[]>();
  private readonly topics = new Set<string>();
  private readonly partitions = new Map<string, PartitionMetadata>();
  private readonly deleted: TopicGone[] = [];
  private readonly absent: TopicGone[] = [];
  private readonly brokers = new Map<number, BrokerEndpoint | null>();
  private clusterId: string | undefined;
  private controllerId: number | null | undefined;
  private isWhole = false;

  onClusterId(clusterId: string): void {
    if (this.image.clusterId === clusterId) return;
    this.clusterId = clusterId;
    this.image.apply({ clusterId });
  }

  onBroker(broker: number, payload: BrokerPayload | null, brokerEpoch: number): void {
    const endpoint = endpointOf(broker, payload, brokerEpoch);
    this.brokers.set(broker, endpoint);
    this.image.apply(endpoint === null ? { brokersGone: [broker] } : { brokers: [endpoint] });
  }

  onController(broker: number | undefined): void {
    if (this.image.controllerId === broker) return;
    this.controllerId = broker ?? null;
    this.image.apply({ controllerId: this.controllerId });
  }

  onTopic({ topic, topicId, replicas }: TopicSeen): void {
    const before = this.image.topicById(topicId);
    const partitions = replicas.map((brokers, index) => {
      const state = before?.partitions[index];
      return state === undefined ? undefined : { ...state, replicas: brokers };
    });
    this.replicas.set(topicId, replicas);
    this.setTopic({ name: topic, topicId, partitions, config: this.configs.get(topic) ?? {} });
  }

  onTopicAbsent(topic: string, topicId: string): void {
    this.removeTopic(this.absent, { name: topic, topicId });
  }

  onTopicIdDeleted(topicId: string, topic: string): void {
    this.removeTopic(this.deleted, { name: topic, topicId });
  }

  onTopicConfig(topic: string, config: ReadonlyMap<string, string>): void {
    if (config.size === 0) this.configs.delete(topic);
    else this.configs.set(topic, Object.fromEntries(config));
    const known = this.image.topics.get(topic);
    if (known !== undefined) this.setTopic({ ...known, config: this.configs.get(topic) ?? {} });
  }

  onState(state: StateSeen): void {
    const metadata = this.metadataOf(state);
    this.partitions.set(`${state.topicId}/${state.partition}`, metadata);
    this.image.apply({ partitions: [metadata] });
  }

  onWholeRead(): void {
    this.isWhole = true;
  }

  /** @returns the state as the rest of the broker knows states */
  metadataOf(state: StateSeen): PartitionMetadata {
    const { topic, topicId, partition, leader, leaderEpoch, partitionEpoch } = state;
    const { controllerEpoch, isr, stateZxid } = state;
    const replicas = this.replicas.get(topicId)?.[partition] ?? [];
    return {
      topic,
      topicId,
      partition,
      leader,
      leaderEpoch,
      partitionEpoch,
      controllerEpoch,
      replicas,
      isr,
      stateZxid,
    };
  }

  /** @returns what changed since the last time, or undefined when nothing did */
  take(): MetadataDelta | undefined {
    const { clusterId, controllerId } = this;
    const brokers = [...this.brokers.values()].filter((broker) => broker !== null);
    const brokersGone = [...this.brokers].filter(([, one]) => one === null).map(([id]) => id);
    const topics = [...this.topics]
      .map((topic) => this.image.topics.get(topic))
      .filter((topic) => topic !== undefined);
    const partitions = [...this.partitions.values()];
    const delta: MetadataDelta = {
      ...(clusterId === undefined ? {} : { clusterId }),
      ...(topics.length === 0 ? {} : { topics: topics.map(topicCopy) }),
      ...(partitions.length === 0 ? {} : { partitions }),
      ...(this.deleted.length === 0 ? {} : { topicsDeleted: [...this.deleted] }),
      ...(this.absent.length === 0 ? {} : { topicsAbsent: [...this.absent] }),
      ...(brokers.length === 0 ? {} : { brokers }),
      ...(brokersGone.length === 0 ? {} : { brokersGone }),
      ...(controllerId === undefined ? {} : { controllerId }),
      ...(this.isWhole ? { isWhole: true } : {}),
    };
    this.clear();
    return Object.keys(delta).length === 0 ? undefined : delta;
  }

  private setTopic(topic: TopicMetadata): void {
    this.topics.add(topic.name);
    this.image.apply({ topics: [topic] });
  }

  private removeTopic(list: TopicGone[], gone: TopicGone): void {
    list.push(gone);
    this.replicas.delete(gone.topicId);
    for (const [key, state] of this.partitions) {
      if (state.topicId === gone.topicId) this.partitions.delete(key);
    }
    this.image.apply({ topicsAbsent: [gone] });
  }

  private clear(): void {
    this.clusterId = undefined;
    this.controllerId = undefined;
    this.isWhole = false;
    this.topics.clear();
    this.partitions.clear();
    this.brokers.clear();
    this.deleted.length = 0;
    this.absent.length = 0;
  }
}

/** The address that everybody is told: the first PLAINTEXT one, else the first. */
function endpointOf(
  id: number,
  payload: BrokerPayload | null,
  epoch: number,
): BrokerEndpoint | null {
  if (payload === null) return null;
  const { endpoints, rack } = payload;
  const plain = endpoints.find(({ securityProtocol }) => securityProtocol === 'PLAINTEXT');
  const endpoint = plain ?? endpoints[0];
  return endpoint === undefined
    ? null
    : { id, epoch, host: endpoint.host, port: endpoint.port, rack };
}

/** The image goes on to change its own. */
function topicCopy({ name, topicId, partitions, config }: TopicMetadata): TopicMetadata {
  return { name, topicId, partitions: [...partitions], config };
}
