import { randomUUID } from 'node:crypto';
import { type EventLog, type Log, MachineDriver, processClock } from '@zookafka/runtime';
import { Member, type MemberEffect, type MemberInput, type MemberTimer } from '../core/index.ts';
import { ClientPort } from './clientPort.ts';
import { type CoordinatorConfiguration } from './configuration.ts';
import { LearnerNetwork } from './learnerNetwork.ts';
import { memberConfigOf } from './memberConfig.ts';
import { type PeerIdentity, type PeerLinkContext } from './peerLinks.ts';
import { Ports } from './ports.ts';
import { Storage } from './storage.ts';
import { VoteNetwork } from './voteNetwork.ts';

/** What a coordinator is told beside its configuration. */
export interface CoordinatorOptions {
  readonly configuration: CoordinatorConfiguration;
  readonly log: Log;
  readonly events: EventLog;
  /** The disk failed, or the member found a bug in itself: it has stopped, and the process must. */
  readonly onFailed: (error: unknown) => void;
  /** A database that would grow beyond this fails, as a full disk does. */
  readonly databaseBytesMax?: number;
}

type MemberShellEffect = Exclude<MemberEffect, { readonly kind: 'setTimer' | 'cancelTimer' }>;
type RarerEffect = Extract<
  MemberEffect,
  {
    readonly kind:
      'openLink' | 'closeLink' | 'sendNotification' | 'wantContinue' | 'role' | 'trace';
  }
>;
type MemberDriver = MachineDriver<MemberInput, MemberEffect, MemberTimer>;

/** A snapshot's next slice waits while a learner has so much unread, in bytes. */
const snapshotBacklogBytesMax = 8 << 20;
const snapshotRetryMs = 5;
/** What happens to each session and client: too much for the log, and told to whoever asks for it. */
const quietEvents: readonly string[] = ['sessionCreated', 'sessionClosed', 'ephemeralDeleted'];

/**
 * One member of the ensemble: its machine, its ports, its store. The shell decodes and performs; it decides nothing
 * and never waits.
 */
export class Coordinator {
  private readonly options: CoordinatorOptions;
  private readonly identity: PeerIdentity;
  private readonly storage: Storage;
  private readonly driver: MemberDriver;
  private readonly clients: ClientPort;
  private readonly votes: VoteNetwork;
  private readonly learners: LearnerNetwork;
  private readonly ports: Ports;
  private isStopped = false;

  private constructor(options: CoordinatorOptions, storage: Storage) {
    const { configuration, log } = options;
    const { serverId, peers } = configuration;
    const { meta, snapshot, log: entries } = storage.store.recovered;
    this.options = options;
    this.storage = storage;
    this.identity = {
      serverId,
      ensembleId: meta.ensembleId,
      isStored: meta.ensembleId !== null,
    };
    this.driver = this.makeDriver(
      new Member({
        config: memberConfigOf(configuration, meta.ensembleId),
        recovered: { ...meta, snapshotZxid: snapshot?.zxid ?? 0, log: entries },
        tree: storage.loadTree(),
      }),
    );
    const submit = (input: MemberInput): void => {
      this.driver.submit(input);
    };
    this.clients = new ClientPort({
      frameBytesMax: configuration.juteMaxBuffer,
      connectionsPerAddressMax: configuration.connectionsPerAddressMax,
      submit,
      wallMs: () => processClock.wallMs(),
      onRefused: (address, reason) => {
        log.warn('A client was cut off', { address, reason });
      },
    });
    const context = this.peerContext();
    this.votes = new VoteNetwork({ context, peers, submit });
    this.learners = new LearnerNetwork({ context, peers, submit });
    const { clients, votes, learners } = this;
    this.ports = new Ports({ configuration, log, clients, votes, learners });
  }

  /**
   * Recovers what the disk holds, listens, and takes part.
   *
   * @throws {StoreError | FolderError | StorageError | PortError} when the folder or a port cannot be used
   */
  static async start(options: CoordinatorOptions): Promise<Coordinator> {
    const { configuration, databaseBytesMax } = options;
    const holder: { coordinator?: Coordinator } = {};
    const storage = await Storage.open({
      folder: configuration.dataDir,
      serverId: configuration.serverId,
      mode: configuration.storeMode,
      snapshotCountKept: configuration.snapshotCountKept,
      ...(databaseBytesMax === undefined ? {} : { databaseBytesMax }),
      submit: (input) => holder.coordinator?.driver.submit(input),
      onFailed: (error) => holder.coordinator?.fail(error),
    });
    const damaged = storage.store.recovered.snapshotsDamaged;
    if (damaged.length > 0) options.log.warn('Damaged snapshots were passed over', { damaged });
    try {
      const coordinator = new Coordinator(options, storage);
      holder.coordinator = coordinator;
      await coordinator.ports.listen();
      coordinator.begin();
      return coordinator;
    } catch (error) {
      await holder.coordinator?.ports.stop();
      await storage.store.close();
      throw error;
    }
  }

