import { ByteReader, Prng, utf8Encode } from '@zookafka/base';
import {
  type ApiName,
  decodeRequest,
  decodeRequestHead,
  decodeResponse,
  decodeResponseHead,
  encodeRequestFrame,
  encodeResponseFrame,
  type ResponseBody,
} from '@zookafka/kafka-wire';
import {
  Client,
  type ClientConfig,
  type ClientEffect,
  type ClientInput,
  type FetcherOptions,
  type GroupOptions,
  type ProducerOptions,
} from '../../src/core/index.ts';
import { type FakeCluster } from './fakeCluster.ts';

type Event<Kind extends ClientEffect['kind']> = Extract<ClientEffect, { kind: Kind }>;
type SendEffect = Event<'sendRequest'>;

export const producerOptions: ProducerOptions = {
  acks: -1,
  lingerMs: 5,
  batchBytesMax: 1000,
  deliveryTimeoutMs: 20_000,
  requestTimeoutMs: 1000,
  retryBackoffMs: 100,
  bufferCountMax: 10_000,
  isIdempotent: true,
};

export const consumerOptions: FetcherOptions = {
  autoOffsetReset: 'earliest',
  fetchWaitMsMax: 200,
  fetchBytesMax: 1 << 20,
  partitionBytesMax: 1 << 18,
  requestTimeoutMs: 1000,
  retryBackoffMs: 100,
  bufferedCountMax: 4,
};

export const groupOptions: GroupOptions = {
  group: 'g',
  sessionTimeoutMs: 3000,
  rebalanceTimeoutMs: 5000,
  heartbeatMs: 300,
  requestTimeoutMs: 1000,
  retryBackoffMs: 100,
};

interface FakeLink {
  readonly broker: number;
  isOpen: boolean;
  /** A connection keeps the order both ways. */
  arrivesMs: number;
  answersMs: number;
}

/** What a network does to one message: the delay in ms, and whether the connection is cut instead or afterwards. */
export interface Weather {
  readonly delayMs: () => number;
  readonly cutsBefore: () => boolean;
  readonly cutsAfter: () => boolean;
  readonly doubles: () => boolean;
}

export const fairWeather: Weather = {
  delayMs: () => 1,
  cutsBefore: () => false,
  cutsAfter: () => false,
  doubles: () => false,
};

/** A client's machine in virtual time, its requests going through the real codec to a fake cluster. */
export class FakeClient {
  readonly events: ClientEffect[] = [];
  /** Every delay that the machine's timer was set to. */
  readonly timers: number[] = [];
  stepCount = 0;
  weather: Weather = fairWeather;
  readonly links = new Map<number, FakeLink>();
  private readonly cluster: FakeCluster;
  private readonly client: Client;
  private timerTurn = 0;
  private tokenNext = 1;

  constructor(cluster: FakeCluster, config: Partial<ClientConfig>) {
    this.cluster = cluster;
    this.client = new Client(
      {
        bootstrap: cluster.brokerIds.map((id) => ({ host: `b${id}`, port: 9092 })),
        requestTimeoutMs: 1000,
        producer: undefined,
        consumer: undefined,
        group: undefined,
        ...config,
      },
      new Prng(cluster.world.prng.below(1 << 30)),
    );
  }

  feed(input: ClientInput): void {
    const effects: ClientEffect[] = [];
    this.stepCount++;
    this.client.step(input, this.cluster.world.nowMs, effects);
    for (const effect of effects) this.perform(effect);
  }

  /** @returns the token */
  produce(value: string, partition: number | undefined = 0, topic = 't'): number {
    const token = this.tokenNext++;
    const record = { topic, partition, key: null, value: utf8Encode(value), headers: [] };
    this.feed({ kind: 'produce', token, record: { ...record, timestampMs: 0 } });
    return token;
  }

  of<Kind extends ClientEffect['kind']>(kind: Kind): readonly Event<Kind>[] {
    return this.events.filter((event): event is Event<Kind> => event.kind === kind);
  }

