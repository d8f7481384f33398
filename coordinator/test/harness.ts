import { createHash } from 'node:crypto';
import { ByteWriter, TimerQueue } from '@zookafka/base';
import {
  DataTree,
  digestText,
  Member,
  type MemberConfig,
  type MemberEffect,
  type MemberInput,
  type MemberRules,
  memberRules,
  type MemberTimer,
  SnapshotReader,
} from '@zookafka/coordinator/core';
import {
  type ConnectResponse,
  encodeRequest,
  requestType,
  noSession,
  openAcl,
  type Reply,
  type Request,
  type Response,
  type SessionId,
} from '@zookafka/zookeeper-wire';
import { type LogEntry, type RecoveredState } from '@zookafka/zab';

/** Wall time at the start of every ensemble. */
export const wallStartMs = 1_700_000_000_000;
const tickMs = 100;

/** What one member's disk holds: what was appended is durable at once. */
interface Disk {
  acceptedEpoch: number;
  currentEpoch: number;
  committedZxid: number;
  log: LogEntry[];
  snapshot: { zxid: number; chunks: Uint8Array[] } | null;
  incoming: Uint8Array[];
  storing: Uint8Array[];
}

interface Node {
  readonly id: number;
  readonly disk: Disk;
  member: Member | null;
  timers: TimerQueue<MemberTimer>;
  /** Effects that were traced, oldest first. */
  traces: Extract<MemberEffect, { kind: 'trace' }>[];
}

/** What a client was sent, in order. */
export type Received =
  | { readonly kind: 'connected'; readonly response: ConnectResponse }
  | { readonly kind: 'reply'; readonly reply: Reply }
  | {
      readonly kind: 'event';
      readonly type: number;
      readonly path: string;
      readonly zxid: number;
    }
  | { readonly kind: 'closed'; readonly afterFlush: boolean };

export interface EnsembleOptions {
  readonly members?: number;
  readonly rules?: MemberRules;
  readonly config?: Partial<MemberConfig>;
  readonly committedLogCountMax?: number;
}

/** A few members in one process: arrays for links, virtual time, disks that are instantly durable. */
export class Ensemble {
  nowMs = 0;
  readonly nodes: Node[] = [];
  private readonly options: EnsembleOptions;
  private readonly inbox: {
    readonly node: Node;
    readonly member: Member;
    readonly input: MemberInput;
  }[] = [];
  /** Both ends of a link by its number at the dialling member; numbers are the same at both ends. */
  private readonly links = new Map<number, { readonly from: number; readonly to: number }>();
  private readonly clients = new Map<number, Client>();
  private linkNext = 1;
  private connectionNext = 1;

  constructor(options: EnsembleOptions = {}) {
    this.options = options;
    for (let id = 1; id <= (options.members ?? 3); id++) {
      const disk: Disk = {
        acceptedEpoch: 0,
        currentEpoch: 0,
        committedZxid: 0,
        log: [],
        snapshot: null,
        incoming: [],
        storing: [],
      };
      this.nodes.push({ id, disk, member: null, timers: new TimerQueue(), traces: [] });
    }
  }

  /** Starts every member and waits until all serve. */
  static serving(options: EnsembleOptions = {}): Ensemble {
    const ensemble = new Ensemble(options);
    for (const node of ensemble.nodes) ensemble.start(node.id);
    ensemble.runUntil(() => ensemble.nodes.every((node) => node.member?.isServing === true));
    return ensemble;
  }

  node(id: number): Node {
    return this.nodes[id - 1] as Node;
  }

  member(id: number): Member {
    return this.node(id).member as Member;
  }

  get leader(): number {
    const leading = this.nodes.find(({ member }) => member?.isLeading === true && member.isServing);
    if (leading === undefined) throw new Error('Nobody leads');
    return leading.id;
  }

  get followers(): number[] {
    return this.nodes
      .filter(({ id, member }) => member !== null && id !== this.leader)
      .map(({ id }) => id);
  }