  /** The port that clients connect to. */
  get clientPort(): number {
    return this.ports.clientPort;
  }

  /** Tells the peers, cuts the clients, and gives folder and ports back. */
  async stop(): Promise<void> {
    if (!this.isStopped) {
      this.driver.submit({ kind: 'stop' });
      this.driver.drainNow();
    }
    this.halt();
    await this.ports.stop();
    await this.storage.store.close();
  }

  private begin(): void {
    this.driver.submit({ kind: 'start', wallMs: processClock.wallMs() });
    this.votes.start();
  }

  private makeDriver(machine: Member): MemberDriver {
    return new MachineDriver({
      machine,
      timerInput: (timer) => ({ kind: 'timer', timer }),
      perform: (effects) => {
        for (const effect of effects) this.perform(effect);
        // Answers first: the commits that go to learners beside them are in nobody's way.
        this.clients.flush();
        this.learners.flush();
        this.votes.flush();
      },
      onCrash: (error) => {
        this.fail(error);
      },
    });
  }

  private perform(effect: MemberShellEffect): void {
    switch (effect.kind) {
      case 'connectResponse':
      case 'reply':
      case 'event':
      case 'adminReply':
      case 'closeConnection':
      case 'pauseConnection':
      case 'resumeConnection':
        this.clients.perform(effect);
        return;
      case 'send':
        this.learners.send(effect.link, effect.message);
        return;
      case 'openLink':
      case 'closeLink':
      case 'sendNotification':
      case 'wantContinue':
      case 'role':
      case 'trace':
        this.performRarer(effect);
        return;
      default:
        this.storage.perform(effect);
    }
  }

  private performRarer(effect: RarerEffect): void {
    switch (effect.kind) {
      case 'openLink':
        this.learners.open(effect.to);
        return;
      case 'closeLink':
        this.learners.close(effect.link);
        return;
      case 'sendNotification':
        this.votes.send(effect.to, effect.notification);
        return;
      case 'wantContinue':
        this.continueSoon();
        return;
      case 'role':
        if (effect.role === 'leading' && effect.serving) this.nameEnsemble();
        if (effect.role !== 'leading') this.forgetName();
        return;
      default:
        this.trace(effect);
    }
  }

  private trace({ event, facts }: Extract<MemberEffect, { kind: 'trace' }>): void {
    const { events, log } = this.options;
    events.record({ event, facts });
    if (!quietEvents.includes(event)) log.info(event, facts);
  }

  private continueSoon(): void {
    if (this.isStopped) return;
    const isFree = this.learners.bufferedBytesMax < snapshotBacklogBytesMax;
    if (isFree && !this.storage.store.isBackedUp) this.driver.submit({ kind: 'continue' });
    else {
      setTimeout(() => {
        this.continueSoon();
      }, snapshotRetryMs);
    }
  }

  /** The first leader gives the ensemble its name, and tells it to all that it has links with. */
  private nameEnsemble(): void {
    if (this.identity.ensembleId !== null) return;
    const ensembleId = randomUUID();
    if (this.options.configuration.peers.length === 1) this.adopt(ensembleId);
    this.identity.ensembleId = ensembleId;
    this.learners.sayHello();
    this.votes.sayHello();
  }

  /** A name that no peer heard: the next leader gives another. */
  private forgetName(): void {
    if (!this.identity.isStored) this.identity.ensembleId = null;
  }

  private adopt(ensembleId: string): void {
    this.identity.ensembleId = ensembleId;
    this.identity.isStored = true;
    this.storage.store.submit({ kind: 'setEnsembleId', ensembleId });
    this.trace({ kind: 'trace', event: 'ensembleAdopted', facts: { ensembleId } });
  }

  private peerContext(): PeerLinkContext {
    const { configuration, log } = this.options;
    return {
      identity: this.identity,
      serverIds: new Set(configuration.peers.map(({ serverId }) => serverId)),
      onAdopted: (ensembleId) => {
        this.adopt(ensembleId);
      },
      onRefused: (address, reason) => {
        log.warn('A peer was refused', { address, reason });
      },
    };
  }

  /** From here on nothing is acknowledged. */
  private fail(error: unknown): void {
    this.halt();
    this.options.onFailed(error);
  }

  private halt(): void {
    this.isStopped = true;
    this.driver.stop();
    this.clients.closeAll();
    this.learners.stop();
    this.votes.stop();
  }
}
