import { randomInt } from 'node:crypto';
import { CodedError, Prng, unreachable } from '@zookafka/base';
import { portableCodecs } from '@zookafka/kafka-wire';
import { FilePool, type LogResources, TailCache } from '@zookafka/partition-log';
import {
  type EventLog,
  loadCodecs,
  type Log,
  MachineDriver,
  type NativeCodecs,
  NodeFileSystem,
  processClock,
} from '@zookafka/runtime';
import {
  Broker,
  type BrokerConfig,
  type BrokerEffect,
  type BrokerInput,
  classicGroups,
  controllerRules,
  type StoredLog,
  ZookeeperControlPlane,
  type ZookeeperTransportEffect,
} from '../core/index.ts';
import { type BrokerConfiguration } from './configuration.ts';
import { LogFolders } from './logFolders.ts';
import { Logs } from './logs.ts';
import { LogUpkeep } from './logUpkeep.ts';
import { Peers } from './peers.ts';
import { ReadBuffers } from './readBuffers.ts';
import { RequestMemory } from './requestMemory.ts';
import { SessionFile } from './sessionFile.ts';
import { SessionTransport } from './sessionTransport.ts';
import { SocketServer } from './socketServer.ts';
import { ProduceJudge } from './verdicts.ts';

/** What a broker is told beside its configuration. */
export interface BrokerNodeOptions {
  readonly configuration: BrokerConfiguration;
  readonly log: Log;
  readonly events: EventLog;
  /** It is registered and answers requests. */
  readonly onReady: () => void;
  /** It cannot go on and has stopped: the process must, saying why. */
  readonly onFailed: (error: unknown) => void;
}

/** A broker that cannot be part of its cluster. */
export class BrokerError extends CodedError<{ readonly code: 'REFUSED' }> {
  override readonly name = 'BrokerError';
}

type ShellEffect = Exclude<BrokerEffect, { readonly kind: 'setTimer' | 'cancelTimer' }>;
type RarerEffect = Extract<
  ShellEffect,
  { readonly kind: 'transport' | 'ready' | 'fatal' | 'stopped' | 'trace' }
>;

interface BrokerNodeParts {
  readonly folders: LogFolders;
  readonly codecs: NativeCodecs;
  readonly readBuffers: ReadBuffers;
  readonly memory: RequestMemory;
}

/** Content of the indexes that open files hold in memory, in bytes. */
const indexBytesMax = 64 << 20;
const tailChunksMax = 65_536;

/**
 * One broker: its machine, its port, its logs, its connections to the ensemble and to other brokers. The shell
 * decodes and performs; it decides nothing and never waits.
 */
export class BrokerNode {
  private readonly options: BrokerNodeOptions;
  private readonly folders: LogFolders;
  private readonly judge: ProduceJudge;
  private readonly logs: Logs;
  private readonly upkeep: LogUpkeep;
  private readonly sockets: SocketServer;
  private readonly peers: Peers;
  private readonly transport: SessionTransport;
  private readonly sessionFile: SessionFile;
  private machine: Broker | undefined;
  private driver: MachineDriver<BrokerInput, BrokerEffect> | undefined;
  private isClusterKnown = false;
  private isFailed = false;
  private onStopped: (() => void) | undefined;

  private constructor(
    options: BrokerNodeOptions,
    { folders, codecs, readBuffers, memory }: BrokerNodeParts,
  ) {
    const { configuration, log } = options;
    const { core, zookeeper } = configuration;
    const submit = (input: BrokerInput): void => this.driver?.submit(input);
    const gather = (bring: () => void): void => this.driver?.gather(bring);
    this.options = options;
    this.folders = folders;
    const { messageBytesMaxOf, isCompacted } = this;
    this.judge = new ProduceJudge({ codecs, messageBytesMaxOf, isCompacted });
    this.logs = this.makeLogs(submit, memory);
    this.upkeep = this.makeUpkeep(submit);
    this.sockets = new SocketServer({
      listen: configuration.listen,
      settings: configuration.sockets,
      requestsInFlightMax: core.requestsInFlightMax,
      judge: this.judge,
      readBuffers,
      memory,
      clock: processClock,
      log,
      submit,
      gather,
    });
    const { brokerId } = core;
    const checksum = codecs.crc32c;
    this.peers = new Peers({ brokerId, checksum, clock: processClock, log, submit, gather });
    this.sessionFile = new SessionFile(configuration.logDirs[0] as string);
    this.transport = new SessionTransport({
      settings: zookeeper,
      file: this.sessionFile,
      log,
      submit: (input) => {
        submit({ kind: 'transport', input });
      },
    });
  }

