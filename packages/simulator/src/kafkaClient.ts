import { ByteReader, bytesConcat, type Prng, utf8Decode, utf8Encode } from '@zookafka/base';
import { Client, type ClientEffect, type ClientInput } from '@zookafka/client/core';
import {
  type ApiName,
  batchHeads,
  decodeRecords,
  decodeResponse,
  decodeResponseHead,
  encodeRequestFrame,
} from '@zookafka/kafka-wire';
import { type ReplicationChecks } from './invariants/replicationChecks.ts';
import { type Network, type StreamPort } from './network.ts';
import { type SimulatedBroker } from './simulatedBroker.ts';
import { SimulatedNode } from './simulatedNode.ts';
import { type Swarm } from './swarm.ts';
import { type World } from './world.ts';

interface Link {
  readonly port: StreamPort<Uint8Array>;
  readonly asked: Map<number, { readonly api: ApiName; readonly version: number }>;
}

const lengthBytes = 4;
const simulatedPort = 9092;
const replicationFactorMax = 3;
const topicCreateToken = 0;

/** The topic of every simulation. */
export const simulatedTopic = 'simulated';
/** Its partitions. */
export const simulatedPartitions = 2;

/** A producer and consumer of the cluster: values that are never used twice, acks=all, idempotent. */
export class KafkaClient extends SimulatedNode<ClientInput, ClientEffect> {
  acked = 0;
  private readonly network: Network;
  private readonly swarm: Swarm;
  private readonly brokers: () => readonly SimulatedBroker[];
  private readonly checks: ReplicationChecks;
  private readonly prng: Prng;
  private readonly links = new Map<number, Link>();
  private readonly sent = new Map<number, string>();
  private readonly isConsumer: boolean;
  private tokenNext = 1;
  private isStopping = false;

  constructor(parts: {
    readonly world: World;
    readonly network: Network;
    readonly swarm: Swarm;
    readonly name: string;
    readonly brokers: () => readonly SimulatedBroker[];
    readonly checks: ReplicationChecks;
    readonly isConsumer: boolean;
  }) {
    super(parts.world, parts.name);
    this.network = parts.network;
    this.swarm = parts.swarm;
    this.brokers = parts.brokers;
    this.checks = parts.checks;
    this.isConsumer = parts.isConsumer;
    this.prng = parts.world.chanceFor();
  }

  start(): void {
    const bootstrap = this.brokers().map(({ name }) => ({ host: name, port: simulatedPort }));
    const timing = { requestTimeoutMs: 4000, retryBackoffMs: 100 };
    this.begin(
      new Client(
        {
          bootstrap,
          requestTimeoutMs: timing.requestTimeoutMs,
          producer: this.isConsumer
            ? undefined
            : {
                ...timing,
                acks: -1,
                lingerMs: 5,
                batchBytesMax: 4096,
                deliveryTimeoutMs: 60_000,
                bufferCountMax: 10_000,
                isIdempotent: true,
              },
          consumer: this.isConsumer
            ? {
                ...timing,
                autoOffsetReset: 'earliest',
                fetchWaitMsMax: 200,
                fetchBytesMax: 1 << 20,
                partitionBytesMax: 1 << 18,
                bufferedCountMax: 100,
              }
            : undefined,
          group: undefined,
        },
        this.prng.fork(),
      ),
    );
    if (this.isConsumer) this.consume();
    else this.createTopic();
  }

  /** Sends nothing more. */
  stop(): void {
    this.isStopping = true;
  }

  /** One more record, for the end of a run. */
  produceOne(): void {
    this.produce();
    this.feed({ kind: 'flush' });
  }

  protected timerInput(): ClientInput {
    return { kind: 'timer' };
  }

  protected afterStep(): void {
    // What a client is told is checked as it comes.
  }

  protected traced(): void {
    // Nothing of a client's own events is checked.
  }

  protected perform(effect: ClientEffect): void {
    switch (effect.kind) {
      case 'openLink':
        this.open(effect.link, effect.host);
        return;
      case 'closeLink':
        this.links.get(effect.link)?.port.close();
        this.links.delete(effect.link);
        return;
      case 'sendRequest':
        this.send(effect);
        return;
      case 'delivered':
        this.onDelivered(effect);
        return;
      case 'notDelivered':
        this.sent.delete(effect.token);
        return;
      case 'called':
        this.onTopic(effect.outcome.kind === 'answered');
        return;
      case 'records':
        this.onRecords(effect);
        return;
      default:
        return;
    }
  }

