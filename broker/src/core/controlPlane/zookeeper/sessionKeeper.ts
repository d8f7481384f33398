import { type Prng } from '@zookafka/base';
import {
  ZookeeperSession,
  type SessionEffect,
  type SessionInput,
  type SessionOptions,
  type SessionOutcome,
  type StateEffect,
  type StoredSession,
  type WatchEffect,
} from '@zookafka/zookeeper-session';
import {
  openAcl,
  sameSession,
  sessionIdText,
  type Request,
  type SessionId,
} from '@zookafka/zookeeper-wire';

/**
 * A broker tries another member after less than this: half of a fail-over of the ensemble would else be this wait,
 * which is up to a second in ZooKeeper's own client.
 */
const reconnectMsMax = 250;

/** Of requests that the keeper makes itself: nobody waits for what becomes of them. */
const ownToken = -1;

/** Effects of a session that only a shell can perform. */
export type SessionShellEffect = Extract<
  SessionEffect,
  {
    readonly kind: 'connect' | 'disconnect' | 'send' | 'setTimer' | 'cancelTimer' | 'trace';
  }
>;

/** What a session shell tells. */
export type SessionShellInput = Exclude<
  SessionInput,
  { readonly kind: 'start' | 'request' | 'addAuth' | 'close' }
>;

/** What the sessions of a broker are made of. */
export interface SessionKeeperOptions {
  readonly hosts: readonly string[];
  readonly timeoutMs: number;
  readonly chroot: string;
  readonly prng: Prng;
  /** What an earlier process of this broker kept, or null. */
  readonly stored: StoredSession | null;
}

/** Who hears of the sessions of a broker. */
export interface SessionListener {
  /** A connection is there, of a session that may be new. */
  onConnected(state: StateEffect): void;
  onDisconnected(): void;
  /** The ensemble has ended the session: nothing of it lasts. Another begins. */
  onExpired(): void;
  /** The session was closed as asked. */
  onClosed(): void;
  onReply(token: number, outcome: SessionOutcome): void;
  onEvent(event: WatchEffect): void;
  /** What the next process of this broker needs to take the session up. */
  onSessionToKeep(stored: StoredSession): void;
  onShellEffect(effect: SessionShellEffect): void;
  trace(event: string, facts: Readonly<Record<string, unknown>>): void;
}

/**
 * The sessions of one broker, one after the other: each is a machine of its own, because an expired one is for ever.
 *
 *     stored ──► reclaiming ──re-attached──► closing ──closed──► active ──expired──► active (another session) …
 *                    └──────────expired────────────────────────────┘
 *
 * A process that finds what an earlier one kept takes that session up only to close it: so its registration goes at
 * once, not after the timeout. Only the ensemble's word ends a session.
 */
export class SessionKeeper {
  private readonly options: SessionKeeperOptions;
  private readonly listener: SessionListener;
  private session: ZookeeperSession;
  private phase: 'reclaiming' | 'active' | 'stopping' | 'stopped';
  /** Connections of earlier machines: the shell sees numbers that are never used twice. */
  private connectionBase = 0;
  private connectionLast = 0;
  private isConnected = false;
  private isNextDue = false;
  private kept: SessionId | null = null;
  private before: SessionId | null;

  constructor(options: SessionKeeperOptions, listener: SessionListener) {
    this.options = options;
    this.listener = listener;
    this.phase = options.stored === null ? 'active' : 'reclaiming';
    this.before = options.stored?.sessionId ?? null;
    this.session = new ZookeeperSession(this.sessionOptions(options.stored));
  }

  /** The session that this broker held before this one, or null. */
  get sessionBefore(): SessionId | null {
    return this.before;
  }

  start(nowMs: number): void {
    this.step({ kind: 'start' }, nowMs);
  }

  /** Closes the session, and begins no other. */
  close(nowMs: number): void {
    if (this.phase === 'stopping' || this.phase === 'stopped') return;
    this.phase = 'stopping';
    this.step({ kind: 'close' }, nowMs);
  }

  request(token: number, request: Request, nowMs: number): void {
    // Only requests that a user of a session may make are made here.
    this.step({ kind: 'request', token, request } as SessionInput, nowMs);
  }

