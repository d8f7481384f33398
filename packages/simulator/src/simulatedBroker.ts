import { ByteReader, bytesConcat, type Prng } from '@zookafka/base';
import {
  type BatchVerdict,
  Broker,
  brokerConfigDefaults,
  classicGroups,
  type BrokerEffect,
  type BrokerInput,
  type BrokerRules,
  type ControllerRules,
  ZookeeperControlPlane,
  type ZookeeperTransportEffect,
} from '@zookafka/broker/core';
import {
  type ApiName,
  apiName,
  decodeRequest,
  decodeRequestHead,
  decodeResponse,
  decodeResponseHead,
  encodeRequestFrame,
  encodeResponseFrame,
  isServed,
  judgeProduce,
  type RequestOf,
} from '@zookafka/kafka-wire';
import { type StoredSession } from '@zookafka/zookeeper-session';
import { type Network, type StreamEnd, type StreamPort } from './network.ts';
import { SessionTransport, type TransportInput } from './sessionTransport.ts';
import { type LogEffect, SimulatedLogs } from './simulatedLogs.ts';
import { type SimulatedMember } from './simulatedMember.ts';
import { SimulatedNode } from './simulatedNode.ts';
import { type World } from './world.ts';

/** Told what a broker does, as it does it. */
export interface BrokerObserver {
  onTrace(broker: SimulatedBroker, event: string, facts: Readonly<Record<string, unknown>>): void;
  onPowerCut(brokerId: number): void;
  afterStep(broker: SimulatedBroker): void;
}

/** What a simulated broker is made of. */
export interface SimulatedBrokerParts {
  readonly world: World;
  readonly network: Network;
  readonly brokerId: number;
  readonly members: () => readonly SimulatedMember[];
  readonly brokers: () => readonly SimulatedBroker[];
  readonly checks: BrokerObserver;
  readonly rules: BrokerRules;
  readonly controllerRules: ControllerRules;
}

interface Peer {
  port: StreamPort<Uint8Array> | undefined;
  readonly waiting: Uint8Array[];
  readonly asked: Map<number, { readonly api: ApiName; readonly version: number }>;
}

const lengthBytes = 4;
const sessionTimeoutMs = 4000;
const simulatedPort = 9092;
/** How often a power cut takes what a broker keeps of its session. */
const sessionLostPermille = 300;

/** A broker as a process: its machine, its logs on a simulated disk, its connections; all through the real codecs. */
export class SimulatedBroker extends SimulatedNode<BrokerInput, BrokerEffect> {
  readonly brokerId: number;
  readonly logs: SimulatedLogs;
  broker: Broker | undefined;
  /** Of its last registration in this life; -1: none yet. */
  brokerEpoch = -1;
  private readonly parts: SimulatedBrokerParts;
  private transport: SessionTransport | undefined;
  private readonly prng: Prng;
  private storedSession: StoredSession | null = null;
  private connections = new Map<number, StreamPort<Uint8Array>>();
  private peers = new Map<number, Peer>();
  private connectionNext = 1;

  constructor(parts: SimulatedBrokerParts) {
    super(parts.world, `broker-${parts.brokerId}`);
    this.parts = parts;
    this.brokerId = parts.brokerId;
    this.logs = new SimulatedLogs(parts.brokerId);
    this.prng = parts.world.chanceFor();
  }

  /** Whether it asked for another ISR, and has no answer yet. */
  get isProposing(): boolean {
    const replicas = this.broker?.replicas ?? [];
    return replicas.some(({ leadership }) => leadership?.isrProposed !== undefined);
  }

  start(): void {
    const { world, network, members, rules } = this.parts;
    const { life } = this;
    this.connections = new Map();
    this.peers = new Map();
    this.transport = new SessionTransport({
      network,
      owner: this,
      members,
      feed: (input: TransportInput) => {
        if (this.life === life + 1) this.feed({ kind: 'transport', input });
      },
    });
    const logs = this.logs.load();
    const brokerCount = this.parts.brokers().length;
    const config = {
      ...brokerConfigDefaults,
      brokerId: this.brokerId,
      host: this.name,
      port: simulatedPort,
      minInsyncReplicas: Math.min(2, Math.ceil(brokerCount / 2)),
      defaultReplicationFactor: Math.min(3, brokerCount),
      replicaLagTimeMaxMs: 3000,
      replicaFetchBackoffMs: 200,
      replicaSocketTimeoutMs: 3000,
      offsetsTopicPartitions: 1,
      offsetsTopicReplicationFactor: Math.min(3, brokerCount),
      groupMinSessionTimeoutMs: 1000,
      groupInitialRebalanceDelayMs: 300,
    };
    this.broker = new Broker({
      config,
      controlPlane: this.makeControlPlane(),
      prng: world.chanceFor(),
      groups: classicGroups(),
      rules,
    });
    this.begin(this.broker);
    this.feed({ kind: 'start', logs, wallMs: world.wallMs });
  }

