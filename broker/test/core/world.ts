import { bytesConcat, ByteReader, Prng, TimerQueue } from '@zookafka/base';
import {
  type ApiName,
  apiName,
  apis,
  decodeRequest,
  decodeResponse,
  decodeResponseHead,
  encodeRequestFrame,
  encodeResponseFrame,
  decodeRequestHead,
  type RequestBody,
  type RequestOf,
  type ResponseBody,
  type ResponseOf,
} from '@zookafka/kafka-wire';
import {
  Broker,
  brokerConfigDefaults,
  type BrokerConfig,
  type BrokerEffect,
  type BrokerEndpoint,
  type BrokerInput,
  brokerRules,
  type BrokerRules,
  gatherSlices,
  type GroupCoordinatorFactory,
  type IsrWanted,
  type MetadataDelta,
  type PartitionKey,
  type PartitionMetadata,
  type Replica,
  type StoredLog,
  type TopicWanted,
} from '@zookafka/broker/core';
import { verdictOf } from './batches.ts';
import { FakeControlPlane, type FakeNews } from './fakeControlPlane.ts';
import { SimulatedLog } from './simulatedLog.ts';

/** An answer that has come, or has not. */
export interface Answer<Name extends ApiName> {
  body: ResponseOf<Name> | undefined;
  isClosed: boolean;
  isSilent: boolean;
}

interface Connection {
  readonly broker: number;
  readonly onAnswer: (correlationId: number, body: Uint8Array) => void;
  readonly onSilent: (correlationId: number) => void;
  readonly onClosed: () => void;
}

interface Disk {
  readonly logs: Map<string, SimulatedLog & { key?: PartitionKey }>;
  readonly keys: Map<string, PartitionKey>;
  readonly highWatermarks: Map<string, number>;
}

interface Process {
  readonly broker: Broker;
  readonly timers: TimerQueue<string>;
  readonly incarnation: number;
}

/** What a world is made of. */
export interface WorldOptions {
  readonly seed?: number;
  readonly brokers?: number;
  readonly rules?: Partial<BrokerRules>;
  readonly config?: Partial<BrokerConfig>;
  /** The slowest message in ms; all take this long with seed 0. */
  readonly delayMsMax?: number;
  readonly groups?: (broker: number) => GroupCoordinatorFactory;
}

/** Three brokers, their disks and links in one thread; who leads is decided by hand. */
export class World {
  nowMs = 1000;
  readonly traces: { at: number; broker: number; event: string; facts: Record<string, unknown> }[] =
    [];
  readonly states = new Map<string, PartitionMetadata>();
  readonly processes = new Map<number, Process>();
  readonly registered = new Map<number, BrokerEndpoint>();
  readonly prng: Prng;
  onEvent: () => void = () => undefined;
  effectsSeen: { broker: number; effect: BrokerEffect }[] = [];
  private readonly options: WorldOptions;
  private readonly disks = new Map<number, Disk>();
  private readonly connections = new Map<number, Connection>();
  private readonly agenda = new TimerQueue<{ run: () => void }>();
  private readonly peerConnections = new Map<string, number>();
  private readonly cut = new Set<string>();
  /** Messages of one link keep their order. */
  private readonly lastAt = new Map<string, number>();
  private zxid = 100;
  private connectionLast = 0;
  private incarnationLast = 0;
  private topicIds = new Map<string, string>();
  private idLast = 0;

  constructor(options: WorldOptions = {}) {
    this.options = options;
    this.prng = new Prng(options.seed ?? 1);
    for (let id = 1; id <= (options.brokers ?? 3); id++) this.start(id);
    this.run(20);
  }

  // Processes