  private createTopic(): void {
    const replicationFactor = Math.min(this.brokers().length, replicationFactorMax);
    const topics = [
      { name: simulatedTopic, numPartitions: simulatedPartitions, replicationFactor },
    ];
    this.feed({
      kind: 'call',
      token: topicCreateToken,
      target: { kind: 'controller' },
      api: 'createTopics',
      body: { topics, timeoutMs: 3000 },
    });
  }

  private onTopic(isAnswered: boolean): void {
    this.later(isAnswered ? 100 : 300, () => {
      if (isAnswered) this.keepProducing();
      else this.createTopic();
    });
  }

  private keepProducing(): void {
    if (this.isStopping) return;
    this.produce();
    this.later(1 + this.prng.below(this.swarm.producePauseMsMax), () => {
      this.keepProducing();
    });
  }

  private produce(): void {
    const token = this.tokenNext++;
    const value = `${this.name}:${token}`;
    this.sent.set(token, value);
    const record = {
      topic: simulatedTopic,
      partition: this.prng.below(simulatedPartitions),
      key: null,
      value: utf8Encode(value),
      headers: [],
      timestampMs: this.world.wallMs,
    };
    this.feed({ kind: 'produce', token, record });
  }

  private onDelivered({
    token,
    partition,
    offset,
  }: Extract<ClientEffect, { kind: 'delivered' }>): void {
    const value = this.sent.get(token);
    this.sent.delete(token);
    if (value === undefined) return;
    this.acked++;
    this.checks.onAcked({ partition, offset, value });
  }

  private consume(): void {
    const partitions = Array.from({ length: simulatedPartitions }, (_, partition) => ({
      topic: simulatedTopic,
      partition,
      offset: 0,
    }));
    this.feed({ kind: 'assign', partitions });
  }

  private onRecords({
    partition,
    batches,
    offset,
  }: Extract<ClientEffect, { kind: 'records' }>): void {
    this.feed({ kind: 'poll' });
    for (const head of batchHeads(batches)) {
      for (const record of decodeRecords(batches, head)) {
        if (record.offset < offset) continue;
        const value = record.value === null ? '' : utf8Decode(record.value);
        this.checks.onConsumed({ partition, offset: record.offset, value });
      }
    }
  }

  private open(link: number, host: string): void {
    const broker = this.brokers().find(({ name }) => name === host);
    const onClose = (): void => {
      this.links.delete(link);
      this.feed({ kind: 'linkClosed', link, reason: 'closed' });
    };
    if (broker === undefined) {
      this.later(1, onClose);
      return;
    }
    this.network.open<Uint8Array>({
      from: this,
      to: broker,
      end: {
        onMessage: (frame) => {
          this.onFrame(link, frame);
        },
        onClose,
      },
      accept: (port) => broker.accept(port),
      onOpen: (port) => {
        this.links.set(link, { port, asked: new Map() });
        this.feed({ kind: 'linkOpened', link });
      },
      onRefused: onClose,
    });
  }

  private send(effect: Extract<ClientEffect, { kind: 'sendRequest' }>): void {
    const link = this.links.get(effect.link);
    if (link === undefined) return;
    const { api, version, correlationId } = effect;
    link.asked.set(correlationId, { api, version });
    const head = { apiVersion: version, correlationId, clientId: this.name };
    link.port.send(bytesConcat(encodeRequestFrame(api, head, effect.body)).slice());
  }

  private onFrame(id: number, frame: Uint8Array): void {
    const link = this.links.get(id);
    const correlationId = new ByteReader(frame, lengthBytes).int32();
    const asked = link?.asked.get(correlationId);
    if (link === undefined || asked === undefined) return;
    link.asked.delete(correlationId);
    const reader = new ByteReader(frame, lengthBytes);
    decodeResponseHead(asked.api, asked.version, reader);
    const body = decodeResponse(asked.api, asked.version, reader);
    this.feed({ kind: 'response', link: id, correlationId, body });
  }
}
