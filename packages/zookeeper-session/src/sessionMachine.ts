import { assert, ByteReader, ByteWriter, type Machine, unreachable } from '@zookafka/base';
import {
  type ConnectResponse,
  decodeConnectResponse,
  decodeResponse,
  errorCodes,
  eventName,
  FrameSplitter,
  JuteError,
  noSession,
  readRecord,
  type ReplyHeader,
  type Response,
  type SessionId,
  sessionIdText,
  specialXids,
  writeConnectRequestFrame,
} from '@zookafka/zookeeper-wire';
import { clientPath, clientResponse, serverRequest } from './chroot.ts';
import { FrameWriter } from './frameWriter.ts';
import { Heartbeat } from './heartbeat.ts';
import { refuse, RequestPipeline } from './requestPipeline.ts';
import {
  type SessionAuth,
  sessionDefaults,
  type SessionEffect,
  type SessionInput,
  type SessionOptions,
  type SessionOutcome,
  type SessionRequest,
  type SessionState,
  type StoredSession,
} from './types.ts';
import { WatchRegistry } from './watchRegistry.ts';

type Phase = 'idle' | 'connecting' | 'handshaking' | 'connected' | 'closing' | 'waiting' | 'over';

type Bounds = Readonly<Record<keyof typeof sessionDefaults, number>>;

/** How many identities a session may have. */
const authMax = 64;
const passwordBytes = 16;
const protocolVersion = 0;

/**
 * A client's half of a ZooKeeper session.
 *
 *     idle ─start─▶ connecting ─connected─▶ handshaking ─timeOut > 0─▶ connected ─close─▶ closing ─▶ over
 *                       ▲                        │                         │
 *                       └──reconnect── waiting ◀─┴──── cut, silent ────────┘     timeOut ≤ 0, auth refused ─▶ over
 *
 * Invariants: answers come in the order of the requests; a request is sent at most once, and when its answer is lost
 * its outcome is unknown; only a server's word ends the session as expired.
 * Source: the protocol of ZooKeeper's client; limits and choices: the README.
 */
export class ZookeeperSession implements Machine<SessionInput, SessionEffect> {
  private readonly options: SessionOptions;
  private readonly bounds: Bounds;
  private readonly chroot: string;
  private readonly hosts: readonly string[];
  private readonly auth: SessionAuth[];
  private readonly watches = new WatchRegistry();
  private readonly frames: FrameWriter;
  private readonly requests: RequestPipeline;

  private phase: Phase = 'idle';
  private endCode = 0;
  private connection = 0;
  private splitter = new FrameSplitter();
  private heartbeat = new Heartbeat(0, 0);
  private closeXid = 0;

  private sessionId: SessionId = noSession;
  private password: Uint8Array = new Uint8Array(passwordBytes);
  private timeoutMs: number;
  /** The greatest zxid that this client was shown: no server behind it may be used. */
  private lastZxidSeen = 0;
  /** That of the last answer. Events of one zxid may still be missing when the first of them came, so they count not. */
  private relativeZxid = 0;

  constructor(options: SessionOptions) {
    assert(options.hosts.length > 0, 'A session needs a host');
    assert(options.timeoutMs > 0, 'A session has a timeout', { timeoutMs: options.timeoutMs });
    this.options = options;
    this.bounds = boundsOf(options);
    this.chroot = options.chroot ?? '';
    this.hosts = shuffled(options);
    this.auth = [...(options.auth ?? [])];
    this.timeoutMs = options.timeoutMs;
    this.frames = new FrameWriter(this.bounds.requestBytesMax);
    this.requests = new RequestPipeline(this.bounds);
    if (options.stored !== undefined) {
      this.sessionId = options.stored.sessionId;
      this.password = options.stored.password;
      this.lastZxidSeen = options.stored.lastZxid;
    }
  }

  /** What an earlier process would have to keep to take the session up again. */
  get stored(): StoredSession {
    return { sessionId: this.sessionId, password: this.password, lastZxid: this.lastZxidSeen };
  }

