import { type BrokerPayload } from './brokerPayload.ts';
import { type StatePayload } from './statePayload.ts';

/** A topic as its znode tells it. */
export interface TopicSeen {
  readonly topic: string;
  readonly topicId: string;
  readonly replicas: readonly (readonly number[])[];
}

/** A partition's state as its znode tells it. */
export interface StateSeen extends StatePayload {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  /** The znode's version. */
  readonly partitionEpoch: number;
  /** The znode's mzxid: a state counts for a leader only when it is above the broker epoch. */
  readonly stateZxid: number;
}

/** Who hears what a broker's reader of metadata learns. */
export interface MetadataListener {
  /** @param payload null when the broker is gone */
  onBroker(broker: number, payload: BrokerPayload | null, brokerEpoch: number): void;
  /** Who is registered: what is known of them follows. */
  onBrokersListed(brokers: readonly number[]): void;
  onController(broker: number | undefined): void;
  onTopic(topic: TopicSeen): void;
  /** The znode is absent: nothing is said of the files. */
  onTopicAbsent(topic: string, topicId: string): void;
  /** This id was deleted on purpose: its files may go. Said again after each whole reading. */
  onTopicIdDeleted(topicId: string, topic: string): void;
  onState(state: StateSeen): void;
  onTopicConfig(topic: string, config: ReadonlyMap<string, string>): void;
  /** Everything was read since the connection came. */
  onWholeRead(): void;
  trace(event: string, facts: Readonly<Record<string, unknown>>): void;
}
