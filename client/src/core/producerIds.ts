import { type Cluster } from './cluster.ts';
import { type Links } from './links.ts';
import { type ProducerIdentity } from './partitionQueue.ts';
import { type ClientEffect } from './types.ts';
import { errorName } from '@zookafka/kafka-wire';

const producerEpochMax = 0x7fff;
/** Not used without transactions, but a broker checks it. */
const transactionTimeoutMs = 60_000;
const nobody: ProducerIdentity = { producerId: -1, producerEpoch: -1 };

/** The producer id of an idempotent producer: asked for when it is needed, by one request at a time. */
export class ProducerIds {
  /** Undefined until a broker gave one. */
  current: ProducerIdentity | undefined;
  private readonly links: Links;
  private readonly cluster: Cluster;
  private readonly requestTimeoutMs: number;
  private isAsking = false;

  constructor(parts: {
    readonly links: Links;
    readonly cluster: Cluster;
    readonly isIdempotent: boolean;
    readonly requestTimeoutMs: number;
  }) {
    this.links = parts.links;
    this.cluster = parts.cluster;
    this.requestTimeoutMs = parts.requestTimeoutMs;
    if (!parts.isIdempotent) this.current = nobody;
  }

  /**
   * What a partition goes on with whose sequences cannot go on: the next epoch, which shuts out whatever of the old
   * one is still on its way to the log; another producer id, undefined until it is there, when epochs have run out.
   *
   * Source: Apache Kafka, KIP-360: a producer without transactions takes the next epoch itself.
   */
  after(identity: ProducerIdentity | undefined): ProducerIdentity | undefined {
    if (identity === undefined) return this.current;
    const { producerId, producerEpoch } = identity;
    if (producerEpoch < producerEpochMax) return { producerId, producerEpoch: producerEpoch + 1 };
    this.forget(identity);
    return this.current;
  }

  /** This producer id is of no use any more: the next one is another. */
  forget({ producerId }: ProducerIdentity): void {
    if (this.current?.producerId === producerId) this.current = undefined;
  }

  /** @param onAsked told why there is none, or undefined when there is one now */
  ask(
    nowMs: number,
    effects: ClientEffect[],
    onAsked: (reason: string | undefined, nowMs: number, effects: ClientEffect[]) => void,
  ): void {
    if (this.isAsking) return;
    this.isAsking = true;
    this.links.request(
      this.cluster.anyBroker(),
      {
        api: 'initProducerId',
        body: { transactionalId: null, transactionTimeoutMs },
        timeoutMs: this.requestTimeoutMs,
        lane: 'metadata',
        onOutcome: (outcome, atMs, out) => {
          this.isAsking = false;
          if (outcome.kind !== 'answered') {
            onAsked(outcome.reason, atMs, out);
            return;
          }
          const { errorCode, producerId, producerEpoch } = outcome.body;
          if (errorCode === 0) this.current = { producerId, producerEpoch };
          onAsked(errorCode === 0 ? undefined : errorName(errorCode), atMs, out);
        },
      },
      nowMs,
      effects,
    );
  }
}