  step(input: SessionInput, nowMs: number, effects: SessionEffect[]): void {
    switch (input.kind) {
      case 'start':
        if (this.phase === 'idle') this.connect(effects);
        return;
      case 'connected':
        if (this.isCurrent(input.connection)) this.onConnected(effects);
        return;
      case 'received':
        if (this.isCurrent(input.connection)) this.onReceived(input.bytes, nowMs, effects);
        return;
      case 'disconnected':
        if (this.isCurrent(input.connection)) this.onCut('closed by the other side', effects);
        return;
      case 'timer':
        this.onTimer(input.timer, nowMs, effects);
        return;
      case 'request':
        this.onRequest(input, nowMs, effects);
        return;
      case 'addAuth':
        this.onAuth(input.auth, nowMs, effects);
        return;
      case 'close':
        this.onClose(nowMs, effects);
        return;
      default:
        unreachable(input);
    }
  }

  private isCurrent(connection: number): boolean {
    if (connection !== this.connection) return false;
    return this.phase !== 'idle' && this.phase !== 'waiting' && this.phase !== 'over';
  }

  private connect(effects: SessionEffect[]): void {
    const host = this.hosts[this.connection % this.hosts.length] as string;
    this.connection++;
    this.phase = 'connecting';
    this.state('connecting', effects);
    effects.push({ kind: 'connect', connection: this.connection, host });
    this.setConnectTimer(effects);
  }

  private setConnectTimer(effects: SessionEffect[]): void {
    const delayMs = Math.max(1, Math.floor(this.options.timeoutMs / this.hosts.length));
    effects.push({ kind: 'setTimer', timer: 'connect', delayMs });
  }

  private onConnected(effects: SessionEffect[]): void {
    if (this.phase !== 'connecting') return;
    this.phase = 'handshaking';
    this.splitter = new FrameSplitter(this.bounds.replyBytesMax);
    const writer = new ByteWriter(64);
    writeConnectRequestFrame(writer, {
      protocolVersion,
      lastZxidSeen: this.lastZxidSeen,
      timeOut: this.options.timeoutMs,
      sessionId: this.sessionId,
      passwd: this.password,
      readOnly: false,
    });
    effects.push({ kind: 'send', connection: this.connection, bytes: writer.finish() });
    this.setConnectTimer(effects);
  }

  private onReceived(bytes: Uint8Array, nowMs: number, effects: SessionEffect[]): void {
    const { connection } = this;
    this.heartbeat.heard(nowMs);
    const frames: Uint8Array[] = [];
    // A frame that is too long does not undo those before it.
    const streamFault = faultOf(() => {
      this.splitter.push(bytes, frames);
    });
    const frameFault = faultOf(() => {
      for (const frame of frames) {
        if (this.isCurrent(connection)) this.onFrame(frame, nowMs, effects);
      }
    });
    const fault = frameFault ?? streamFault;
    if (fault !== undefined && this.isCurrent(connection)) this.cut(fault.message, effects);
    if (this.phase === 'connected') this.sendWaiting(nowMs, effects);
  }

  private onFrame(frame: Uint8Array, nowMs: number, effects: SessionEffect[]): void {
    if (this.phase === 'connecting') {
      this.cut('the server spoke first', effects);
      return;
    }
    if (this.phase === 'handshaking') {
      this.onConnectResponse(decodeConnectResponse(frame), nowMs, effects);
      return;
    }
    const reader = new ByteReader(frame);
    const header = readRecord(reader, 'ReplyHeader');
    switch (header.xid) {
      case specialXids.notification:
        this.onNotification(reader, header.zxid, effects);
        return;
      case specialXids.ping:
      case specialXids.setWatches:
        return;
      case specialXids.auth:
        if (header.err !== 0) this.onAuthFailed(effects);
        return;
      default:
        this.onReply(header, reader, effects);
    }
  }

  private onConnectResponse(
    response: ConnectResponse,
    nowMs: number,
    effects: SessionEffect[],
  ): void {
    effects.push({ kind: 'cancelTimer', timer: 'connect' });
    if (response.timeOut <= 0) {
      effects.push({ kind: 'disconnect', connection: this.connection });
      this.end('expired', errorCodes.SessionExpired, effects);
      return;
    }
    this.phase = 'connected';
    this.sessionId = response.sessionId;
    // The frame's bytes are the shell's: what is kept is copied.
    this.password = response.passwd.slice();
    this.timeoutMs = response.timeOut;
    this.heartbeat = new Heartbeat(response.timeOut, nowMs);
    this.state('connected', effects);
    for (const auth of this.auth) this.sendAuth(auth, nowMs, effects);
    for (const request of this.watches.rearm(this.relativeZxid)) {
      this.send(this.frames.whole(specialXids.setWatches, request), nowMs, effects);
    }
    this.heartbeat.arm(nowMs, effects);
  }