  start(id: number): void {
    const node = this.node(id);
    const reader = new SnapshotReader();
    for (const chunk of node.disk.snapshot?.chunks ?? []) reader.chunk(chunk);
    const tree = node.disk.snapshot === null ? new DataTree() : reader.finish().tree;
    const snapshotZxid = node.disk.snapshot?.zxid ?? 0;
    const recovered: RecoveredState = {
      acceptedEpoch: node.disk.acceptedEpoch,
      currentEpoch: node.disk.currentEpoch,
      committedZxid: node.disk.committedZxid,
      snapshotZxid,
      log: node.disk.log.filter(({ zxid }) => zxid > snapshotZxid),
    };
    const rules = this.options.rules ?? memberRules;
    node.member = new Member({ config: this.configOf(id), recovered, tree, rules });
    node.timers = new TimerQueue();
    this.feed(node, { kind: 'start', wallMs: this.wallMs });
    for (const other of this.nodes) {
      if (other.member === null || other === node) continue;
      this.feed(other, { kind: 'voteLinkUp', peer: id });
    }
  }

  /** The process dies: its links close, its disk stays. */
  kill(id: number): void {
    const node = this.node(id);
    node.member = null;
    node.timers.clear();
    for (const [link, { from, to }] of [...this.links]) {
      if (from !== id && to !== id) continue;
      this.links.delete(link);
      this.feed(this.node(from === id ? to : from), { kind: 'linkClosed', link });
    }
    for (const client of this.clients.values()) {
      if (client.memberId === id) client.received.push({ kind: 'closed', afterFlush: false });
    }
  }

  /** What is under way arrives, without time going on. */
  settle(): void {
    for (let next = this.inbox.shift(); next !== undefined; next = this.inbox.shift()) {
      const { node, member, input } = next;
      if (node.member !== member) continue;
      const effects: MemberEffect[] = [];
      member.step(input, this.nowMs, effects);
      for (const effect of effects) this.perform(node, effect);
    }
  }

  runFor(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    this.settle();
    for (;;) {
      const due = this.nodes
        .map((node) => ({ node, dueMs: node.timers.nextDueMs ?? Infinity }))
        .reduce((first, other) => (other.dueMs < first.dueMs ? other : first));
      if (due.dueMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, due.dueMs);
      const timer = due.node.timers.takeDue(this.nowMs) as MemberTimer;
      this.feed(due.node, { kind: 'timer', timer });
      this.settle();
    }
    this.nowMs = endMs;
  }

  runUntil(holds: () => boolean, limitMs = 30_000): void {
    for (let waitedMs = 0; !holds(); waitedMs += 10) {
      if (waitedMs > limitMs) throw new Error('It did not come about in time');
      this.runFor(10);
    }
  }

  /** Opens a connection without a handshake. */
  open(memberId: number, address = '127.0.0.1'): Client {
    const client = new Client(this, memberId, this.connectionNext++);
    this.clients.set(client.connection, client);
    this.feed(this.node(memberId), {
      kind: 'clientConnected',
      connection: client.connection,
      address,
    });
    return client;
  }

  /** Opens a connection and waits for its new session. */
  connect(memberId: number, timeoutMs = 1000): Client {
    const client = this.open(memberId);
    client.sendConnect({ timeoutMs });
    this.settle();
    return client;
  }

  digests(): string[] {
    return this.nodes.flatMap(({ member }) => (member === null ? [] : [digestText(member.digest)]));
  }

  feed(node: Node, input: MemberInput): void {
    if (node.member !== null) this.inbox.push({ node, member: node.member, input });
  }

  get wallMs(): number {
    return wallStartMs + this.nowMs;
  }

  private configOf(serverId: number): MemberConfig {
    return {
      zab: {
        serverId,
        ensembleId: 'test',
        voters: this.nodes.map(({ id }) => id),
        tickMs,
        initLimitTicks: 10,
        syncLimitTicks: 5,
        committedLogCountMax: this.options.committedLogCountMax ?? 500,
        committedLogBytesMax: 1_000_000,
        pinnedLogBytesMax: 10_000_000,
        finalizeWaitMs: 20,
        resendMsMin: 50,
        resendMsMax: 1000,
        connectAttemptsMax: 5,
        connectRetryMs: 50,
      },
      sessionTimeoutMsMin: 2 * tickMs,
      sessionTimeoutMsMax: 20 * tickMs,
      outstandingRequestsMax: 1000,
      snapCount: 100_000,
      snapshotSliceNodesMax: 50,
      snapshotSliceBytesMax: 100_000,
      skipAcl: false,
      sha1Base64: (bytes) => createHash('sha1').update(bytes).digest('base64'),
      superDigest: null,
      admin: {
        version: '3.9.4-zookafka',
        builtOn: '11/21/2026 04:00 GMT',
        whitelist: ['*'],
        configuration: [['clientPort', '2181']],
      },
      ...this.options.config,
    };
  }

