import { defined, Prng, TimerQueue } from '@zookafka/base';
import { type StoredSession } from '@zookafka/zookeeper-session';
import { type SessionId } from '@zookafka/zookeeper-wire';
import {
  type ControlPlaneEffect,
  type ControlPlaneInput,
  type IsrWanted,
  type TopicCreated,
  type TopicDeleted,
  type TopicWanted,
} from '../../src/core/controlPlane.ts';
import { controllerRules, type ControllerRules } from '../../src/core/controlPlane/elections.ts';
import { ZookeeperControlPlane } from '../../src/core/controlPlane/zookeeper/zookeeperControlPlane.ts';
import {
  type ZookeeperControlPlaneOptions,
  type ZookeeperTransportEffect,
  type ZookeeperTransportInput,
} from '../../src/core/controlPlane/zookeeper/zookeeperOptions.ts';
import {
  type MetadataDelta,
  type PartitionMetadata,
  type TopicMetadata,
} from '../../src/core/metadata.ts';
import { FakeEnsemble, type FakeConnection } from './fakeEnsemble.ts';

/** A trace with who told it and when. */
export interface Traced {
  readonly broker: number;
  readonly atMs: number;
  readonly event: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface WorldOptions {
  readonly seed?: number;
  readonly brokers?: number;
  readonly hasAddWatch?: boolean;
  readonly rules?: ControllerRules;
  readonly sessionTimeoutMs?: number;
  readonly rebalanceMs?: number;
  /** One way, drawn for each chunk between these. */
  readonly delayMs?: readonly [number, number];
  readonly plane?: Partial<ZookeeperControlPlaneOptions>;
}

interface Link {
  readonly number: number;
  readonly fake: FakeConnection;
  /** Bytes arrive in order: not before those that were sent before. */
  upMs: number;
  downMs: number;
  isCut: boolean;
}

/** One broker's process, its control plane alone. */
export class Host {
  readonly broker: number;
  stored: StoredSession | null = null;
  plane: ZookeeperControlPlane | null = null;
  /** Whether the process stands still: what happens to it waits. */
  isPaused = false;
  life = 0;
  link: Link | null = null;
  readonly timers = new Map<string, number>();
  waiting: (() => void)[] = [];
  brokerEpoch = -1;
  refusedBecause = '';
  isStopped = false;
  sessionsLost = 0;
  deltas: MetadataDelta[] = [];
  deletedIds: string[] = [];
  absentIds: string[] = [];
  wholeReads = 0;
  created = new Map<number, readonly TopicCreated[]>();
  deleted = new Map<number, readonly TopicDeleted[]>();
  producerIds: { first: number; count: number }[] = [];
  isrs: Extract<ControlPlaneEffect, { kind: 'isrAltered' }>[] = [];

  constructor(broker: number) {
    this.broker = broker;
  }

  get isUp(): boolean {
    return this.plane !== null;
  }

  get session(): SessionId {
    return (this.stored as StoredSession).sessionId;
  }

  state(topic: string, partition = 0): PartitionMetadata | undefined {
    return this.plane?.image.partition(topic, partition);
  }

  known(topic: string, partition = 0): PartitionMetadata {
    return defined(this.state(topic, partition), 'The broker knows the partition');
  }

  topic(name: string): TopicMetadata {
    return defined(this.plane?.image.topics.get(name), 'The broker knows the topic');
  }

  get states(): PartitionMetadata[] {
    return [...(this.plane?.image.topics.values() ?? [])]
      .flatMap(({ partitions }) => partitions)
      .filter((state) => state !== undefined);
  }

  learn(delta: MetadataDelta): void {
    this.deltas.push(delta);
    for (const { topicId } of delta.topicsDeleted ?? []) this.deletedIds.push(topicId);
    for (const { topicId } of delta.topicsAbsent ?? []) this.absentIds.push(topicId);
    if (delta.isWhole === true) this.wholeReads++;
  }
}

/** Brokers' control planes on a fake ensemble, in virtual time, every delay drawn from one seed. */
export class World {
  nowMs = 0;
  readonly prng: Prng;
  readonly ensemble = new FakeEnsemble();
  readonly hosts: Host[];
  readonly traces: Traced[] = [];
  readonly options: WorldOptions;
  events = 0;
  private readonly timers = new TimerQueue<number>();
  private readonly acts = new Map<number, () => void>();
  private actNext = 0;
  private tokenNext = 1;

  constructor(options: WorldOptions = {}) {
    this.options = options;
    this.prng = new Prng(options.seed ?? 1);
    const count = options.brokers ?? 3;
    this.hosts = Array.from({ length: count }, (_, index) => new Host(index + 1));
    this.every(this.ensemble.tickMs, () => {
      this.ensemble.tick(this.nowMs);
    });
  }

