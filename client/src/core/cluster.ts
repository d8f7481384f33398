import { type Prng } from '@zookafka/base';
import { type Links } from './links.ts';
import { type ClientRules } from './rules.ts';
import {
  type Address,
  type ClientEffect,
  type ClientRefusal,
  type PartitionLeader,
} from './types.ts';
import { errorName, type ResponseOf } from '@zookafka/kafka-wire';

/** A topic, as the last Metadata told it. */
export interface TopicView {
  readonly error: number;
  readonly topicId: string;
  readonly partitions: readonly PartitionLeader[];
}

/** Called once when a refresh ended, with the refusal when nobody answered. */
export type OnRefreshed = (
  refusal: ClientRefusal | undefined,
  nowMs: number,
  effects: ClientEffect[],
) => void;

/** What a `Cluster` is made of. */
export interface ClusterOptions {
  readonly links: Links;
  readonly bootstrap: readonly Address[];
  readonly prng: Prng;
  readonly requestTimeoutMs: number;
  readonly rules: ClientRules;
}

/** A broker that is stopped, but whose port still accepts, is passed over after this: others know as much. */
const metadataTimeoutMsMax = 3000;
const nobody: PartitionLeader = { leader: -1, leaderEpoch: -1 };

/**
 * What a client knows of its cluster: brokers, the controller, who leads what. Refreshed on demand, by one
 * request at a time; a broker that does not answer is passed over for the next.
 *
 * Invariant: the leader epoch that is known of a partition never falls while its topic is the same one, so a
 * broker that lags does not bring a deposed leader back. Source: Apache Kafka, `Metadata.updateLatestMetadata`.
 */
export class Cluster {
  readonly topics = new Map<string, TopicView>();
  readonly brokers = new Map<number, Address>();
  controllerId = -1;
  private readonly options: ClusterOptions;
  private readonly wanted = new Set<string>();
  private waiting: OnRefreshed[] = [];
  /** Asked while an answer was under way, which may not hold what made them ask. */
  private waitingNext: OnRefreshed[] = [];
  private answeredLast: Address | undefined;
  private isRefreshing = false;
  private isStale = false;

  constructor(options: ClusterOptions) {
    this.options = options;
  }

  /** Keeps a topic in every later refresh. */
  want(topic: string): void {
    this.wanted.add(topic);
  }

  /** @returns a partition's leader, its address and epoch (-1: not known), or undefined when it is not known */
  leaderOf(
    topic: string,
    partition: number,
  ): { readonly id: number; readonly address: Address; readonly epoch: number } | undefined {
    const { leader, leaderEpoch } = this.topics.get(topic)?.partitions[partition] ?? nobody;
    const address = this.brokers.get(leader);
    return address === undefined ? undefined : { id: leader, address, epoch: leaderEpoch };
  }

  /** @returns the broker that answered the last refresh; before the first one, one of the bootstrap list */
  anyBroker(): Address {
    return this.answeredLast ?? this.options.prng.pick(this.options.bootstrap);
  }

  /** Asks for the metadata of all wanted topics anew. */
  refresh(nowMs: number, effects: ClientEffect[], onRefreshed?: OnRefreshed): void {
    if (this.isRefreshing) {
      this.isStale = true;
      if (onRefreshed !== undefined) this.waitingNext.push(onRefreshed);
      return;
    }
    if (onRefreshed !== undefined) this.waiting.push(onRefreshed);
    this.ask(this.candidates(), nowMs, effects);
  }

  private ask(candidates: readonly Address[], nowMs: number, effects: ClientEffect[]): void {
    const [address, ...others] = candidates;
    if (address === undefined) {
      const tried = this.candidates().map(({ host, port }) => `${host}:${port}`);
      const message = `No broker answered: ${tried.join(', ')}`;
      this.finish({ code: 'NO_BROKER', message }, nowMs, effects);
      return;
    }
    this.isRefreshing = true;
    const topics = [...this.wanted].map((name) => ({ name }));
    this.options.links.request(
      address,
      {
        api: 'metadata',
        body: { topics, allowAutoTopicCreation: true },
        timeoutMs: Math.min(this.options.requestTimeoutMs, metadataTimeoutMsMax),
        lane: 'metadata',
        onOutcome: (outcome, atMs, out) => {
          if (outcome.kind !== 'answered') {
            this.ask(others, atMs, out);
            return;
          }
          this.answeredLast = address;
          this.learn(outcome.body);
          this.finish(undefined, atMs, out);
        },
      },
      nowMs,
      effects,
    );
  }

  private learn(body: ResponseOf<'metadata'>): void {
    // A broker that just started knows of nobody yet: what was known before is better than nothing.
    if (body.brokers.length > 0) {
      this.brokers.clear();
      for (const { nodeId, host, port } of body.brokers) this.brokers.set(nodeId, { host, port });
    }
    this.controllerId = body.controllerId;
    for (const topic of body.topics) {
      if (topic.name !== null) this.topics.set(topic.name, this.viewOf(topic.name, topic));
    }
  }

  private viewOf(
    name: string,
    { errorCode, topicId, partitions }: ResponseOf<'metadata'>['topics'][number],
  ): TopicView {
    const topic = this.topics.get(name);
    const before = topic?.topicId === topicId ? topic.partitions : [];
    const views: PartitionLeader[] = partitions.map(() => nobody);
    for (const { partitionIndex, leaderId: leader, leaderEpoch } of partitions) {
      const known = before[partitionIndex] ?? nobody;
      const told = { leader, leaderEpoch };
      const isOlder = this.options.rules.isLeaderOlder({ known, told });
      views[partitionIndex] = isOlder ? known : told;
    }
    return { error: errorCode, topicId, partitions: views };
  }

  private finish(refusal: ClientRefusal | undefined, nowMs: number, effects: ClientEffect[]): void {
    const { waiting, waitingNext, isStale } = this;
    this.isRefreshing = false;
    this.isStale = false;
    this.waitingNext = [];
    // Where nobody answered, asking again at once would hardly help those who came later.
    const isOver = refusal !== undefined || !isStale;
    this.waiting = isOver ? [] : waitingNext;
    if (!isOver) this.ask(this.candidates(), nowMs, effects);
    for (const onRefreshed of waiting) onRefreshed(refusal, nowMs, effects);
    if (isOver) for (const onRefreshed of waitingNext) onRefreshed(refusal, nowMs, effects);
  }

  /** All known brokers and the bootstrap list, each once, from a random one on. */
  private candidates(): readonly Address[] {
    const all = [...this.brokers.values(), ...this.options.bootstrap];
    const start = this.options.prng.below(all.length);
    const seen = new Map<string, Address>();
    for (let index = 0; index < all.length; index++) {
      const address = all[(start + index) % all.length] as Address;
      seen.set(`${address.host}:${address.port}`, address);
    }
    return [...seen.values()];
  }
}

/** @returns a refusal with Kafka's name of the error */
export function refusalOf(code: number, what: string): ClientRefusal {
  const name = errorName(code);
  return { code: name, message: `${what}: ${name}` };
}