  private perform(node: Node, effect: MemberEffect): void {
    switch (effect.kind) {
      case 'setTimer':
        node.timers.set(effect.timer, this.nowMs + effect.delayMs);
        return;
      case 'cancelTimer':
        node.timers.cancel(effect.timer);
        return;
      case 'trace':
        node.traces.push(effect);
        return;
      case 'wantContinue':
        this.feed(node, { kind: 'continue' });
        return;
      case 'sendNotification':
        this.feed(this.node(effect.to), {
          kind: 'notification',
          from: node.id,
          notification: effect.notification,
        });
        return;
      case 'openLink':
      case 'closeLink':
      case 'send':
        this.performLink(node, effect);
        return;
      case 'role':
      case 'purge':
        return;
      default:
        if ('connection' in effect) this.clients.get(effect.connection)?.take(effect);
        else this.performStore(node, effect);
    }
  }

  private performLink(
    node: Node,
    effect: Extract<MemberEffect, { kind: 'openLink' | 'closeLink' | 'send' }>,
  ): void {
    if (effect.kind === 'openLink') {
      const target = this.node(effect.to);
      if (target.member === null) {
        this.feed(node, { kind: 'linkRefused', serverId: effect.to });
        return;
      }
      const link = this.linkNext++;
      this.links.set(link, { from: node.id, to: effect.to });
      this.feed(target, { kind: 'linkOpened', link, serverId: node.id, outgoing: false });
      this.feed(node, { kind: 'linkOpened', link, serverId: effect.to, outgoing: true });
      return;
    }
    const ends = this.links.get(effect.link);
    if (ends === undefined) return;
    const other = this.node(ends.from === node.id ? ends.to : ends.from);
    if (effect.kind === 'send') {
      this.feed(other, { kind: 'linkMessage', link: effect.link, message: effect.message });
      return;
    }
    this.links.delete(effect.link);
    this.feed(other, { kind: 'linkClosed', link: effect.link });
    this.feed(node, { kind: 'linkClosed', link: effect.link });
  }

  private performStore(
    node: Node,
    effect: Extract<
      MemberEffect,
      {
        kind:
          | 'append'
          | 'truncate'
          | 'persistAcceptedEpoch'
          | 'persistCurrentEpoch'
          | 'installSnapshotBegin'
          | 'installSnapshotChunk'
          | 'installSnapshotEnd'
          | 'installSnapshotAbort'
          | 'storeSnapshotBegin'
          | 'storeSnapshotChunk'
          | 'storeSnapshotCommit'
          | 'storeSnapshotAbort';
      }
    >,
  ): void {
    const { disk } = node;
    switch (effect.kind) {
      case 'append':
        disk.log.push(...effect.entries);
        disk.committedZxid = effect.committedZxid;
        break;
      case 'truncate':
        disk.log = disk.log.filter(({ zxid }) => zxid <= effect.zxid);
        break;
      case 'persistAcceptedEpoch':
        disk.acceptedEpoch = effect.epoch;
        break;
      case 'persistCurrentEpoch':
        disk.currentEpoch = effect.epoch;
        break;
      case 'installSnapshotBegin':
        disk.incoming = [];
        return;
      case 'installSnapshotChunk':
        disk.incoming.push(effect.bytes);
        return;
      case 'installSnapshotEnd':
        disk.snapshot = { zxid: effect.zxid, chunks: disk.incoming };
        disk.log = [];
        break;
      case 'storeSnapshotBegin':
        disk.storing = [];
        return;
      case 'storeSnapshotChunk':
        disk.storing.push(effect.bytes);
        return;
      case 'storeSnapshotCommit':
        disk.snapshot = { zxid: effect.zxid, chunks: disk.storing };
        this.feed(node, { kind: 'snapshotStored', zxid: effect.zxid });
        return;
      default:
        return;
    }
    this.feed(node, { kind: 'durable', token: effect.token });
  }
}