  host(broker: number): Host {
    return this.hosts[broker - 1] as Host;
  }

  get controller(): Host {
    const controller = this.hosts.find((host) => host.plane?.isController === true);
    return defined(controller, 'There is a controller');
  }

  otherThan(host: Host): Host {
    return defined(
      this.hosts.find((other) => other !== host),
      'There is another broker',
    );
  }

  every(periodMs: number, act: () => void): void {
    this.after(periodMs, () => {
      act();
      this.every(periodMs, act);
    });
  }

  after(delayMs: number, act: () => void): void {
    const id = this.actNext++;
    this.acts.set(id, act);
    this.timers.set(id, this.nowMs + delayMs);
  }

  run(durationMs: number): this {
    const endMs = this.nowMs + durationMs;
    for (;;) {
      const dueMs = this.timers.nextDueMs;
      if (dueMs === undefined || dueMs > endMs) break;
      this.nowMs = dueMs;
      const id = this.timers.takeDue(dueMs) as number;
      const act = this.acts.get(id);
      this.acts.delete(id);
      this.events++;
      act?.();
    }
    this.nowMs = endMs;
    return this;
  }

  /** Runs until `isDone`, at most for `limitMs`. */
  runUntil(isDone: () => boolean, limitMs = 60_000): boolean {
    const endMs = this.nowMs + limitMs;
    while (!isDone() && this.nowMs < endMs) this.run(5);
    return isDone();
  }

  startAll(): this {
    for (const host of this.hosts) this.start(host);
    return this;
  }

  start(host: Host, overrides: Partial<ZookeeperControlPlaneOptions> = {}): void {
    const { options } = this;
    host.life++;
    host.isStopped = false;
    host.brokerEpoch = -1;
    host.plane = new ZookeeperControlPlane({
      broker: host.broker,
      endpoints: [
        {
          listener: 'PLAINTEXT',
          host: '127.0.0.1',
          port: 9091 + host.broker,
          securityProtocol: 'PLAINTEXT',
        },
      ],
      rack: null,
      startedAtMs: 1_700_000_000_000,
      hosts: ['member'],
      chroot: '',
      sessionTimeoutMs: options.sessionTimeoutMs ?? 6000,
      tickMs: this.ensemble.tickMs,
      storedSession: host.stored,
      hasAddWatch: options.hasAddWatch ?? true,
      isUncleanAllowedByDefault: false,
      isTopicDeletionAllowed: true,
      partitionsDefault: 1,
      replicationFactorDefault: 1,
      rebalanceMs: options.rebalanceMs ?? 0,
      rules: options.rules ?? controllerRules,
      prng: this.prng.fork(),
      ...options.plane,
      ...overrides,
    });
    this.feed(host, { kind: 'start' });
  }

  /** kill -9: the process is gone; its session lasts until the ensemble ends it. */
  kill(host: Host): void {
    host.plane = null;
    host.life++;
    host.isPaused = false;
    host.waiting = [];
    host.timers.clear();
    this.cut(host);
  }

  /** The connection breaks: what is under way in either direction is lost. */
  cut(host: Host): void {
    const { link } = host;
    if (link === null || link.isCut) return;
    link.isCut = true;
    this.ensemble.disconnect(link.fake);
    this.later(host, 0, () => {
      this.session(host, { kind: 'disconnected', connection: link.number });
    });
  }

  /** A request reaches the ensemble, its answer does not reach the client. */
  cutAnswers(host: Host): void {
    const { link } = host;
    if (link === null) return;
    link.downMs = Number.MAX_SAFE_INTEGER;
    this.after(50, () => {
      if (host.link === link) this.cut(host);
    });
  }

  pause(host: Host): void {
    if (host.isUp) host.isPaused = true;
  }

  resume(host: Host): void {
    host.isPaused = false;
    const { waiting } = host;
    host.waiting = [];
    for (const act of waiting) act();
  }

  alterIsr(host: Host, wanted: IsrWanted): void {
    this.feed(host, { kind: 'alterIsr', ...wanted });
  }

  createTopics(host: Host, topics: readonly TopicWanted[], validateOnly = false): number {
    const token = this.tokenNext++;
    this.feed(host, { kind: 'createTopics', token, topics, validateOnly });
    return token;
  }

  createTopic(
    host: Host,
    name: string,
    assignment: TopicWanted['assignment'],
    configs: TopicWanted['configs'] = {},
  ): number {
    return this.createTopics(host, [
      { name, partitions: -1, replicationFactor: -1, assignment, configs },
    ]);
  }

  deleteTopic(host: Host, name: string): number {
    const token = this.tokenNext++;
    this.feed(host, { kind: 'deleteTopics', token, names: [name] });
    return token;
  }