  /** Whether a record's end was told. */
  hasEnded(token: number): boolean {
    return this.events.some(
      (event) =>
        (event.kind === 'delivered' || event.kind === 'notDelivered') && event.token === token,
    );
  }

  /** Ends connections to this broker, or all. */
  cut(broker?: number): void {
    for (const [id, link] of this.links) {
      if (broker === undefined || link.broker === broker) this.cutLink(id);
    }
  }

  cutLink(id: number): void {
    if (this.links.delete(id)) this.feed({ kind: 'linkClosed', link: id, reason: 'cut' });
  }

  private perform(effect: ClientEffect): void {
    const { world } = this.cluster;
    switch (effect.kind) {
      case 'openLink':
        this.open(effect);
        return;
      case 'closeLink':
        this.links.delete(effect.link);
        return;
      case 'sendRequest':
        this.send(effect);
        return;
      case 'setTimer': {
        const turn = ++this.timerTurn;
        this.timers.push(effect.delayMs);
        world.after(effect.delayMs, () => {
          if (turn === this.timerTurn) this.feed({ kind: 'timer' });
        });
        return;
      }
      default:
        this.events.push(effect);
    }
  }

  private open({ link: id, host }: Event<'openLink'>): void {
    const broker = Number(host.slice(1));
    const link = { broker, isOpen: false, arrivesMs: 0, answersMs: 0 };
    this.links.set(id, link);
    this.cluster.world.after(this.weather.delayMs(), () => {
      if (this.cluster.down.has(broker)) this.cutLink(id);
      else if (this.links.has(id)) {
        link.isOpen = true;
        this.feed({ kind: 'linkOpened', link: id });
      }
    });
  }

  private send(effect: SendEffect): void {
    const link = this.links.get(effect.link);
    if (link === undefined) return;
    const { world } = this.cluster;
    const bytes = Buffer.concat(
      encodeRequestFrame(
        effect.api,
        {
          apiVersion: effect.version,
          correlationId: effect.correlationId,
          clientId: 'test',
        },
        effect.body,
      ),
    );
    link.arrivesMs = Math.max(link.arrivesMs, world.nowMs + this.weather.delayMs());
    world.after(link.arrivesMs - world.nowMs, () => {
      this.arrive(effect, link, bytes);
    });
  }

  /** What was sent before a connection was given up may arrive all the same. */
  private arrive(
    { api, version, link: id, correlationId }: SendEffect,
    link: FakeLink,
    bytes: Uint8Array,
  ): void {
    if (this.weather.cutsBefore()) {
      this.cutLink(id);
      return;
    }
    const reader = new ByteReader(bytes, 4);
    decodeRequestHead(reader);
    const body = decodeRequest(api, version, reader);
    if (this.cluster.down.has(link.broker)) return;
    this.cluster.handle({ api, version, broker: link.broker, body }, (answer) => {
      this.answer({ id, link, api, version, correlationId }, answer);
    });
  }

  private answer(
    to: {
      readonly id: number;
      readonly link: FakeLink;
      readonly api: ApiName;
      readonly version: number;
      readonly correlationId: number;
    },
    answer: ResponseBody<ApiName>,
  ): void {
    const { world } = this.cluster;
    const { id, link, api, version: apiVersion, correlationId } = to;
    const frame = Buffer.concat(encodeResponseFrame(api, { apiVersion, correlationId }, answer));
    const reader = new ByteReader(frame, 4);
    decodeResponseHead(api, apiVersion, reader);
    const body = decodeResponse(api, apiVersion, reader);
    link.answersMs = Math.max(link.answersMs, world.nowMs + this.weather.delayMs());
    const isDouble = this.weather.doubles();
    world.after(link.answersMs - world.nowMs, () => {
      if (this.weather.cutsAfter()) this.cutLink(id);
      if (!this.links.has(id)) return;
      this.feed({ kind: 'response', link: id, correlationId, body });
      if (isDouble && this.links.has(id)) {
        this.feed({ kind: 'response', link: id, correlationId, body });
      }
    });
  }
}