  /** @param registersAfterMs how long its control plane takes to register it */
  start(id: number, registersAfterMs = 5): void {
    const incarnation = ++this.incarnationLast;
    const disk = this.diskOf(id);
    const config: BrokerConfig = {
      ...brokerConfigDefaults,
      brokerId: id,
      host: `b${id}`,
      port: 9092,
      replicaFetchBackoffMs: 50,
      replicaLagTimeMaxMs: 3000,
      replicaSocketTimeoutMs: 1000,
      highWatermarkCheckpointMs: 1000,
      ...this.options.config,
    };
    const broker = new Broker({
      config,
      prng: this.prng.fork(),
      controlPlane: new FakeControlPlane(id, this),
      rules: { ...brokerRules, ...this.options.rules },
      ...(this.options.groups === undefined ? {} : { groups: this.options.groups(id) }),
    });
    this.processes.set(id, { broker, timers: new TimerQueue(), incarnation });
    const logs: StoredLog[] = [...disk.logs].map(([name, log]) => ({
      ...(disk.keys.get(name) as PartitionKey),
      log: log.describe(),
      highWatermark: disk.highWatermarks.get(name) ?? 0,
    }));
    this.feed(id, { kind: 'start', logs, wallMs: this.nowMs });
    this.later(registersAfterMs, () => {
      if (this.processes.get(id)?.incarnation === incarnation) this.register(id);
    });
  }

  kill(id: number): void {
    this.processes.delete(id);
    for (const [connection, { broker, onClosed }] of this.connections) {
      if (broker !== id) continue;
      this.connections.delete(connection);
      onClosed();
    }
    for (const key of [...this.peerConnections.keys()]) {
      const [from, to] = key.split('>').map(Number);
      if (from !== id && to !== id) continue;
      const connection = this.peerConnections.get(key) as number;
      this.peerConnections.delete(key);
      this.connections.delete(connection);
      if (from === id)
        this.later(1, () => {
          this.feed(to as number, { kind: 'connectionClosed', connection });
        });
    }
  }

  /** The registration of a dead broker goes, and everybody is told. */
  expire(id: number): void {
    this.registered.delete(id);
    this.tellAll({ brokersGone: [id] });
  }

  register(id: number): void {
    const epoch = ++this.zxid;
    const endpoint = { id, epoch, host: `b${id}`, port: 9092, rack: null };
    this.registered.set(id, endpoint);
    this.news(id, { news: 'registered', brokerEpoch: epoch });
    this.news(id, { news: 'delta', delta: this.wholeDelta() });
    this.tellAll({ brokers: [endpoint] });
  }

  /** Whether two brokers cannot reach each other. */
  setCut(left: number, right: number, isCut: boolean): void {
    for (const key of [`${left}>${right}`, `${right}>${left}`]) {
      if (isCut) this.cut.add(key);
      else this.cut.delete(key);
    }
  }

  isLinked(from: number, to: number): boolean {
    return !this.cut.has(`${from}>${to}`);
  }

  replica(id: number, topic = 't', partition = 0): Replica | undefined {
    return this.processes
      .get(id)
      ?.broker.replicas.find((one) => one.topic === topic && one.partition === partition);
  }

  log(id: number, topic = 't', partition = 0): SimulatedLog {
    const log = this.diskOf(id).logs.get(`${topic}-${partition}`);
    if (log === undefined) throw new Error(`broker ${id} has no log of ${topic}-${partition}`);
    return log;
  }

  diskLogs(id: number): ReadonlyMap<string, SimulatedLog> {
    return this.diskOf(id).logs;
  }

  // The cluster's decisions

  createTopic(
    topic: string,
    assignment: readonly (readonly number[])[],
    config: Record<string, string> = {},
  ): string {
    const topicId = `id${String(++this.idLast).padStart(2, '0')}AAAAAAAAAAAAAAAAAA`;
    this.topicIds.set(topic, topicId);
    const partitions = assignment.map((replicas, partition): PartitionMetadata => ({
      topic,
      topicId,
      partition,
      leader: replicas[0] as number,
      leaderEpoch: 0,
      partitionEpoch: 0,
      controllerEpoch: 1,
      replicas,
      isr: replicas,
      stateZxid: ++this.zxid,
    }));
    for (const state of partitions) this.states.set(`${topic}-${state.partition}`, state);
    this.configs.set(topic, config);
    this.tellAll({ topics: [{ name: topic, topicId, partitions, config }] });
    return topicId;
  }

  deleteTopic(topic: string): void {
    const topicId = this.topicIds.get(topic) as string;
    this.topicIds.delete(topic);
    for (const key of [...this.states.keys()]) {
      if (this.states.get(key)?.topic === topic) this.states.delete(key);
    }
    this.tellAll({ topicsDeleted: [{ name: topic, topicId }] });
  }