/** A connection of a client, and all that it was sent. */
export class Client {
  readonly received: Received[] = [];
  readonly memberId: number;
  readonly connection: number;
  isPaused = false;
  wasPaused = false;
  private readonly ensemble: Ensemble;
  private xidLast = 0;

  constructor(ensemble: Ensemble, memberId: number, connection: number) {
    this.ensemble = ensemble;
    this.memberId = memberId;
    this.connection = connection;
  }

  get session(): SessionId {
    for (const item of this.received) {
      if (item.kind === 'connected') return item.response.sessionId;
    }
    return noSession;
  }

  get password(): Uint8Array {
    for (const item of this.received) {
      if (item.kind === 'connected') return item.response.passwd;
    }
    return new Uint8Array(16);
  }

  get isClosed(): boolean {
    return this.received.some(({ kind }) => kind === 'closed');
  }

  get replies(): Reply[] {
    return this.received.flatMap((item) => (item.kind === 'reply' ? [item.reply] : []));
  }

  get events(): { type: number; path: string; zxid: number }[] {
    return this.received.flatMap((item) =>
      item.kind === 'event' ? [{ type: item.type, path: item.path, zxid: item.zxid }] : [],
    );
  }

  sendConnect(options: {
    readonly timeoutMs?: number;
    readonly session?: SessionId;
    readonly password?: Uint8Array;
    readonly lastZxidSeen?: number;
    readonly readOnly?: boolean | null;
  }): void {
    this.ensemble.feed(this.ensemble.node(this.memberId), {
      kind: 'connectRequest',
      connection: this.connection,
      wallMs: this.ensemble.wallMs,
      request: {
        protocolVersion: 0,
        lastZxidSeen: options.lastZxidSeen ?? 0,
        timeOut: options.timeoutMs ?? 1000,
        sessionId: options.session ?? noSession,
        passwd: options.password ?? new Uint8Array(16),
        readOnly: options.readOnly === undefined ? false : options.readOnly,
      },
    });
  }

  /** Sends without waiting. @returns the number of the request */
  send(request: Request, xid = ++this.xidLast): number {
    const writer = new ByteWriter();
    writer.int32(xid);
    writer.int32(requestType(request));
    encodeRequest(writer, request);
    this.ensemble.feed(this.ensemble.node(this.memberId), {
      kind: 'clientRequest',
      connection: this.connection,
      xid,
      request,
      frame: writer.finish(),
      wallMs: this.ensemble.wallMs,
    });
    return xid;
  }

  /** Sends and waits for the reply. */
  ask(request: Request, xid?: number): Reply {
    const count = this.replies.length;
    this.send(request, xid);
    this.ensemble.settle();
    const reply = this.replies[count];
    if (reply === undefined) throw new Error(`No reply to ${request.op}`);
    return reply;
  }

  /** Sends, and takes the response of a request that must not fail. */
  get<Op extends Response['op']>(
    request: Request & { readonly op: Op },
  ): Extract<Response, { op: Op }> {
    const { err, response } = this.ask(request);
    if (err !== 0 || response === null) throw new Error(`${request.op} failed with ${err}`);
    return response as Extract<Response, { op: Op }>;
  }

  create(path: string, flags = 0, data: Uint8Array | null = bytesOf('x')): Reply {
    return this.ask({ op: 'create', path, data, acl: openAcl, flags });
  }

  close(): void {
    this.ensemble.feed(this.ensemble.node(this.memberId), {
      kind: 'clientClosed',
      connection: this.connection,
    });
    this.ensemble.settle();
  }

  take(effect: Extract<MemberEffect, { readonly connection: number }>): void {
    switch (effect.kind) {
      case 'connectResponse':
        this.received.push({ kind: 'connected', response: effect.response });
        return;
      case 'reply':
        this.received.push({ kind: 'reply', reply: effect.reply });
        return;
      case 'event': {
        const { type, path } = effect.event;
        this.received.push({ kind: 'event', type, path, zxid: effect.zxid });
        return;
      }
      case 'closeConnection':
        this.received.push({ kind: 'closed', afterFlush: effect.afterFlush });
        return;
      case 'pauseConnection':
        this.isPaused = true;
        this.wasPaused = true;
        return;
      case 'resumeConnection':
        this.isPaused = false;
        return;
      default:
    }
  }
}

/** The bytes of an ASCII text. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
