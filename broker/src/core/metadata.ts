/** A broker as clients and other brokers reach it. */
export interface BrokerEndpoint {
  readonly id: number;
  /** The registration's number: a broker that came back has a greater one. */
  readonly epoch: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/** The leader of a partition that has none. */
export const leaderNone = -1;

/** What the cluster decided about one partition: never changed in place, replaced by its successor. */
export interface PartitionMetadata {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  /** A broker's id, or `leaderNone`. */
  readonly leader: number;
  readonly leaderEpoch: number;
  /** The version of the state's znode: one more with each change. */
  readonly partitionEpoch: number;
  readonly controllerEpoch: number;
  /** In the order of the assignment: the first is preferred. */
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  /** When the state was written last: on the same scale as `BrokerEndpoint.epoch`. */
  readonly stateZxid: number;
}

/** One topic: partitions by number. A partition whose state is not known yet is undefined. */
export interface TopicMetadata {
  readonly name: string;
  /** 22 characters of base64url. */
  readonly topicId: string;
  readonly partitions: readonly (PartitionMetadata | undefined)[];
  /** What was set for this topic: settings left alone are absent. */
  readonly config: Readonly<Record<string, string>>;
}

/** A topic id that is gone, with the name that it had. */
export interface TopicGone {
  readonly name: string;
  readonly topicId: string;
}

/** What changed since the image before. An absent field says: nothing of the kind. */
export interface MetadataDelta {
  readonly clusterId?: string;
  /** New, or their settings or number of partitions changed: `partitions` tells the whole list. */
  readonly topics?: readonly TopicMetadata[];
  /** States that changed, of topics that are known or told in `topics`. */
  readonly partitions?: readonly PartitionMetadata[];
  /** Deleted on purpose: their files may go. May be told again, and of topics that were never known. */
  readonly topicsDeleted?: readonly TopicGone[];
  /** Not to be found any more, and nobody said why: their files stay. */
  readonly topicsAbsent?: readonly TopicGone[];
  /** New brokers, or new registrations of known ones. */
  readonly brokers?: readonly BrokerEndpoint[];
  readonly brokersGone?: readonly number[];
  /** The controller's id, or null when there is none. */
  readonly controllerId?: number | null;
  /** All that there was when the connection came has been told, this delta included. */
  readonly isWhole?: boolean;
}

/** The cluster as this broker knows it: for reading; only deltas change it. */
export interface MetadataImage {
  readonly clusterId: string;
  /** Undefined while there is none. */
  readonly controllerId: number | undefined;
  readonly brokers: ReadonlyMap<number, BrokerEndpoint>;
  readonly topics: ReadonlyMap<string, TopicMetadata>;
  topicById(topicId: string): TopicMetadata | undefined;
  partition(topic: string, partition: number): PartitionMetadata | undefined;
}

interface TopicSlot {
  name: string;
  topicId: string;
  partitions: (PartitionMetadata | undefined)[];
  config: Readonly<Record<string, string>>;
}

/** The image that a control plane holds: `apply` is its only change. */
export class ClusterImage implements MetadataImage {
  clusterId = '';
  controllerId: number | undefined;
  private readonly brokersById = new Map<number, BrokerEndpoint>();
  private readonly topicsByName = new Map<string, TopicSlot>();
  private readonly topicsById = new Map<string, TopicSlot>();

  get brokers(): ReadonlyMap<number, BrokerEndpoint> {
    return this.brokersById;
  }

  get topics(): ReadonlyMap<string, TopicMetadata> {
    return this.topicsByName;
  }

  topicById(topicId: string): TopicMetadata | undefined {
    return this.topicsById.get(topicId);
  }

  partition(topic: string, partition: number): PartitionMetadata | undefined {
    return this.topicsByName.get(topic)?.partitions[partition];
  }

  apply(delta: MetadataDelta): void {
    if (delta.clusterId !== undefined) this.clusterId = delta.clusterId;
    if (delta.controllerId !== undefined) this.controllerId = delta.controllerId ?? undefined;
    for (const id of delta.brokersGone ?? []) this.brokersById.delete(id);
    for (const broker of delta.brokers ?? []) this.brokersById.set(broker.id, broker);
    for (const gone of delta.topicsDeleted ?? []) this.removeTopic(gone);
    for (const gone of delta.topicsAbsent ?? []) this.removeTopic(gone);
    for (const topic of delta.topics ?? []) this.setTopic(topic);
    for (const state of delta.partitions ?? []) this.setPartition(state);
  }

  private setTopic({ name, topicId, partitions, config }: TopicMetadata): void {
    const before = this.topicsByName.get(name);
    if (before !== undefined && before.topicId !== topicId) this.topicsById.delete(before.topicId);
    const slot = { name, topicId, partitions: [...partitions], config };
    this.topicsByName.set(name, slot);
    this.topicsById.set(topicId, slot);
  }

  private setPartition(state: PartitionMetadata): void {
    const slot = this.topicsByName.get(state.topic);
    if (slot?.topicId !== state.topicId) return;
    // Without holes: a list with holes is slow to walk.
    while (slot.partitions.length < state.partition) slot.partitions.push(undefined);
    slot.partitions[state.partition] = state;
  }

  private removeTopic({ topicId }: TopicGone): void {
    const slot = this.topicsById.get(topicId);
    if (slot === undefined) return;
    this.topicsById.delete(topicId);
    if (this.topicsByName.get(slot.name) === slot) this.topicsByName.delete(slot.name);
  }
}