  /**
   * Opens the logs, listens, and takes part: `onReady` tells when the cluster knows of it.
   *
   * @throws {FolderError | LogFolderError | LogError | ListenError} what a person can put right
   */
  static async start(options: BrokerNodeOptions): Promise<BrokerNode> {
    const { logDirs, logs: settings, core } = options.configuration;
    const codecs = await loadCodecs(portableCodecs);
    const readBuffers = new ReadBuffers();
    const memory = new RequestMemory();
    const resources: LogResources = {
      files: new NodeFileSystem((bytes) => readBuffers.take(bytes)),
      checksum: codecs.crc32c,
      pool: new FilePool({ countMax: settings.openFilesMax, bytesMax: indexBytesMax }),
      tailCache: new TailCache({
        bytesMax: settings.tailCacheBytes,
        countMax: tailChunksMax,
        onKept: (buffer) => {
          memory.hold(buffer);
        },
        onDropped: (buffer) => {
          memory.letGo(buffer);
        },
      }),
    };
    const { brokerId } = core;
    const folders = LogFolders.open({ paths: logDirs, brokerId, resources, settings });
    try {
      const node = new BrokerNode(options, { folders, codecs, readBuffers, memory });
      const stored = await node.openLogs();
      await node.sockets.listen();
      node.begin(stored);
      return node;
    } catch (error) {
      folders.release();
      throw error;
    }
  }

  /** The port that clients connect to. */
  get port(): number {
    return this.sockets.port;
  }

  /** Gives away what it leads, leaves the cluster, and closes its logs. */
  async stop(): Promise<void> {
    if (!this.isFailed) await this.stopMachine();
    await this.halt();
    if (!this.isFailed) this.folders.close();
  }

  private async openLogs(): Promise<readonly StoredLog[]> {
    const { log, events } = this.options;
    const stored = await this.logs.open((id, { cut }) => {
      const facts = { ...id, ...cut };
      events.record({ event: 'logCut', facts });
      if (cut?.wasFlushed === true) log.error('A log was damaged after it was synced', facts);
      else log.warn('The torn end of a log was cut off', facts);
    });
    for (const warning of this.folders.warnings) log.warn('A file is rebuilt', { warning });
    return stored;
  }

  private begin(logs: readonly StoredLog[]): void {
    const machine = this.makeMachine();
    this.machine = machine;
    this.driver = new MachineDriver<BrokerInput, BrokerEffect>({
      machine,
      timerInput: (timer) => ({ kind: 'timer', timer, wallMs: processClock.wallMs() }),
      perform: (effects) => {
        this.performAll(effects);
      },
      onCrash: (error) => {
        this.fail(error);
      },
    });
    this.upkeep.start();
    this.driver.submit({ kind: 'start', logs, wallMs: processClock.wallMs() });
  }