  feed(host: Host, input: ControlPlaneInput): void {
    if (host.plane === null) return;
    const effects: ControlPlaneEffect[] = [];
    host.plane.step(input, this.nowMs, effects);
    for (const effect of effects) this.perform(host, effect);
  }

  traced(event: string, broker?: number): Traced[] {
    return this.traces.filter(
      (trace) => trace.event === event && (broker === undefined || trace.broker === broker),
    );
  }

  /** The state in the tree. */
  state(
    topic: string,
    partition = 0,
  ): { leader: number; leader_epoch: number; controller_epoch: number; isr: number[] } | undefined {
    return this.ensemble.tree.json(
      `/brokers/topics/${topic}/partitions/${partition}/state`,
    ) as never;
  }

  private perform(host: Host, effect: ControlPlaneEffect): void {
    switch (effect.kind) {
      case 'transport':
        this.performTransport(host, effect.effect as ZookeeperTransportEffect);
        return;
      case 'setTimer':
        this.setTimer(host, effect.timer, effect.delayMs);
        return;
      case 'cancelTimer':
        host.timers.delete(effect.timer);
        return;
      case 'registered':
        host.brokerEpoch = effect.brokerEpoch;
        return;
      case 'sessionLost':
        host.sessionsLost++;
        host.brokerEpoch = -1;
        return;
      case 'refused':
        host.refusedBecause = effect.reason;
        return;
      case 'metadataChanged':
        host.learn(effect.delta);
        return;
      case 'stopped':
        host.isStopped = true;
        return;
      case 'trace': {
        const { event, facts } = effect;
        this.traces.push({ broker: host.broker, atMs: this.nowMs, event, facts });
        return;
      }
      case 'producerIds':
        host.producerIds.push({ first: effect.first, count: effect.count });
        return;
      case 'isrAltered':
        host.isrs.push(effect);
        return;
      case 'topicsCreated':
        host.created.set(effect.token, effect.results);
        return;
      case 'topicsDeleted':
        host.deleted.set(effect.token, effect.results);
    }
  }

  private performTransport(host: Host, effect: ZookeeperTransportEffect): void {
    switch (effect.kind) {
      case 'connect':
        this.connect(host, effect.connection);
        return;
      case 'disconnect':
        if (host.link?.number === effect.connection) {
          host.link.isCut = true;
          this.ensemble.disconnect(host.link.fake);
        }
        return;
      case 'send': {
        const { link } = host;
        if (link?.number !== effect.connection || link.isCut) return;
        link.upMs = Math.max(link.upMs, this.nowMs + this.delay());
        this.after(link.upMs - this.nowMs, () => {
          if (link.fake.isOpen) this.ensemble.receive(link.fake, effect.bytes, this.nowMs);
        });
        return;
      }
      case 'persistSession':
        host.stored = effect.stored;
    }
  }

  private connect(host: Host, number: number): void {
    const fake = this.ensemble.connect(
      (bytes) => {
        if (link.downMs === Number.MAX_SAFE_INTEGER) return;
        link.downMs = Math.max(link.downMs, this.nowMs + this.delay());
        this.later(host, link.downMs - this.nowMs, () => {
          if (!link.isCut) this.session(host, { kind: 'received', connection: number, bytes });
        });
      },
      () => {
        const downMs = link.downMs === Number.MAX_SAFE_INTEGER ? this.nowMs : link.downMs;
        link.downMs = Math.max(downMs, this.nowMs + this.delay());
        this.later(host, link.downMs - this.nowMs, () => {
          if (!link.isCut) this.session(host, { kind: 'disconnected', connection: number });
          link.isCut = true;
        });
      },
    );
    const link: Link = { number, fake, upMs: this.nowMs, downMs: this.nowMs, isCut: false };
    host.link = link;
    this.later(host, this.delay(), () => {
      this.session(host, { kind: 'connected', connection: number });
    });
  }

  private session(host: Host, input: ZookeeperTransportInput): void {
    this.feed(host, { kind: 'transport', input });
  }

  private setTimer(host: Host, timer: string, delayMs: number): void {
    const mark = this.actNext;
    host.timers.set(timer, mark);
    this.later(host, delayMs, () => {
      if (host.timers.get(timer) !== mark) return;
      host.timers.delete(timer);
      this.feed(host, { kind: 'timer', timer });
    });
  }

  /** To this life of the process: when it stands still, once it goes on. */
  private later(host: Host, delayMs: number, act: () => void): void {
    const { life } = host;
    this.after(delayMs, () => {
      if (host.life !== life) return;
      if (host.isPaused) host.waiting.push(act);
      else act();
    });
  }

  private delay(): number {
    const [min, max] = this.options.delayMs ?? [1, 2];
    return this.prng.between(min, max);
  }
}