  /** The controller names a leader: the epoch rises. */
  elect(leader: number, isr?: readonly number[], topic = 't', partition = 0): void {
    const state = this.state(topic, partition);
    this.write({
      ...state,
      leader,
      leaderEpoch: state.leaderEpoch + 1,
      partitionEpoch: state.partitionEpoch + 1,
      isr: isr ?? state.isr,
      stateZxid: ++this.zxid,
    });
  }

  state(topic = 't', partition = 0): PartitionMetadata {
    return this.states.get(`${topic}-${partition}`) as PartitionMetadata;
  }

  write(given: PartitionMetadata): void {
    const state = { ...given, stateZxid: ++this.zxid };
    this.states.set(`${state.topic}-${state.partition}`, state);
    this.tellAll({ partitions: [state] });
  }

  alterIsr(broker: number, wanted: IsrWanted): void {
    this.later(this.delay(), () => {
      const state = this.states.get(`${wanted.topic}-${wanted.partition}`);
      const answer = (result: 'ok' | 'badVersion' | 'fenced', now?: PartitionMetadata): void => {
        this.news(broker, { news: 'isr', wanted, result, state: now });
      };
      if (state?.topicId !== wanted.topicId || state.leaderEpoch !== wanted.leaderEpoch) {
        answer('fenced');
      } else if (state.partitionEpoch !== wanted.partitionEpoch) {
        const isDone =
          state.partitionEpoch === wanted.partitionEpoch + 1 &&
          state.isr.join() === wanted.isr.join();
        answer(isDone ? 'ok' : 'badVersion', state);
      } else if (wanted.isr.some((id) => !state.isr.includes(id) && !this.registered.has(id))) {
        answer('badVersion', state);
      } else {
        const now = {
          ...state,
          isr: wanted.isr,
          partitionEpoch: state.partitionEpoch + 1,
          stateZxid: ++this.zxid,
        };
        this.write(now);
        answer('ok', now);
      }
    });
  }

  createTopics(broker: number, token: number, topics: readonly TopicWanted[]): void {
    const results = topics.map((wanted) => {
      const count = wanted.partitions === -1 ? 1 : wanted.partitions;
      const assignment = wanted.assignment ?? Array.from({ length: count }, () => [1, 2, 3]);
      const topicId = this.createTopic(wanted.name, assignment, { ...wanted.configs });
      const partitions = assignment.length;
      return {
        name: wanted.name,
        topicId,
        errorCode: 0,
        errorMessage: null,
        partitions,
        replicationFactor: 3,
      };
    });
    this.news(broker, { news: 'created', token, results });
  }

  deleteTopics(broker: number, token: number, names: readonly string[]): void {
    for (const name of names) this.deleteTopic(name);
    this.news(broker, { news: 'deleted', token, names });
  }

  tellAll(delta: MetadataDelta): void {
    for (const id of this.processes.keys()) this.news(id, { news: 'delta', delta });
  }

  // Clients

  /** A client's connection. */
  connect(broker: number): number {
    const connection = ++this.connectionLast;
    return this.open(connection, broker);
  }

  request<Name extends ApiName>(
    broker: number,
    api: Name,
    body: RequestBody<Name>,
    options: { version?: number; connection?: number } = {},
  ): Answer<Name> {
    const version = options.version ?? apis[api].versions.max;
    const connection = options.connection ?? this.connect(broker);
    const answer: Answer<Name> = { body: undefined, isClosed: false, isSilent: false };
    const correlationId = ++this.connectionLast;
    const known = this.answers.get(connection) ?? new Map<number, Answer<ApiName>>();
    known.set(correlationId, answer);
    this.answers.set(connection, known);
    this.versions.set(`${connection}/${correlationId}`, { api, version });
    this.sendRequest({ broker, connection, from: 0 }, api, { version, correlationId, body });
    return answer;
  }

  /** Sends a request and waits for its answer. */
  ask<Name extends ApiName>(
    broker: number,
    api: Name,
    body: RequestBody<Name>,
    options: { version?: number; connection?: number; waitMs?: number } = {},
  ): ResponseOf<Name> {
    const answer = this.request(broker, api, body, options);
    const endMs = this.nowMs + (options.waitMs ?? 5000);
    while (answer.body === undefined && !answer.isClosed && this.nowMs < endMs) this.tick();
    if (answer.body === undefined) throw new Error(`no answer to ${api}`);
    return answer.body;
  }