  private makeMachine(): Broker {
    const { core, advertised, zookeeper, controller } = this.options.configuration;
    const { host } = advertised;
    const port = advertised.port === 0 ? this.sockets.port : advertised.port;
    const config: BrokerConfig = { ...core, host, port };
    const controlPlane = new ZookeeperControlPlane({
      broker: core.brokerId,
      endpoints: [{ listener: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', host, port }],
      rack: core.rack,
      startedAtMs: processClock.wallMs(),
      hosts: zookeeper.hosts,
      chroot: zookeeper.chroot,
      sessionTimeoutMs: zookeeper.sessionTimeoutMs,
      tickMs: zookeeper.tickMs,
      storedSession: this.sessionFile.read(),
      hasAddWatch: zookeeper.hasAddWatch,
      isUncleanAllowedByDefault: controller.isUncleanAllowed,
      isTopicDeletionAllowed: core.deleteTopics,
      partitionsDefault: core.numPartitions,
      replicationFactorDefault: core.defaultReplicationFactor,
      rebalanceMs: controller.rebalanceMs,
      rules: controllerRules,
      prng: new Prng(randomInt(2 ** 32)),
    });
    const prng = new Prng(randomInt(2 ** 32));
    return new Broker({ config, controlPlane, prng, groups: classicGroups() });
  }

  private makeLogs(submit: (input: BrokerInput) => void, memory: RequestMemory): Logs {
    return new Logs({
      folders: this.folders,
      settings: this.options.configuration.logs,
      tailCache: this.folders.tailCache,
      decompress: (batchBytes, records) => this.judge.decompressBatch(batchBytes, records),
      submit,
      lend: (chunk) => memory.lend(chunk),
      onFlushDue: (open) => {
        this.upkeep.onFlushDue(open);
      },
      onRetired: () => {
        this.upkeep.onRetired();
      },
      onReadFailed: ({ id }, error) => {
        this.options.log.error('A log cannot be read', { ...id, error });
      },
    });
  }

  private makeUpkeep(submit: (input: BrokerInput) => void): LogUpkeep {
    const { logs, core } = this.options.configuration;
    return new LogUpkeep({
      folders: this.folders,
      logs: this.logs,
      settings: logs,
      producerExpirationMs: core.producerIdExpirationMs,
      submit,
      wallMs: () => processClock.wallMs(),
      onFailed: (error) => {
        this.fail(error);
      },
      onRemoved: (id, segments) => {
        this.options.log.info('Old segments were removed', { ...id, segments });
      },
    });
  }

  private performAll(effects: readonly ShellEffect[]): void {
    this.learnCluster();
    this.sockets.onStepped();
    for (const effect of effects) this.perform(effect);
    this.logs.flush();
    this.peers.onTurnOver();
    this.sockets.onTurnOver();
  }

  private perform(effect: ShellEffect): void {
    switch (effect.kind) {
      case 'respond':
      case 'noResponse':
      case 'closeConnection':
        this.sockets.perform(effect);
        return;
      case 'sendPeer':
      case 'closePeer':
        this.peers.perform(effect);
        return;
      case 'transport':
      case 'ready':
      case 'fatal':
      case 'stopped':
      case 'trace':
        this.performRarer(effect);
        return;
      default:
        this.logs.perform(effect);
    }
  }

  private performRarer(effect: RarerEffect): void {
    const { events, log, onReady } = this.options;
    switch (effect.kind) {
      case 'transport':
        // The control plane is ours, and so is what it asks of its connection.
        this.transport.perform(effect.effect as ZookeeperTransportEffect);
        return;
      case 'ready':
        events.record({ event: 'ready', facts: { brokerEpoch: effect.brokerEpoch } });
        onReady();
        return;
      case 'fatal':
        this.fail(new BrokerError({ code: 'REFUSED' }, `Cannot go on: ${effect.reason}`));
        return;
      case 'stopped':
        this.onStopped?.();
        return;
      case 'trace':
        events.record(effect);
        log.info(effect.event, effect.facts);
        return;
      default:
        unreachable(effect);
    }
  }

  private learnCluster(): void {
    if (this.isClusterKnown) return;
    const clusterId = this.machine?.image.clusterId ?? '';
    if (clusterId === '') return;
    this.logs.claim(clusterId);
    this.isClusterKnown = true;
  }

  private readonly messageBytesMaxOf = (topic: string): number => {
    const own = this.machine?.image.topics.get(topic)?.config['max.message.bytes'];
    const value = Number(own);
    const { messageMaxBytes } = this.options.configuration.core;
    return own === undefined || !Number.isFinite(value) ? messageMaxBytes : value;
  };

  private readonly isCompacted = (topic: string): boolean => {
    const policy = this.machine?.image.topics.get(topic)?.config['cleanup.policy'];
    return policy?.includes('compact') ?? false;
  };

  private async stopMachine(): Promise<void> {
    const { stopMsMax } = this.options.configuration;
    await new Promise<void>((resolve) => {
      const timeout = setTimeout(() => {
        this.options.log.warn('The cluster did not let go in time', { stopMsMax });
        resolve();
      }, stopMsMax);
      this.onStopped = () => {
        clearTimeout(timeout);
        resolve();
      };
      this.driver?.submit({ kind: 'stop' });
    });
  }

  /** From here on nothing is acknowledged. */
  private fail(error: unknown): void {
    if (this.isFailed) return;
    this.isFailed = true;
    void this.halt().finally(() => {
      this.folders.release();
    });
    this.options.onFailed(error);
  }

  private async halt(): Promise<void> {
    this.driver?.stop();
    this.peers.stop();
    this.transport.stop();
    await Promise.all([this.sockets.stop(), this.upkeep.stop()]);
  }
}