  private onNotification(reader: ByteReader, zxid: number, effects: SessionEffect[]): void {
    const event = readRecord(reader, 'WatcherEvent');
    const type = eventName(event.type);
    this.sawZxid(zxid);
    if (type === undefined || !this.watches.onEvent(type, event.path)) return;
    effects.push({ kind: 'event', type, path: clientPath(this.chroot, event.path), zxid });
  }

  private onReply(header: ReplyHeader, reader: ByteReader, effects: SessionEffect[]): void {
    const { xid, zxid, err } = header;
    const asked = this.requests.first;
    if (asked?.xid !== xid) {
      if (this.phase === 'closing' && xid === this.closeXid) this.finishClose(effects);
      else this.cut('an answer came out of order', effects);
      return;
    }
    const outcome: SessionOutcome =
      err === 0
        ? { kind: 'ok', response: this.responseOf(reader, asked.request), zxid }
        : { kind: 'error', code: err, zxid };
    this.requests.shift();
    this.sawZxid(zxid);
    if (zxid > 0 && zxid <= this.lastZxidSeen) this.relativeZxid = zxid;
    this.watches.onReply(asked.request, err);
    effects.push({ kind: 'reply', token: asked.token, outcome });
  }

  private responseOf(reader: ByteReader, request: SessionRequest): Response {
    return clientResponse(this.chroot, decodeResponse(reader, request.op));
  }

  private sawZxid(zxid: number): void {
    if (zxid > this.lastZxidSeen && Number.isSafeInteger(zxid)) this.lastZxidSeen = zxid;
  }

  private onRequest(
    asked: Extract<SessionInput, { readonly kind: 'request' }>,
    nowMs: number,
    effects: SessionEffect[],
  ): void {
    const { token } = asked;
    const chroot = asked.isOutsideChroot === true ? '' : this.chroot;
    const request = serverRequest(chroot, asked.request);
    if (this.phase === 'over') refuse(token, this.endCode, effects);
    else if (this.phase === 'closing') refuse(token, errorCodes.SessionExpired, effects);
    else if (leavesWatch(request) && this.watches.count >= this.bounds.watchesMax) {
      refuse(token, errorCodes.ThrottledOp, effects);
    } else if (!this.requests.push({ token, request })) {
      refuse(token, errorCodes.ThrottledOp, effects);
    } else if (this.phase === 'connected') this.sendWaiting(nowMs, effects);
  }

  private sendWaiting(nowMs: number, effects: SessionEffect[]): void {
    const bytes = this.requests.fill(this.frames, effects);
    if (bytes !== undefined) this.send(bytes, nowMs, effects);
  }

  private onAuth(auth: SessionAuth, nowMs: number, effects: SessionEffect[]): void {
    assert(this.auth.length < authMax, 'A session has few identities', { authMax });
    this.auth.push(auth);
    if (this.phase === 'connected') this.sendAuth(auth, nowMs, effects);
  }

  private sendAuth({ scheme, auth }: SessionAuth, nowMs: number, effects: SessionEffect[]): void {
    const request = { op: 'auth', type: 0, scheme, auth } as const;
    this.send(this.frames.whole(specialXids.auth, request), nowMs, effects);
  }

  private send(bytes: Uint8Array, nowMs: number, effects: SessionEffect[]): void {
    this.heartbeat.sent(nowMs);
    effects.push({ kind: 'send', connection: this.connection, bytes });
  }

  private onTimer(
    timer: 'connect' | 'reconnect' | 'heartbeat',
    nowMs: number,
    effects: SessionEffect[],
  ): void {
    switch (timer) {
      case 'connect':
        if (this.phase === 'connecting' || this.phase === 'handshaking') {
          this.cut('no answer in time', effects);
        }
        return;
      case 'reconnect':
        if (this.phase === 'waiting') this.connect(effects);
        return;
      case 'heartbeat':
        if (this.phase === 'connected' || this.phase === 'closing') this.onBeat(nowMs, effects);
        return;
      default:
        unreachable(timer);
    }
  }