  /** The process dies; the page cache stays. */
  kill(): void {
    this.end();
    this.broker = undefined;
    this.brokerEpoch = -1;
    this.logs.kill();
    this.parts.network.closeOf(this.name);
  }

  /** Its machine goes dark: a broker syncs little, so its logs may be shorter than what it acknowledged. */
  powerCut(): void {
    this.kill();
    this.logs.powerCut(this.prng);
    if (this.prng.chance(sessionLostPermille)) this.storedSession = null;
    this.parts.checks.onPowerCut(this.brokerId);
  }

  /** A client or another broker connects. */
  accept(port: StreamPort<Uint8Array>): StreamEnd<Uint8Array> | undefined {
    if (!this.isUp) return undefined;
    const id = this.connectionNext++;
    this.connections.set(id, port);
    const { life } = this;
    return {
      onMessage: (frame) => {
        if (life === this.life) this.onRequest(id, frame);
      },
      onClose: () => {
        this.connections.delete(id);
        if (life === this.life) this.feed({ kind: 'connectionClosed', connection: id });
      },
    };
  }

  protected timerInput(timer: string): BrokerInput {
    return { kind: 'timer', timer, wallMs: this.world.wallMs };
  }

  protected afterStep(): void {
    this.parts.checks.afterStep(this);
  }

  protected traced(event: string, facts: Readonly<Record<string, unknown>>): void {
    if (event === 'registered') this.brokerEpoch = facts['brokerEpoch'] as number;
    this.parts.checks.onTrace(this, event, facts);
  }

  protected perform(effect: BrokerEffect): void {
    switch (effect.kind) {
      case 'respond':
        this.respond(effect);
        return;
      case 'closeConnection':
        this.connections.get(effect.connection)?.close();
        this.connections.delete(effect.connection);
        return;
      case 'sendPeer':
        this.sendPeer(effect);
        return;
      case 'closePeer':
        this.peers.get(effect.broker)?.port?.close();
        this.peers.delete(effect.broker);
        return;
      case 'transport':
        this.performTransport(effect.effect as ZookeeperTransportEffect);
        return;
      case 'fatal':
        // The process stops itself; whoever watches over it starts it again.
        this.kill();
        this.world.after(1000, () => {
          if (!this.isUp) this.start();
        });
        return;
      case 'noResponse':
      case 'ready':
      case 'stopped':
      case 'setTimer':
      case 'cancelTimer':
      case 'trace':
        return;
      default:
        this.performLog(effect);
    }
  }

  private performLog(effect: LogEffect): void {
    this.logs.perform(effect, (input) => {
      // What the disk did is told in a later step, as a shell does.
      this.later(0, () => {
        this.feed(input);
      });
    });
  }

