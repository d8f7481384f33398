import {
  ClusterImage,
  type ControlPlane,
  type ControlPlaneEffect,
  type ControlPlaneInput,
  type IsrWanted,
  type MetadataDelta,
  type PartitionMetadata,
  type TopicCreated,
  type TopicWanted,
} from '@zookafka/broker/core';

/** What a fake control plane asks of the world. */
export interface FakeEnsemble {
  alterIsr(broker: number, wanted: IsrWanted): void;
  createTopics(broker: number, token: number, topics: readonly TopicWanted[]): void;
  deleteTopics(broker: number, token: number, names: readonly string[]): void;
  /** A test wants something done inside a step. */
  onAct(broker: number): void;
}

/** What the world tells a fake control plane: inputs of its transport. */
export type FakeNews =
  | { readonly news: 'act' }
  | { readonly news: 'registered'; readonly brokerEpoch: number }
  | { readonly news: 'delta'; readonly delta: MetadataDelta }
  | {
      readonly news: 'isr';
      readonly wanted: IsrWanted;
      readonly result: 'ok' | 'badVersion' | 'fenced' | 'unknown';
      readonly state: PartitionMetadata | undefined;
    }
  | { readonly news: 'created'; readonly token: number; readonly results: readonly TopicCreated[] }
  | { readonly news: 'deleted'; readonly token: number; readonly names: readonly string[] };

/** A control plane whose cluster is decided by hand. */
export class FakeControlPlane implements ControlPlane {
  readonly image = new ClusterImage();
  private readonly broker: number;
  private readonly ensemble: FakeEnsemble;
  private producerIdNext: number;

  constructor(broker: number, ensemble: FakeEnsemble) {
    this.broker = broker;
    this.ensemble = ensemble;
    this.producerIdNext = broker * 1000;
  }

  get isController(): boolean {
    return this.image.controllerId === this.broker;
  }

  step(input: ControlPlaneInput, _nowMs: number, effects: ControlPlaneEffect[]): void {
    switch (input.kind) {
      case 'alterIsr':
        this.ensemble.alterIsr(this.broker, input);
        return;
      case 'createTopics':
        this.ensemble.createTopics(this.broker, input.token, input.topics);
        return;
      case 'deleteTopics':
        this.ensemble.deleteTopics(this.broker, input.token, input.names);
        return;
      case 'allocateProducerIds': {
        const first = this.producerIdNext;
        this.producerIdNext += 10;
        effects.push({ kind: 'producerIds', token: input.token, first, count: 10 });
        return;
      }
      case 'stop':
        effects.push({ kind: 'stopped' });
        return;
      case 'transport':
        this.onNews(input.input as FakeNews, effects);
        return;
      default:
    }
  }

  private onNews(news: FakeNews, effects: ControlPlaneEffect[]): void {
    switch (news.news) {
      case 'act':
        this.ensemble.onAct(this.broker);
        return;
      case 'registered':
        effects.push({ kind: 'registered', brokerEpoch: news.brokerEpoch });
        return;
      case 'delta':
        this.image.apply(news.delta);
        effects.push({ kind: 'metadataChanged', delta: news.delta });
        return;
      case 'isr': {
        const { topic, topicId, partition, leaderEpoch } = news.wanted;
        const { result, state } = news;
        const answer = {
          kind: 'isrAltered',
          topic,
          topicId,
          partition,
          leaderEpoch,
          result,
        } as const;
        effects.push(state === undefined ? answer : { ...answer, state });
        return;
      }
      case 'created':
        effects.push({ kind: 'topicsCreated', token: news.token, results: news.results });
        return;
      case 'deleted':
        effects.push({
          kind: 'topicsDeleted',
          token: news.token,
          results: news.names.map((name) => ({ name, errorCode: 0, errorMessage: null })),
        });
        return;
      default:
    }
  }
}