  /** Feeds what the shell tells: connections are those that it was told. */
  onShell(input: SessionShellInput, nowMs: number): void {
    if (!('connection' in input)) {
      this.step(input, nowMs);
      return;
    }
    const connection = input.connection - this.connectionBase;
    if (connection > 0) this.step({ ...input, connection }, nowMs);
  }

  private step(input: SessionInput, nowMs: number): void {
    const effects: SessionEffect[] = [];
    const { session } = this;
    session.step(input, nowMs, effects);
    for (const effect of effects) this.onEffect(session, effect, nowMs);
    if (this.isNextDue) this.startNext(nowMs);
  }

  /** Only when the machine before has said its last word: timers have the same names. */
  private startNext(nowMs: number): void {
    this.isNextDue = false;
    this.phase = 'active';
    this.connectionBase = this.connectionLast;
    this.session = new ZookeeperSession(this.sessionOptions(null));
    this.step({ kind: 'start' }, nowMs);
  }

  private onEffect(session: ZookeeperSession, effect: SessionEffect, nowMs: number): void {
    switch (effect.kind) {
      case 'reply':
        if (session === this.session && effect.token !== ownToken) {
          this.listener.onReply(effect.token, effect.outcome);
        }
        return;
      case 'event':
        if (session === this.session) this.listener.onEvent(effect);
        return;
      case 'state':
        if (session === this.session) this.onState(effect, nowMs);
        return;
      case 'connect':
      case 'disconnect':
      case 'send': {
        const connection = effect.connection + this.connectionBase;
        if (session === this.session) this.connectionLast = connection;
        this.listener.onShellEffect({ ...effect, connection });
        return;
      }
      default:
        this.listener.onShellEffect(effect);
    }
  }

  private onState(effect: StateEffect, nowMs: number): void {
    const { state, sessionId, timeoutMs } = effect;
    const isReclaiming = this.phase === 'reclaiming';
    this.listener.trace('sessionState', {
      state: isReclaiming && state === 'connected' ? 'reattached' : state,
      session: sessionIdText(sessionId),
      timeoutMs,
    });
    switch (state) {
      case 'connected':
        this.onConnected(effect, nowMs);
        return;
      case 'disconnected':
        this.lose();
        return;
      case 'expired':
      case 'closed':
      case 'authFailed':
        this.onOver(effect);
        return;
      default:
    }
  }

  private onConnected(effect: StateEffect, nowMs: number): void {
    if (this.phase === 'reclaiming') {
      this.step({ kind: 'close' }, nowMs);
      return;
    }
    this.isConnected = true;
    const { sessionId, password } = effect;
    if (this.kept === null || !sameSession(this.kept, sessionId)) {
      this.kept = sessionId;
      this.listener.onSessionToKeep({ sessionId, password, lastZxid: 0 });
      this.createChroot(nowMs);
    }
    this.listener.onConnected(effect);
  }

  /** As Kafka's brokers do. What comes behind it in the session's order finds it, or says that it is not there. */
  private createChroot(nowMs: number): void {
    const names = this.options.chroot.split('/').slice(1);
    for (let depth = 1; depth <= names.length; depth++) {
      const path = `/${names.slice(0, depth).join('/')}`;
      const request = { op: 'create', path, data: null, acl: openAcl, flags: 0 } as const;
      this.step({ kind: 'request', token: ownToken, request, isOutsideChroot: true }, nowMs);
    }
  }

  private onOver({ state, sessionId }: StateEffect): void {
    this.lose();
    if (this.phase === 'stopping') {
      this.phase = 'stopped';
      this.listener.onClosed();
      return;
    }
    if (this.phase === 'active') {
      this.before = sessionId;
      if (state === 'expired') this.listener.onExpired();
    }
    this.isNextDue = true;
  }

  private lose(): void {
    if (!this.isConnected) return;
    this.isConnected = false;
    this.listener.onDisconnected();
  }

  private sessionOptions(stored: StoredSession | null): SessionOptions {
    const { hosts, timeoutMs, chroot, prng } = this.options;
    const options = { hosts, timeoutMs, chroot, prng, reconnectMsMax };
    return stored === null ? options : { ...options, stored };
  }
}