  private makeControlPlane(): ZookeeperControlPlane {
    const { members, controllerRules, world } = this.parts;
    const endpoint = { host: this.name, port: simulatedPort };
    return new ZookeeperControlPlane({
      broker: this.brokerId,
      endpoints: [{ listener: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', ...endpoint }],
      rack: null,
      startedAtMs: world.wallMs,
      hosts: members().map(({ name }) => name),
      chroot: '',
      sessionTimeoutMs,
      tickMs: 500,
      storedSession: this.storedSession,
      hasAddWatch: true,
      isUncleanAllowedByDefault: false,
      isTopicDeletionAllowed: true,
      partitionsDefault: 2,
      replicationFactorDefault: Math.min(3, this.parts.brokers().length),
      rebalanceMs: 20_000,
      rules: controllerRules,
      prng: world.chanceFor(),
    });
  }

  private performTransport(effect: ZookeeperTransportEffect): void {
    if (effect.kind === 'connect') this.transport?.connect(effect.connection, effect.host);
    else if (effect.kind === 'send') {
      this.transport?.send(effect.connection, effect.bytes);
    } else if (effect.kind === 'disconnect') this.transport?.disconnect(effect.connection);
    else this.storedSession = effect.stored;
  }

  private onRequest(connection: number, frame: Uint8Array): void {
    const reader = new ByteReader(frame, lengthBytes);
    const { apiKey, apiVersion, correlationId, clientId } = decodeRequestHead(reader);
    const name = apiName(apiKey);
    const isKnown = name !== undefined && isServed(name, apiVersion);
    const body = isKnown ? decodeRequest(name, apiVersion, reader) : null;
    this.feed({
      kind: 'request',
      connection,
      correlationId,
      apiKey,
      apiVersion,
      clientId,
      clientHost: '/127.0.0.1',
      body,
      wallMs: this.world.wallMs,
      ...(name === 'produce' && body !== null
        ? { verdicts: verdictsOf(body as RequestOf<'produce'>, apiVersion) }
        : {}),
    });
  }

  private respond(effect: Extract<BrokerEffect, { kind: 'respond' }>): void {
    const name = apiName(effect.apiKey);
    const port = this.connections.get(effect.connection);
    if (name === undefined || port === undefined) return;
    const chunks = encodeResponseFrame(name, effect, effect.body);
    port.send(bytesConcat(chunks).slice());
  }

  private sendPeer(effect: Extract<BrokerEffect, { kind: 'sendPeer' }>): void {
    const { broker, correlationId, apiKey, apiVersion, body } = effect;
    const api = apiName(apiKey);
    if (api === undefined) return;
    const head = { apiVersion, correlationId, clientId: this.name };
    const frame = bytesConcat(encodeRequestFrame(api, head, body)).slice();
    const peer = this.peers.get(broker) ?? this.openPeer(broker);
    peer.asked.set(correlationId, { api, version: apiVersion });
    if (peer.port === undefined) peer.waiting.push(frame);
    else peer.port.send(frame);
  }

  private openPeer(broker: number): Peer {
    const peer: Peer = { port: undefined, waiting: [], asked: new Map() };
    this.peers.set(broker, peer);
    const { life } = this;
    const target = this.parts.brokers().find(({ brokerId }) => brokerId === broker);
    const onClose = (): void => {
      if (life !== this.life || this.peers.get(broker) !== peer) return;
      this.peers.delete(broker);
      this.feed({ kind: 'peerClosed', broker, reason: 'closed' });
    };
    if (target === undefined) {
      this.later(1, onClose);
      return peer;
    }
    this.parts.network.open<Uint8Array>({
      from: this,
      to: target,
      end: {
        onMessage: (frame) => {
          if (life === this.life) this.onPeerAnswer(broker, peer, frame);
        },
        onClose,
      },
      accept: (port) => target.accept(port),
      onOpen: (port) => {
        peer.port = port;
        for (const frame of peer.waiting) port.send(frame);
        peer.waiting.length = 0;
      },
      onRefused: onClose,
    });
    return peer;
  }

  private onPeerAnswer(broker: number, peer: Peer, frame: Uint8Array): void {
    const correlationId = new ByteReader(frame, lengthBytes).int32();
    const asked = peer.asked.get(correlationId);
    if (asked === undefined) return;
    peer.asked.delete(correlationId);
    const reader = new ByteReader(frame, lengthBytes);
    decodeResponseHead(asked.api, asked.version, reader);
    const body = decodeResponse(asked.api, asked.version, reader);
    const { wallMs } = this.world;
    this.feed({ kind: 'peerResponse', broker, correlationId, body, wallMs, corrupt: [] });
  }
}

/** What a shell's native code finds out about each partition's records. */
function verdictsOf(
  { topicData }: RequestOf<'produce'>,
  apiVersion: number,
): readonly BatchVerdict[] {
  return topicData
    .flatMap(({ partitionData }) => partitionData)
    .map(({ records }) => {
      const judged = judgeProduce(records ?? new Uint8Array(0), {
        apiVersion,
        messageBytesMax: 1 << 20,
      });
      if (judged.kind === 'refused') return judged;
      const { head } = judged;
      return {
        kind: 'valid',
        bytes: head.size,
        lastOffsetDelta: head.lastOffsetDelta,
        producerId: head.producerId,
        producerEpoch: head.producerEpoch,
        baseSequence: head.baseSequence,
        isTransactional: false,
        maxTimestamp: head.maxTimestamp,
      };
    });
}
