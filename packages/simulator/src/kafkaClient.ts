import { ByteReader, bytesConcat, type Prng, utf8Decode } from '@zookafka/base';
import {
  Client,
  type ClientConfig,
  type ClientEffect,
  type ClientInput,
} from '@zookafka/client/core';
import {
  type ApiName,
  batchHeads,
  decodeRecords,
  decodeResponse,
  decodeResponseHead,
  encodeRequestFrame,
} from '@zookafka/kafka-wire';
import { type PlacedRecord } from './invariants/ghostRecords.ts';
import { type ReplicationChecks } from './invariants/replicationChecks.ts';
import { type Network, type StreamPort } from './network.ts';
import { type SimulatedBroker } from './simulatedBroker.ts';
import { SimulatedNode } from './simulatedNode.ts';
import { type Swarm } from './swarm.ts';
import { type World } from './world.ts';

/** What every client of the brokers is made of. */
export interface KafkaClientParts {
  readonly world: World;
  readonly network: Network;
  readonly swarm: Swarm;
  readonly name: string;
  readonly brokers: () => readonly SimulatedBroker[];
  readonly checks: ReplicationChecks;
}

interface Link {
  readonly port: StreamPort<Uint8Array>;
  readonly asked: Map<number, { readonly api: ApiName; readonly version: number }>;
}

const lengthBytes = 4;
const simulatedPort = 9092;
const requestTimeoutMs = 4000;

/** The topic of every simulation. */
export const simulatedTopic = 'simulated';
/** Its partitions. */
export const simulatedPartitions = 2;
/** How long a simulated client waits for an answer, and before it tries again. */
export const clientTiming = { requestTimeoutMs, retryBackoffMs: 100 };
/** How a simulated consumer reads. */
export const consumerOptions: NonNullable<ClientConfig['consumer']> = {
  ...clientTiming,
  autoOffsetReset: 'earliest',
  fetchWaitMsMax: 500,
  fetchBytesMax: 1 << 20,
  partitionBytesMax: 1 << 18,
  bufferedCountMax: 100,
};

/** A client of the brokers as a process: the machine of the client, its connections, the real codecs. */
export abstract class KafkaClient extends SimulatedNode<ClientInput, ClientEffect> {
  protected readonly parts: KafkaClientParts;
  protected readonly prng: Prng;
  private readonly links = new Map<number, Link>();

  constructor(parts: KafkaClientParts) {
    super(parts.world, parts.name);
    this.parts = parts;
    this.prng = parts.world.chanceFor();
  }

  abstract start(): void;

  protected beginClient(config: Pick<ClientConfig, 'producer' | 'consumer' | 'group'>): void {
    const bootstrap = this.parts.brokers().map(({ name }) => ({ host: name, port: simulatedPort }));
    this.begin(new Client({ bootstrap, requestTimeoutMs, ...config }, this.prng.fork()));
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

  /** Something for the program, not for the network. */
  protected abstract tell(effect: ClientEffect): void;

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
      case 'truncated': {
        const { partition, offsetNext, endOffset } = effect;
        const what = `${this.name} read partition ${partition} up to offset ${offsetNext}`;
        this.world.history.violated('K8', `${what}, its leader's log ended at ${endOffset}`);
        break;
      }
      default:
        this.tell(effect);
    }
  }

  private open(link: number, host: string): void {
    const broker = this.parts.brokers().find(({ name }) => name === host);
    const onClose = (): void => {
      this.links.delete(link);
      this.feed({ kind: 'linkClosed', link, reason: 'closed' });
    };
    if (broker === undefined) {
      this.later(1, onClose);
      return;
    }
    this.parts.network.open<Uint8Array>({
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

/** The records that a consumer was given, without those below where it reads. */
export function* recordsOf({
  partition,
  batches,
  offset: start,
}: Extract<ClientEffect, { kind: 'records' }>): Generator<PlacedRecord> {
  for (const head of batchHeads(batches)) {
    for (const { offset, value } of decodeRecords(batches, head)) {
      if (offset < start) continue;
      yield { partition, offset, value: value === null ? '' : utf8Decode(value) };
    }
  }
}
