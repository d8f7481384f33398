import { type Machine } from '@zookafka/base';
import {
  type LogEntry,
  type RecoveredState,
  type RoleEffect,
  Zab,
  type ZabEffect,
  type ZabInput,
  type ZabPhases,
  type ZabRules,
} from '@zookafka/zab';
import { type SessionId, sessionIdText } from '@zookafka/zookeeper-wire';
import { Admin } from './admin.ts';
import { applyTxn } from './applyTxn.ts';
import { Connections } from './connections.ts';
import { MemberContext } from './context.ts';
import { type DataTree } from './dataTree.ts';
import { Desk } from './desk.ts';
import { type Digest } from './digest.ts';
import { Handshake } from './handshake.ts';
import { LeaderDuties } from './leaderDuties.ts';
import { LearnerDuties } from './learnerDuties.ts';
import { Notifier } from './notifier.ts';
import { Reads } from './reads.ts';
import { type MemberRules, memberRules } from './rules.ts';
import { Snapshotter } from './snapshotter.ts';
import { decodeTxn, type NumberedTxn } from './txns.ts';
import { type MemberConfig, type MemberEffect, type MemberInput } from './types.ts';
import { type UpstreamAnswers } from './upstream.ts';
import { type ZabPort } from './zabPort.ts';

/** An append of this member's own, which later ones of the same step join. */
interface JoinedAppend {
  readonly kind: 'append';
  token: number;
  committedZxid: number;
  readonly entries: LogEntry[];
}

/** What a member is built from. */
export interface MemberOptions {
  readonly config: MemberConfig;
  /** What the log and the epochs on the disk say. */
  readonly recovered: RecoveredState;
  /** The tree of the stored snapshot at `recovered.snapshotZxid`; a new one for an empty member. */
  readonly tree: DataTree;
  /** Other rules than the correct ones: for labs, the museum of bugs, and mutants. */
  readonly rules?: MemberRules;
  readonly zabRules?: ZabRules;
  readonly zabPhases?: ZabPhases;
}

/**
 * One member of the ensemble: Zab agrees on transactions, the tree takes them, clients ask and are told.
 *
 *     client --request--> Desk --write--> LeaderDuties | LearnerDuties --propose | forward--> Zab
 *     client <--event, reply-- Notifier, Desk <-- applyTxn <--deliver--------------------------+
 *
 * It serves clients exactly while Zab says so; when that ends every connection is closed, and what waited has
 * an unknown outcome.
 */
export class Member implements Machine<MemberInput, MemberEffect> {
  private readonly context: MemberContext;
  private readonly zab: Zab;
  /** What Zab wants, and did not get yet, in this step. */
  private readonly zabEffects: ZabEffect[] = [];
  private readonly connections: Connections;
  private readonly notifier: Notifier;
  private readonly desk: Desk;
  private readonly handshake: Handshake;
  private readonly snapshotter: Snapshotter;
  private readonly admin: Admin;
  private readonly port: ZabPort;
  private duties: LeaderDuties | LearnerDuties | null = null;
  /** The last `append`, and where it stands in this step's array: the next one joins it. */
  private joined: JoinedAppend | null = null;
  private appendIndex = -1;
  private readonly answers: UpstreamAnswers = {
    onRevalidated: (session, isValid) => {
      this.onRevalidated(session, isValid);
    },
    onSynced: (session, xid) => {
      this.desk.onSynced(session, xid);
    },
    onMoved: (session, xid) => {
      this.desk.onMoved(session, xid);
    },
  };

  constructor(options: MemberOptions) {
    const { config, recovered, tree, rules = memberRules } = options;
    this.zab = new Zab({
      config: config.zab,
      recovered,
      ...(options.zabRules === undefined ? {} : { rules: options.zabRules }),
      ...(options.zabPhases === undefined ? {} : { phases: options.zabPhases }),
    });
    this.port = this.makePort();
    const context = new MemberContext({ config, rules, tree, lastZxid: recovered.snapshotZxid });
    this.context = context;
    this.connections = new Connections(context);
    this.notifier = new Notifier(context, this.connections);
    this.desk = new Desk(context, this.connections, new Reads(context, this.notifier));
    this.handshake = new Handshake({
      context,
      connections: this.connections,
      zab: this.port,
      onEstablished: (connection) => {
        this.desk.onEstablished(connection);
      },
    });
    this.snapshotter = new Snapshotter(context, (input) => {
      this.toZab(input);
    });
    this.admin = new Admin(context, this.connections);
  }

