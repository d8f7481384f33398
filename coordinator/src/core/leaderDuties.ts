import { BoundedQueue, ByteReader } from '@zookafka/base';
import { type ApplicationMessage } from '@zookafka/zab';
import {
  decodeRequest,
  errorCodes,
  type ForwardedRequest,
  type Request,
  type SessionId,
  sessionIdText,
} from '@zookafka/zookeeper-wire';
import { type Connection, type PendingRequest } from './connection.ts';
import { type MemberContext } from './context.ts';
import { Outstanding } from './outstanding.ts';
import { type Requester, RequestPreparer } from './requests.ts';
import { SessionTracker } from './sessions.ts';
import { encodeTxn, errorTxn, type NumberedTxn, type Txn, txnType } from './txns.ts';
import { type ZabPort } from './zabPort.ts';
import {
  type ForwardableRequest,
  isForwardable,
  type Upstream,
  type UpstreamAnswers,
} from './upstream.ts';

/** Who asked, and where that client is. */
interface Origin extends Requester {
  readonly cxid: number;
  /** The member's server id. */
  readonly member: number;
}

/** A sync that waits for what was proposed before it. */
interface WaitingSync {
  readonly zxid: number;
  readonly session: SessionId;
  readonly cxid: number;
  readonly member: number;
}

/**
 * What a member does while it leads: makes transactions of requests, its own clients' and the learners', and
 * decides which sessions are over.
 */
export class LeaderDuties implements Upstream {
  private readonly context: MemberContext;
  private readonly zab: ZabPort;
  private readonly answers: UpstreamAnswers;
  private readonly serverId: number;
  private readonly outstanding: Outstanding;
  private readonly preparer: RequestPreparer;
  private readonly tracker: SessionTracker;
  private zxidProposed: number;
  /** Bounded by the requests that all members let wait. */
  private syncs: WaitingSync[] = [];
  /** What was proposed and is not applied, in order: it need not be read from its own bytes. */
  private readonly proposed = new BoundedQueue<NumberedTxn>(proposedCountMax);

  constructor(context: MemberContext, zab: ZabPort, answers: UpstreamAnswers) {
    const { config, rules, tree } = context;
    this.context = context;
    this.zab = zab;
    this.answers = answers;
    this.serverId = config.zab.serverId;
    this.outstanding = new Outstanding(tree);
    const { skipAcl } = config;
    this.preparer = new RequestPreparer({ outstanding: this.outstanding, rules, skipAcl });
    this.tracker = new SessionTracker(config.zab.tickMs, rules.expiryBucketOf);
    this.zxidProposed = context.lastZxid;
    for (const { id, value } of tree.sessions) {
      this.tracker.add(id, rules.timeoutAtNewLeader(value), context.nowMs);
    }
    this.setTimer();
  }

  get outstandingCount(): number {
    return this.outstanding.count;
  }

  createSession(connection: Connection): void {
    const { session, timeoutMs } = connection;
    this.beginSession(session, timeoutMs, this.serverId);
  }

  revalidate({ session, timeoutMs }: Connection): void {
    const isAlive = this.isAlive(session, timeoutMs, this.serverId);
    this.answers.onRevalidated(session, isAlive);
  }

  submit(connection: Connection, { xid }: PendingRequest, request: ForwardableRequest): void {
    const { session, ids } = connection;
    this.take(request, { session, ids, cxid: xid, member: this.serverId });
  }

  sync(connection: Connection, { xid }: PendingRequest): void {
    this.touch(connection);
    const { session } = connection;
    this.takeSync({ zxid: this.zxidProposed, session, cxid: xid, member: this.serverId });
  }

  touch({ session }: Connection): void {
    this.tracker.touch(session, this.context.nowMs);
  }

  /** A learner's message. */
  onMessage(from: number, message: ApplicationMessage): void {
    switch (message.kind) {
      case 'request':
        this.onRequest(from, message);
        return;
      case 'revalidate': {
        const { sessionId, timeoutMs } = message;
        const isValid = this.isAlive(sessionId, timeoutMs, from);
        this.zab.sendApplication(from, { kind: 'revalidated', sessionId, isValid });
        return;
      }
      case 'pingReply':
        for (const { sessionId, timeoutMs } of message.touched) {
          this.tracker.touch(sessionId, this.context.nowMs, timeoutMs);
        }
        return;
      default:
      // The others are the leader's own messages: a learner that sends them is not listened to.
    }
  }

  /** @returns the transaction with this zxid when this leader proposed it, which is asked for in their order */
  takeProposed(zxid: number): NumberedTxn | undefined {
    const { proposed } = this;
    while ((proposed.first?.header.zxid ?? Infinity) < zxid) proposed.shift();
    return proposed.first?.header.zxid === zxid ? proposed.shift() : undefined;
  }

