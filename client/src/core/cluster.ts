import { type Prng } from '@zookafka/base';
import { type Links } from './links.ts';
import { type Address, type ClientEffect, type ClientRefusal } from './types.ts';
import { errorName, type ResponseOf } from '@zookafka/kafka-wire';

/** A partition, as the last Metadata told it. */
export interface PartitionLeader {
  /** -1 when nobody leads. */
  readonly leader: number;
  readonly leaderEpoch: number;
}

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

/**
 * What a client knows of its cluster: brokers, the controller, who leads what. Refreshed on demand, by one
 * request at a time; a broker that does not answer is passed over for the next.
 */
export class Cluster {
  readonly topics = new Map<string, TopicView>();
  readonly brokers = new Map<number, Address>();
  controllerId = -1;
  private readonly links: Links;
  private readonly bootstrap: readonly Address[];
  private readonly prng: Prng;
  private readonly requestTimeoutMs: number;
  private readonly wanted = new Set<string>();
  private waiting: OnRefreshed[] = [];
  private isRefreshing = false;
  private isStale = false;

  constructor({ links, bootstrap, prng, requestTimeoutMs }: ClusterOptions) {
    this.links = links;
    this.bootstrap = bootstrap;
    this.prng = prng;
    this.requestTimeoutMs = requestTimeoutMs;
  }

  /** Keeps a topic in every later refresh. */
  want(topic: string): void {
    this.wanted.add(topic);
  }

  /** @returns the address of a partition's leader, or undefined when it is not known */
  leaderOf(
    topic: string,
    partition: number,
  ): { readonly id: number; readonly address: Address } | undefined {
    const leader = this.topics.get(topic)?.partitions[partition]?.leader ?? -1;
    const address = this.brokers.get(leader);
    return address === undefined ? undefined : { id: leader, address };
  }

  /** @returns some broker: any that is known, else one of the bootstrap list */
  anyBroker(): Address {
    const known = [...this.brokers.values()];
    return this.prng.pick(known.length > 0 ? known : this.bootstrap);
  }

  /** Asks for the metadata of all wanted topics anew. */
  refresh(nowMs: number, effects: ClientEffect[], onRefreshed?: OnRefreshed): void {
    if (onRefreshed !== undefined) this.waiting.push(onRefreshed);
    // An answer that is under way may not hold what made somebody ask.
    if (this.isRefreshing) this.isStale = true;
    else this.ask(this.candidates(), nowMs, effects);
  }

  private ask(candidates: readonly Address[], nowMs: number, effects: ClientEffect[]): void {
    const [address, ...others] = candidates;
    if (address === undefined) {
      this.finish({ code: 'NO_BROKER', message: 'No broker answered' }, nowMs, effects);
      return;
    }
    this.isRefreshing = true;
    const topics = [...this.wanted].map((name) => ({ name }));
    this.links.request(
      address,
      {
        api: 'metadata',
        body: { topics, allowAutoTopicCreation: true },
        timeoutMs: this.requestTimeoutMs,
        onOutcome: (outcome, atMs, out) => {
          if (outcome.kind !== 'answered') this.ask(others, atMs, out);
          else {
            this.learn(outcome.body);
            this.finish(undefined, atMs, out);
          }
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
    for (const { errorCode, name, topicId, partitions } of body.topics) {
      if (name === null) continue;
      const views: PartitionLeader[] = [];
      for (const { partitionIndex, leaderId, leaderEpoch } of partitions) {
        views[partitionIndex] = { leader: leaderId, leaderEpoch };
      }
      this.topics.set(name, { error: errorCode, topicId, partitions: views });
    }
  }

  private finish(refusal: ClientRefusal | undefined, nowMs: number, effects: ClientEffect[]): void {
    this.isRefreshing = false;
    const waiting = this.waiting;
    this.waiting = [];
    if (this.isStale) {
      this.isStale = false;
      this.waiting = waiting;
      this.ask(this.candidates(), nowMs, effects);
      return;
    }
    for (const onRefreshed of waiting) onRefreshed(refusal, nowMs, effects);
  }

  private candidates(): readonly Address[] {
    const all = [...this.brokers.values(), ...this.bootstrap];
    const start = this.prng.below(all.length);
    const seen = new Map<string, Address>();
    for (let index = 0; index < all.length; index++) {
      const address = all[(start + index) % all.length] as Address;
      seen.set(`${address.host}:${address.port}`, address);
    }
    return [...seen.values()];
  }
}

/** What a `Cluster` is made of. */
export interface ClusterOptions {
  readonly links: Links;
  readonly bootstrap: readonly Address[];
  readonly prng: Prng;
  readonly requestTimeoutMs: number;
}

/** @returns a refusal with Kafka's name of the error */
export function refusalOf(code: number, what: string): ClientRefusal {
  const name = errorName(code);
  return { code: name, message: `${what}: ${name}` };
}