  /** The tree: for checkers and tests, which look and never change it. */
  get tree(): DataTree {
    return this.context.tree;
  }

  /** The last transaction that the tree contains. */
  get lastZxid(): number {
    return this.context.lastZxid;
  }

  get digest(): Digest {
    return this.context.tree.digest;
  }

  get isServing(): boolean {
    return this.context.isServing;
  }

  get isLeading(): boolean {
    return this.context.role === 'leading';
  }

  /** Zab's machine: for checkers and metrics, which only look. */
  get consensus(): Zab {
    return this.zab;
  }

  step(input: MemberInput, nowMs: number, effects: MemberEffect[]): void {
    this.context.nowMs = nowMs;
    this.context.effects = effects;
    this.onInput(input);
    // Acting on an effect may ask Zab for more, which then stands at the end.
    const { zabEffects } = this;
    for (const effect of zabEffects) this.onZabEffect(effect);
    zabEffects.length = 0;
  }

  private onInput(input: MemberInput): void {
    switch (input.kind) {
      case 'start':
        this.context.noteWall(input.wallMs);
        this.handshake.start(input.wallMs);
        this.toZab({ kind: 'start' });
        return;
      case 'clientConnected':
        this.connections.open(input.connection, input.address);
        return;
      case 'connectRequest':
      case 'clientRequest':
        this.context.noteWall(input.wallMs);
        this.onClientFrame(input);
        return;
      case 'clientClosed':
        this.connections.forget(input.connection);
        return;
      case 'adminQuery': {
        const text = this.admin.answer(input.word);
        this.context.emit({ kind: 'adminReply', connection: input.connection, text });
        return;
      }
      case 'continue':
        this.snapshotter.onContinue();
        return;
      case 'snapshotStored':
        this.snapshotter.onStored(input.zxid);
        return;
      case 'timer':
        if (input.timer !== 'sessions') {
          this.toZab({ kind: 'timer', timer: input.timer });
          return;
        }
        if (this.duties instanceof LeaderDuties) this.duties.onTimer();
        return;
      case 'linkClosed':
        this.snapshotter.stopLink(input.link);
        this.toZab(input);
        return;
      default:
        this.toZab(input);
    }
  }

  private onClientFrame(
    input: Extract<MemberInput, { readonly kind: 'connectRequest' | 'clientRequest' }>,
  ): void {
    const connection = this.connections.get(input.connection);
    if (connection === undefined) return;
    if (input.kind === 'clientRequest') {
      this.desk.onRequest(connection, input);
      return;
    }
    this.context.stats.received++;
    this.handshake.onConnectRequest(connection, input.request);
  }

  private onZabEffect(effect: ZabEffect): void {
    switch (effect.kind) {
      case 'deliver':
        this.onDeliver(effect.zxid, effect.bytes);
        return;
      case 'append':
        this.onAppend(effect);
        return;
      case 'role':
        this.onRole(effect);
        return;
      case 'application':
        this.onApplication(effect);
        return;
      case 'takeSnapshot':
        this.snapshotter.take(effect.link, effect.zxid);
        return;
      case 'installSnapshotBegin':
      case 'installSnapshotChunk':
      case 'installSnapshotEnd':
      case 'installSnapshotAbort':
        this.appendIndex = -1;
        this.snapshotter.onInstall(effect);
        return;
      case 'truncate':
      case 'persistAcceptedEpoch':
      case 'persistCurrentEpoch':
        // Writes keep their order: no later append may join an earlier one across these.
        this.appendIndex = -1;
        this.context.emit(effect);
        return;
      default:
        this.context.emit(effect);
    }
  }