  /** A transaction is in the tree now. */
  onApplied({ header, txn }: NumberedTxn): void {
    this.outstanding.applied(header.zxid);
    if (txn.sort === 'closeSession') this.tracker.remove(header.clientId);
    while (this.syncs.length > 0 && (this.syncs[0] as WaitingSync).zxid <= header.zxid) {
      this.answerSync(this.syncs.shift() as WaitingSync);
    }
  }

  /** The end of a tick: sessions that were silent for too long are proposed to be closed. */
  onTimer(): void {
    for (const { id, timeoutMs } of this.tracker.takeSilent(this.context.nowMs)) {
      this.context.trace('sessionExpired', { session: sessionIdText(id), timeoutMs });
      this.endSession({ session: id, ids: [], cxid: internalCxid, member: this.serverId });
    }
    this.setTimer();
  }

  private setTimer(): void {
    const { tickMs } = this.context.config.zab;
    const { nowMs } = this.context;
    const delayMs = (Math.floor(nowMs / tickMs) + 1) * tickMs - nowMs;
    this.context.emit({ kind: 'setTimer', timer: 'sessions', delayMs });
  }

  private onRequest(from: number, message: ForwardedRequest): void {
    const { sessionId, cxid, authInfo } = message;
    // The learner read these bytes before: what it cannot read never gets here.
    const request: Request = decodeRequest(new ByteReader(message.body), message.op);
    const origin = { session: sessionId, ids: authInfo, cxid, member: from };
    if (request.op === 'createSession') {
      this.beginSession(sessionId, request.timeOut, from);
      return;
    }
    if (request.op === 'sync') {
      this.takeSync({ zxid: this.zxidProposed, session: sessionId, cxid, member: from });
      return;
    }
    if (isForwardable(request)) this.take(request, origin);
  }

  private isAlive(session: SessionId, timeoutMs: number, member: number): boolean {
    const known = this.tracker.get(session);
    const isAlive = this.context.rules.isSessionAlive({
      isKnown: known !== undefined,
      isClosing: known?.isClosing === true,
    });
    if (!isAlive) return false;
    // Its client was here and is elsewhere now.
    if (member !== this.serverId) this.answers.onMoved(session, null);
    this.tracker.touch(session, this.context.nowMs, timeoutMs);
    this.tracker.setOwner(session, member);
    return true;
  }

  private beginSession(session: SessionId, timeoutMs: number, member: number): void {
    this.tracker.add(session, timeoutMs, this.context.nowMs, member);
    this.propose(session, internalCxid, { sort: 'createSession', record: { timeOut: timeoutMs } });
  }

  private take(request: ForwardableRequest, origin: Origin): void {
    const refusal = this.tracker.check(origin.session, origin.member);
    if (refusal === 'moved') {
      this.refuseMoved(origin);
      return;
    }
    if (refusal === 'expired') {
      this.propose(origin.session, origin.cxid, errorTxn(errorCodes.SessionExpired));
      return;
    }
    this.tracker.touch(origin.session, this.context.nowMs);
    if (request.op === 'closeSession') {
      this.endSession(origin);
      return;
    }
    const zxid = this.zab.canPropose ? this.zab.nextZxid() : 0;
    this.propose(origin.session, origin.cxid, this.preparer.prepare(request, origin, zxid));
  }

  private endSession({ session, cxid }: Origin): void {
    this.tracker.setClosing(session);
    const committed = this.context.tree.ephemeralsOf(session);
    const zxid = this.zab.canPropose ? this.zab.nextZxid() : 0;
    this.propose(session, cxid, this.preparer.closeSession(session, committed, zxid));
  }

  private refuseMoved({ session, member, cxid }: Origin): void {
    if (member === this.serverId) {
      this.answers.onMoved(session, cxid);
      return;
    }
    const message = { kind: 'revalidated', sessionId: session, isValid: false } as const;
    this.zab.sendApplication(member, message);
  }

  private takeSync(sync: WaitingSync): void {
    if (this.zxidProposed <= this.context.lastZxid) this.answerSync(sync);
    else this.syncs.push(sync);
  }

  private answerSync({ session, cxid, member }: WaitingSync): void {
    if (member === this.serverId) {
      this.answers.onSynced(session, cxid);
      return;
    }
    this.zab.sendApplication(member, { kind: 'sync', sessionId: session, cxid });
  }

  private propose(session: SessionId, cxid: number, txn: Txn): void {
    // It leads no more, and this step will end with that news: nobody will be answered.
    if (!this.zab.canPropose) return;
    const zxid = this.zab.nextZxid();
    const type = txnType(txn);
    const header = { clientId: session, cxid, zxid, time: this.context.wallMs, type };
    const numbered = { header, txn };
    const bytes = encodeTxn(numbered);
    this.proposed.push(numbered);
    this.context.stats.noteProposal(bytes.length);
    this.zxidProposed = zxid;
    this.zab.propose(zxid, bytes);
  }
}

/** Beyond so many the bytes are read again. */
const proposedCountMax = 65_536;

/** In transactions that no request asked for: clients may number theirs from 0, and never use this one. */
const internalCxid = -1;