  /** Runs `act` inside a step of a broker, as its own parts are run. */
  within(id: number, act: () => void): void {
    this.acts.set(id, act);
    this.feed(id, { kind: 'transport', input: { news: 'act' } });
  }

  onAct(id: number): void {
    this.acts.get(id)?.();
    this.acts.delete(id);
  }

  // Time

  run(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const dueMs = this.nextDueMs();
      if (dueMs === undefined || dueMs > endMs) break;
      this.tick();
    }
    this.nowMs = endMs;
  }

  runUntil(isDone: () => boolean, msMax = 20_000): void {
    const endMs = this.nowMs + msMax;
    while (!isDone()) {
      if (this.nowMs >= endMs) throw new Error(`it did not happen within ${msMax} ms`);
      this.tick();
    }
  }

  later(ms: number, run: () => void): void {
    this.agenda.set({ run }, this.nowMs + ms);
  }

  private readonly acts = new Map<number, () => void>();
  private readonly configs = new Map<string, Record<string, string>>();
  private readonly answers = new Map<number, Map<number, Answer<ApiName>>>();
  private readonly versions = new Map<string, { api: ApiName; version: number }>();

  private nextDueMs(): number | undefined {
    let due = this.agenda.nextDueMs;
    for (const { timers } of this.processes.values()) {
      const next = timers.nextDueMs;
      if (next !== undefined && (due === undefined || next < due)) due = next;
    }
    return due;
  }

  private tick(): void {
    const dueMs = this.nextDueMs();
    if (dueMs === undefined) throw new Error('nothing is going to happen');
    this.nowMs = Math.max(this.nowMs, dueMs);
    const task = this.agenda.takeDue(this.nowMs);
    if (task !== undefined) task.run();
    else this.ringTimer();
    this.onEvent();
  }

  private ringTimer(): void {
    for (const [id, { timers }] of this.processes) {
      const timer = timers.takeDue(this.nowMs);
      if (timer === undefined) continue;
      this.feed(id, { kind: 'timer', timer, wallMs: this.nowMs });
      return;
    }
  }

  private open(connection: number, broker: number): number {
    const answers = new Map<number, Answer<ApiName>>();
    this.answers.set(connection, answers);
    this.connections.set(connection, {
      broker,
      onAnswer: (correlationId, frame) => {
        const { api, version } = this.versions.get(`${connection}/${correlationId}`) as {
          api: ApiName;
          version: number;
        };
        const reader = new ByteReader(frame.subarray(4));
        decodeResponseHead(api, version, reader);
        const answer = answers.get(correlationId);
        if (answer !== undefined) answer.body = decodeResponse(api, version, reader);
      },
      onSilent: (correlationId) => {
        const answer = answers.get(correlationId);
        if (answer !== undefined) answer.isSilent = true;
      },
      onClosed: () => {
        for (const answer of answers.values()) answer.isClosed = true;
      },
    });
    return connection;
  }

  private sendRequest<Name extends ApiName>(
    link: { broker: number; connection: number; from: number },
    api: Name,
    asked: { version: number; correlationId: number; body: RequestBody<Name> },
  ): void {
    const { version, correlationId, body } = asked;
    const head = { apiVersion: version, correlationId, clientId: 'test' };
    const frame = bytesConcat(encodeRequestFrame(api, head, body));
    this.ordered(`${link.from}>${link.broker}/${link.connection}`, () => {
      if (!this.connections.has(link.connection) || !this.isLinked(link.from, link.broker)) return;
      const reader = new ByteReader(frame.slice(4));
      decodeRequestHead(reader);
      const decoded = decodeRequest(api, version, reader);
      const verdicts =
        api === 'produce'
          ? (decoded as RequestOf<'produce'>).topicData.flatMap(({ partitionData }) =>
              partitionData.map(({ records }) => verdictOf(records)),
            )
          : [];
      this.feed(link.broker, {
        kind: 'request',
        connection: link.connection,
        correlationId,
        apiKey: apis[api].key,
        apiVersion: version,
        clientId: 'test',
        clientHost: '/127.0.0.1',
        body: decoded,
        wallMs: this.nowMs,
        verdicts,
      });
    });
  }

  private news(id: number, news: FakeNews): void {
    const incarnation = this.processes.get(id)?.incarnation;
    this.ordered(`ensemble>${id}`, () => {
      if (this.processes.get(id)?.incarnation !== incarnation) return;
      this.feed(id, { kind: 'transport', input: news });
    });
  }

  wholeDelta(): MetadataDelta {
    const topics = [...this.topicIds].map(([name, topicId]) => ({
      name,
      topicId,
      config: this.configs.get(name) ?? {},
      partitions: [...this.states.values()]
        .filter((state) => state.topic === name)
        .sort((left, right) => left.partition - right.partition),
    }));
    const brokers = [...this.registered.values()];
    return { clusterId: 'cluster', controllerId: 1, brokers, topics, isWhole: true };
  }

  private diskOf(id: number): Disk {
    let disk = this.disks.get(id);
    if (disk === undefined) {
      disk = { logs: new Map(), keys: new Map(), highWatermarks: new Map() };
      this.disks.set(id, disk);
    }
    return disk;
  }

  private delay(): number {
    const max = this.options.delayMsMax ?? 2;
    return this.options.seed === undefined ? 1 : this.prng.between(1, Math.max(1, max));
  }

  private ordered(link: string, run: () => void): void {
    const at = Math.max(this.nowMs + this.delay(), this.lastAt.get(link) ?? 0);
    this.lastAt.set(link, at);
    this.later(at - this.nowMs, run);
  }

  private feed(id: number, input: BrokerInput): void {
    const process = this.processes.get(id);
    if (process === undefined) return;
    const effects: BrokerEffect[] = [];
    process.broker.step(input, this.nowMs, effects);
    let appended = 0;
    const followUps: BrokerInput[] = [];
    for (const effect of effects) {
      this.effectsSeen.push({ broker: id, effect });
      if (effect.kind === 'appendLog') appended = effect.token;
      this.perform(id, process, { effect, followUps });
    }
    if (this.effectsSeen.length > 5000) this.effectsSeen = this.effectsSeen.slice(-1000);
    if (appended > 0) followUps.unshift({ kind: 'appended', token: appended });
    for (const followUp of followUps) this.feed(id, followUp);
  }

  private perform(
    id: number,
    process: Process,
    { effect, followUps }: { effect: BrokerEffect; followUps: BrokerInput[] },
  ): void {
    const disk = this.diskOf(id);
    const logOf = ({ topic, partition }: PartitionKey): SimulatedLog =>
      disk.logs.get(`${topic}-${partition}`) as SimulatedLog;
    switch (effect.kind) {
      case 'appendLog':
        logOf(effect).append(effect.chunks, effect);
        return;
      case 'readLog':
        followUps.push({
          kind: 'logRead',
          token: effect.token,
          slices: gatherSlices(effect, (wanted, limits) => logOf(wanted).read(wanted, limits)),
        });
        return;
      case 'createLog': {
        const name = `${effect.topic}-${effect.partition}`;
        const log = new SimulatedLog();
        disk.logs.set(name, log);
        disk.keys.set(name, effect);
        disk.highWatermarks.delete(name);
        followUps.push({ kind: 'logChanged', token: effect.token, log: log.describe() });
        return;
      }
      case 'truncateLog':
        followUps.push({
          kind: 'logChanged',
          token: effect.token,
          log: logOf(effect).truncate(effect.offset),
        });
        return;
      case 'restartLog':
        followUps.push({
          kind: 'logChanged',
          token: effect.token,
          log: logOf(effect).restart(effect.offset),
        });
        return;
      case 'advanceLogStart':
        logOf(effect).advanceStart(effect.offset);
        return;
      case 'assignEpoch':
        logOf(effect).assignEpoch(effect.epoch, effect.startOffset);
        return;
      case 'deleteLog':
      case 'markStray':
        disk.logs.delete(`${effect.topic}-${effect.partition}`);
        return;
      case 'checkpointHighWatermarks':
        for (const { topic, partition, highWatermark } of effect.moved) {
          disk.highWatermarks.set(`${topic}-${partition}`, highWatermark);
        }
        return;
      case 'findTimestamps':
        followUps.push({
          kind: 'timestampsFound',
          token: effect.token,
          found: effect.searches.map(() => ({ offset: 0, timestamp: 1 })),
        });
        return;
      case 'setTimer':
        process.timers.set(effect.timer, this.nowMs + Math.max(1, effect.delayMs));
        return;
      case 'cancelTimer':
        process.timers.cancel(effect.timer);
        return;
      case 'trace':
        this.traces.push({
          at: this.nowMs,
          broker: id,
          event: effect.event,
          facts: { ...effect.facts },
        });
        return;
      default:
        this.performLink(id, effect);
    }
  }

  private performLink(id: number, effect: BrokerEffect): void {
    switch (effect.kind) {
      case 'respond':
        this.respond(id, effect);
        return;
      case 'noResponse':
        this.connections.get(effect.connection)?.onSilent(effect.correlationId);
        return;
      case 'closeConnection': {
        const connection = this.connections.get(effect.connection);
        this.connections.delete(effect.connection);
        connection?.onClosed();
        return;
      }
      case 'sendPeer':
        this.sendPeer(id, effect);
        return;
      case 'closePeer':
        this.dropPeer(id, effect.broker);
        return;
      default:
    }
  }

  private respond(id: number, effect: Extract<BrokerEffect, { kind: 'respond' }>): void {
    const { connection, correlationId, apiKey, apiVersion, body } = effect;
    const known = apiName(apiKey) as ApiName;
    const head = { apiVersion, correlationId };
    const frame = bytesConcat(encodeResponseFrame(known, head, body as ResponseBody<ApiName>));
    const link = this.connections.get(connection);
    this.ordered(`${id}</${connection}`, () => {
      if (this.connections.get(connection) === link) link?.onAnswer(correlationId, frame);
    });
  }

  private sendPeer(id: number, effect: Extract<BrokerEffect, { kind: 'sendPeer' }>): void {
    const { broker, correlationId, apiKey, apiVersion, body } = effect;
    const key = `${id}>${broker}`;
    if (!this.processes.has(broker) || !this.isLinked(id, broker)) {
      this.dropPeer(id, broker);
      const incarnation = this.processes.get(id)?.incarnation;
      this.later(this.delay(), () => {
        if (this.processes.get(id)?.incarnation !== incarnation) return;
        this.feed(id, { kind: 'peerClosed', broker, reason: 'refused' });
      });
      return;
    }
    let connection = this.peerConnections.get(key);
    if (connection === undefined) {
      connection = this.openPeer(id, broker);
      this.peerConnections.set(key, connection);
    }
    const api = apiName(apiKey) as ApiName;
    this.versions.set(`${connection}/${correlationId}`, { api, version: apiVersion });
    this.sendRequest({ broker, connection, from: id }, api, {
      version: apiVersion,
      correlationId,
      body: body as RequestBody<ApiName>,
    });
  }

  private openPeer(id: number, broker: number): number {
    const connection = ++this.connectionLast;
    const incarnation = this.processes.get(id)?.incarnation;
    const isThere = (): boolean => this.processes.get(id)?.incarnation === incarnation;
    this.connections.set(connection, {
      broker,
      onAnswer: (correlationId, frame) => {
        const sent = this.versions.get(`${connection}/${correlationId}`);
        if (sent === undefined || !isThere() || !this.isLinked(broker, id)) return;
        const reader = new ByteReader(frame.subarray(4));
        decodeResponseHead(sent.api, sent.version, reader);
        const body = decodeResponse(sent.api, sent.version, reader);
        const wallMs = this.nowMs;
        this.feed(id, { kind: 'peerResponse', broker, correlationId, body, wallMs, corrupt: [] });
      },
      onSilent: () => undefined,
      onClosed: () => {
        this.peerConnections.delete(`${id}>${broker}`);
        this.later(this.delay(), () => {
          if (isThere()) this.feed(id, { kind: 'peerClosed', broker, reason: 'closed' });
        });
      },
    });
    return connection;
  }

  private dropPeer(id: number, broker: number): void {
    const key = `${id}>${broker}`;
    const connection = this.peerConnections.get(key);
    if (connection === undefined) return;
    this.peerConnections.delete(key);
    this.connections.delete(connection);
    this.later(this.delay(), () => {
      this.feed(broker, { kind: 'connectionClosed', connection });
    });
  }
}
