import { type Prng } from '@zookafka/base';
import { type SessionId } from '@zookafka/zookeeper-wire';
import { type BrokerPayload } from './brokerPayload.ts';
import { campaign, type ControllerTerm } from './election.ts';
import {
  clusterIdOrDraw,
  createLastingZnodes,
  register,
  type Registration,
} from './registration.ts';
import { type Task } from './task.ts';
import { type TaskEnd, type TaskHandle, type TaskRunner } from './taskRunner.ts';

/** How long a broker waits before it tries again what the ensemble refused. */
const retryMs = 1000;

/** Who a broker is in the cluster. */
export interface MemberOptions {
  readonly broker: number;
  readonly payload: BrokerPayload;
  readonly isWatching: boolean;
  readonly sessionTimeoutMs: number;
  /** The ensemble's tick: a session lasts up to one longer than its timeout. */
  readonly tickMs: number;
  readonly prng: Prng;
}

/** What a member's life is connected to. */
export interface MemberPorts {
  readonly runner: TaskRunner;
  readonly nowMs: () => number;
  readonly sessionBefore: () => SessionId | null;
  readonly setTimer: (delayMs: number) => void;
  readonly trace: (event: string, facts: Readonly<Record<string, unknown>>) => void;
  readonly onRegistered: (brokerEpoch: number, clusterId: string) => void;
  /** The broker is registered, with this connection: the ensemble may be asked. */
  readonly onReady: () => void;
  readonly onRefused: (reason: string) => void;
  readonly onElected: (term: ControllerTerm) => void;
  readonly onNotElected: () => void;
}

interface Joined {
  readonly clusterId: string;
  readonly registration: Registration;
}

/**
 * A broker's way into the cluster, anew with each connection:
 *
 *     connected ──► joining ──registered──► campaigning ──► member
 *                    ▲   │ taken by another session               │ /controller gone
 *                    │   ▼                                        └──► campaigning
 *                   waiting ──timeout + one tick──► refused
 */
export class MemberLife {
  private readonly options: MemberOptions;
  private readonly ports: MemberPorts;
  private phase: 'away' | 'joining' | 'waiting' | 'campaigning' | 'member' | 'refused' = 'away';
  private session: SessionId | null = null;
  private task: TaskHandle | null = null;
  private brokerEpoch = -1;
  /** Until when a registration that another session holds is waited for. */
  private waitUntilMs: number | null = null;
  private isCampaignDue = false;

  constructor(options: MemberOptions, ports: MemberPorts) {
    this.options = options;
    this.ports = ports;
  }

  onConnected(session: SessionId): void {
    if (this.phase === 'refused') return;
    this.session = session;
    this.join();
  }

  onDisconnected(): void {
    this.task?.stop();
    this.task = null;
    if (this.phase !== 'refused') this.phase = 'away';
  }

  /** The broker's own znode changed: what a waiting broker waits for, or what a tool took from a registered one. */
  onOwnZnodeChanged(isGone: boolean): void {
    const isRegistered = this.phase === 'member' || this.phase === 'campaigning';
    if (this.phase === 'waiting' || (isGone && isRegistered)) this.join();
  }

  /** Nobody is controller. */
  onControllerGone(): void {
    if (this.phase === 'campaigning') this.isCampaignDue = true;
    if (this.phase === 'member') this.seekOffice();
  }

  onTimer(): void {
    if (this.phase === 'waiting') this.join();
    else if (this.phase === 'member' && this.isCampaignDue) this.seekOffice();
  }

  /** Another campaign, but not at once: the last term ended by a refusal. */
  seekOfficeLater(): void {
    this.isCampaignDue = true;
    this.ports.setTimer(retryMs);
  }

  private join(): void {
    this.phase = 'joining';
    this.task?.stop();
    this.task = this.ports.runner.run(this.joining(), (end) => {
      this.onJoinEnd(end);
    });
  }

  private *joining(): Task<Joined> {
    const { broker, payload, isWatching, prng } = this.options;
    yield* createLastingZnodes();
    const clusterId = yield* clusterIdOrDraw(prng);
    const session = this.session as SessionId;
    const sessionBefore = this.ports.sessionBefore();
    const registrant = { broker, payload, session, sessionBefore, isWatching };
    return { clusterId, registration: yield* register(registrant) };
  }

  private onJoinEnd(end: TaskEnd<Joined>): void {
    if (end.kind === 'lost') return;
    if (end.kind === 'failed') {
      this.wait(end.error.message);
      return;
    }
    const { clusterId, registration } = end.value;
    switch (registration.kind) {
      case 'registered':
        this.onRegistered(registration.brokerEpoch, clusterId);
        return;
      case 'taken':
        this.wait(`session ${registration.owner} holds the registration`);
        return;
      case 'clash': {
        const { broker, endpoint } = registration;
        this.wait(`broker ${broker} advertises ${endpoint.host}:${endpoint.port} too`);
        return;
      }
    }
  }

  private onRegistered(brokerEpoch: number, clusterId: string): void {
    this.waitUntilMs = null;
    if (brokerEpoch !== this.brokerEpoch) {
      this.brokerEpoch = brokerEpoch;
      this.ports.trace('registered', { brokerEpoch });
      this.ports.onRegistered(brokerEpoch, clusterId);
    }
    this.ports.onReady();
    this.seekOffice();
  }

  private wait(reason: string): void {
    const { sessionTimeoutMs, tickMs } = this.options;
    const nowMs = this.ports.nowMs();
    this.waitUntilMs ??= nowMs + sessionTimeoutMs + tickMs;
    const waitMs = this.waitUntilMs - nowMs;
    if (waitMs <= 0) {
      this.phase = 'refused';
      this.ports.trace('registrationRefused', { reason });
      this.ports.onRefused(reason);
      return;
    }
    this.phase = 'waiting';
    this.ports.trace('registrationWaiting', { reason, waitMs });
    this.ports.setTimer(Math.min(waitMs, retryMs));
  }

  private seekOffice(): void {
    this.phase = 'campaigning';
    this.isCampaignDue = false;
    const { broker, isWatching, payload } = this.options;
    const session = this.session as SessionId;
    const candidate = { broker, session, timestampMs: payload.timestampMs, isWatching };
    this.task = this.ports.runner.run(campaign(candidate), (end) => {
      this.onCampaignEnd(end);
    });
  }

  private onCampaignEnd(end: TaskEnd<ControllerTerm | null>): void {
    if (end.kind === 'lost') return;
    this.phase = 'member';
    if (end.kind === 'failed') {
      this.ports.trace('campaignFailed', { message: end.error.message });
      this.seekOfficeLater();
      return;
    }
    if (end.value === null) this.ports.onNotElected();
    else this.ports.onElected(end.value);
    if (this.isCampaignDue && end.value === null) this.seekOffice();
  }
}