  private onBeat(nowMs: number, effects: SessionEffect[]): void {
    const due = this.heartbeat.due(nowMs);
    if (due === 'silence') {
      this.cut('nothing was heard', effects);
      return;
    }
    if (due === 'ping') {
      this.send(this.frames.whole(specialXids.ping, { op: 'ping' }), nowMs, effects);
    }
    this.heartbeat.arm(nowMs, effects);
  }

  private onClose(nowMs: number, effects: SessionEffect[]): void {
    if (this.phase === 'over' || this.phase === 'closing') return;
    this.requests.refuseWaiting(errorCodes.SessionExpired, effects);
    if (this.phase !== 'connected') {
      this.finishClose(effects);
      return;
    }
    this.phase = 'closing';
    this.closeXid = this.requests.takeXid();
    this.send(this.frames.whole(this.closeXid, { op: 'closeSession' }), nowMs, effects);
  }

  private finishClose(effects: SessionEffect[]): void {
    const isOpen = this.isCurrent(this.connection);
    if (isOpen) effects.push({ kind: 'disconnect', connection: this.connection });
    this.end('closed', errorCodes.SessionExpired, effects);
  }

  private onAuthFailed(effects: SessionEffect[]): void {
    effects.push({ kind: 'disconnect', connection: this.connection });
    this.end('authFailed', errorCodes.AuthFailed, effects);
  }

  /** Gives a connection up, and goes on as if it had been cut. */
  private cut(reason: string, effects: SessionEffect[]): void {
    effects.push({ kind: 'disconnect', connection: this.connection });
    this.onCut(reason, effects);
  }

  private onCut(reason: string, effects: SessionEffect[]): void {
    if (this.phase === 'closing') {
      this.end('closed', errorCodes.SessionExpired, effects);
      return;
    }
    const wasConnected = this.phase === 'connected';
    this.phase = 'waiting';
    effects.push(
      { kind: 'trace', event: 'zookeeperConnectionLost', facts: { reason, wasConnected } },
      { kind: 'cancelTimer', timer: wasConnected ? 'heartbeat' : 'connect' },
    );
    if (wasConnected) this.state('disconnected', effects);
    this.requests.lose(effects);
    const delayMs = this.options.prng.below(Math.max(1, this.bounds.reconnectMsMax));
    effects.push({ kind: 'setTimer', timer: 'reconnect', delayMs });
  }

  private end(state: SessionState, code: number, effects: SessionEffect[]): void {
    this.phase = 'over';
    this.endCode = code;
    for (const timer of ['connect', 'reconnect', 'heartbeat'] as const) {
      effects.push({ kind: 'cancelTimer', timer });
    }
    this.state(state, effects);
    this.requests.lose(effects);
    this.requests.refuseWaiting(code, effects);
  }

  private state(state: SessionState, effects: SessionEffect[]): void {
    const { sessionId, password, timeoutMs } = this;
    effects.push({ kind: 'state', state, sessionId, password, timeoutMs });
    if (state === 'connecting') return;
    const facts = { state, session: sessionIdText(sessionId), timeoutMs };
    effects.push({ kind: 'trace', event: 'zookeeperSession', facts });
  }
}

function faultOf(act: () => void): JuteError | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof JuteError) return error;
    throw error;
  }
  return undefined;
}

function boundsOf(options: SessionOptions): Bounds {
  const bounds = { ...sessionDefaults, ...options };
  for (const name of Object.keys(sessionDefaults) as (keyof Bounds)[]) {
    assert(bounds[name] > 0, 'A bound of a session is positive', { name, value: bounds[name] });
  }
  return bounds;
}

function shuffled({ hosts, prng }: SessionOptions): readonly string[] {
  const order = [...hosts];
  for (let index = order.length - 1; index > 0; index--) {
    const other = prng.below(index + 1);
    [order[index], order[other]] = [order[other] as string, order[index] as string];
  }
  return order;
}

function leavesWatch(request: SessionRequest): boolean {
  return request.op === 'addWatch' || ('watch' in request && request.watch);
}
