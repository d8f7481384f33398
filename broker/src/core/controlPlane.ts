import { type Machine, type TraceEffect } from '@zookafka/base';
import { type MetadataDelta, type MetadataImage, type PartitionMetadata } from './metadata.ts';

/** A topic that somebody wants created. */
export interface TopicWanted {
  readonly name: string;
  /** -1: the broker's default. */
  readonly partitions: number;
  /** -1: the broker's default. */
  readonly replicationFactor: number;
  /** Replicas by partition, or undefined: then the controller spreads them. */
  readonly assignment: readonly (readonly number[])[] | undefined;
  readonly configs: Readonly<Record<string, string>>;
}

/** What became of one topic that was to be created. */
export interface TopicCreated {
  readonly name: string;
  /** Empty when there is none. */
  readonly topicId: string;
  /** Kafka's error code, 0 for none. */
  readonly errorCode: number;
  readonly errorMessage: string | null;
  /** -1 when unknown. */
  readonly partitions: number;
  /** -1 when unknown. */
  readonly replicationFactor: number;
}

/** What became of one topic that was to be deleted. */
export interface TopicDeleted {
  readonly name: string;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** An ISR that a leader wants, with the state that it was decided upon. */
export interface IsrWanted {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly isr: readonly number[];
}

/**
 * What became of a wanted ISR. `ok`: it stands, `state` tells. `badVersion`: somebody changed the state before;
 * `state`, if told, is the newer one, and a delta brings it anyway. `fenced`: another leads. `unknown`: the answer
 * was lost, the change may stand: ask again, with the same ISR, until there is an answer.
 */
export type IsrResult = 'ok' | 'badVersion' | 'fenced' | 'unknown';

/** What the broker and its shell tell the control plane. */
export type ControlPlaneInput =
  | { readonly kind: 'start' }
  /** A controlled shutdown: give away what this broker leads, then leave. Answered by `stopped`. */
  | { readonly kind: 'stop' }
  /** Something of the control plane's own connection: only it and the shell know what. */
  | { readonly kind: 'transport'; readonly input: object }
  | { readonly kind: 'timer'; readonly timer: string }
  /** At most one a partition at a time. */
  | ({ readonly kind: 'alterIsr' } & IsrWanted)
  | {
      readonly kind: 'createTopics';
      readonly token: number;
      readonly topics: readonly TopicWanted[];
      readonly validateOnly: boolean;
    }
  | { readonly kind: 'deleteTopics'; readonly token: number; readonly names: readonly string[] }
  | { readonly kind: 'allocateProducerIds'; readonly token: number };

/** What the control plane tells the broker, or wants done by the shell. */
export type ControlPlaneEffect =
  /** The broker is part of the cluster, now or once more. */
  | { readonly kind: 'registered'; readonly brokerEpoch: number }
  /** `image` holds these changes already. */
  | { readonly kind: 'metadataChanged'; readonly delta: MetadataDelta }
  | {
      readonly kind: 'isrAltered';
      readonly topic: string;
      readonly topicId: string;
      readonly partition: number;
      readonly leaderEpoch: number;
      readonly result: IsrResult;
      readonly state?: PartitionMetadata;
    }
  | {
      readonly kind: 'topicsCreated';
      readonly token: number;
      readonly results: readonly TopicCreated[];
    }
  | {
      readonly kind: 'topicsDeleted';
      readonly token: number;
      readonly results: readonly TopicDeleted[];
    }
  /** Producer ids for the taking: none when `count` is 0, ask again later. */
  | {
      readonly kind: 'producerIds';
      readonly token: number;
      readonly first: number;
      readonly count: number;
    }
  /**
   * The ensemble ended this broker's session: others lead what it led. A cut connection is no such thing: the
   * broker goes on, fenced by epochs and versions.
   */
  | { readonly kind: 'sessionLost' }
  /** This broker cannot be part of the cluster: the shell stops it, saying why. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'transport'; readonly effect: object }
  /** One timer a name: set again, it is replaced. */
  | { readonly kind: 'setTimer'; readonly timer: string; readonly delayMs: number }
  | { readonly kind: 'cancelTimer'; readonly timer: string }
  | TraceEffect;

/**
 * How a broker knows the cluster and changes what the cluster decided: the only part that knows znode paths,
 * versions and sessions. Watches, pushes of a controller and KRaft all fit behind it.
 */
export interface ControlPlane extends Machine<ControlPlaneInput, ControlPlaneEffect> {
  readonly image: MetadataImage;
  /** Whether this broker is the controller now: topics are created and deleted there. */
  readonly isController: boolean;
}