  /** Appends that stand in one array become one: its token covers them all. */
  private onAppend(effect: Extract<ZabEffect, { readonly kind: 'append' }>): void {
    const { joined } = this;
    const { effects } = this.context;
    const isJoinable = joined !== null && effects[this.appendIndex] === joined;
    if (isJoinable && joined.token + 1 === effect.token) {
      for (const entry of effect.entries) joined.entries.push(entry);
      joined.token = effect.token;
      joined.committedZxid = effect.committedZxid;
      return;
    }
    this.appendIndex = effects.length;
    const { kind, token, committedZxid } = effect;
    this.joined = { kind, token, entries: [...effect.entries], committedZxid };
    effects.push(this.joined);
  }

  private onDeliver(zxid: number, bytes: Uint8Array): void {
    const { context } = this;
    const leaderDuties = this.duties instanceof LeaderDuties ? this.duties : null;
    const numbered = leaderDuties?.takeProposed(zxid) ?? decodeTxn(bytes);
    const outcome = applyTxn(context.tree, numbered, this.notifier);
    context.lastZxid = zxid;
    if (numbered.txn.sort === 'createSession') this.handshake.onValid(numbered.header.clientId);
    this.traceSession(numbered);
    this.desk.onApplied(numbered, outcome);
    leaderDuties?.onApplied(numbered);
    this.snapshotter.onApplied();
  }

  private traceSession({ header, txn }: NumberedTxn): void {
    if (txn.sort !== 'createSession' && txn.sort !== 'closeSession') return;
    const { zxid } = header;
    const session = sessionIdText(header.clientId);
    if (txn.sort === 'createSession') {
      this.context.trace('sessionCreated', { session, zxid, timeoutMs: txn.record.timeOut });
      return;
    }
    const paths = txn.record.paths2Delete;
    this.context.trace('sessionClosed', { session, zxid, ephemerals: paths.length });
    for (const path of paths) this.context.trace('ephemeralDeleted', { session, zxid, path });
  }

  private onRole(effect: RoleEffect): void {
    const { context } = this;
    const wasServing = context.isServing;
    context.role = effect.role;
    context.leader = effect.leader;
    context.epoch = effect.epoch;
    context.isServing = effect.serving;
    context.emit(effect);
    if (wasServing && !effect.serving) this.stopServing();
    if (effect.role === 'looking') this.snapshotter.stopLinks();
    if (effect.serving && !wasServing) this.startServing();
  }

  private startServing(): void {
    const { context } = this;
    const { role, leader, epoch, lastZxid } = context;
    const Duties = role === 'leading' ? LeaderDuties : LearnerDuties;
    this.duties = new Duties(context, this.port, this.answers);
    this.desk.connectTo(this.duties);
    this.handshake.connectTo(this.duties);
    context.trace('serving', { role, leader, epoch, zxid: lastZxid });
  }

  private stopServing(): void {
    if (this.duties instanceof LeaderDuties) {
      this.context.emit({ kind: 'cancelTimer', timer: 'sessions' });
    }
    this.duties = null;
    this.desk.connectTo(null);
    this.handshake.connectTo(null);
    this.context.trace('notServing', { connections: this.connections.count });
    this.connections.closeAll();
  }

  private onApplication(effect: Extract<ZabEffect, { readonly kind: 'application' }>): void {
    const { from, message } = effect;
    if (from === 'leader') {
      if (this.duties instanceof LearnerDuties) this.duties.onMessage(message);
    } else if (this.duties instanceof LeaderDuties) this.duties.onMessage(from, message);
  }

  private onRevalidated(session: SessionId, isValid: boolean): void {
    if (isValid) {
      this.handshake.onValid(session);
      return;
    }
    this.handshake.onInvalid(session);
    this.desk.onMoved(session, null);
  }

  private toZab(input: ZabInput): void {
    this.zab.step(input, this.context.nowMs, this.zabEffects);
  }

  private makePort(): ZabPort {
    const { zab } = this;
    return {
      get lastZxid() {
        return zab.lastZxid;
      },
      get canPropose() {
        return zab.role === 'leading' && zab.isServing;
      },
      nextZxid: () => zab.nextZxid(),
      propose: (zxid, bytes) => {
        this.toZab({ kind: 'propose', zxid, bytes });
      },
      sendApplication: (to, message) => {
        this.toZab({ kind: 'sendApplication', to, message });
      },
    };
  }
}
