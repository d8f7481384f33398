import {
  errorCodes,
  type Request,
  type SessionId,
  sessionIdText,
  specialXids,
} from '@zookafka/zookeeper-wire';
import { type Outcome } from './applyTxn.ts';
import { authenticate } from './authentication.ts';
import { type Connection, type PendingRequest } from './connection.ts';
import { type Connections } from './connections.ts';
import { type MemberContext } from './context.ts';
import { type Reads } from './reads.ts';
import { type NumberedTxn } from './txns.ts';
import { isForwardable, type Upstream } from './upstream.ts';

/** A client's frame after the handshake. */
export interface ClientRequest {
  readonly xid: number;
  readonly request: Request;
  /** As it came, without its length. */
  readonly frame: Uint8Array;
}

/**
 * Takes the requests of this member's clients and answers them, each connection's in their order.
 *
 * Writes leave for the leader at once. A read waits only for the writes of its own session before it; where
 * there are none it is answered before this step ends. Pings and auth packets never wait.
 */
export class Desk {
  private readonly context: MemberContext;
  private readonly connections: Connections;
  private readonly reads: Reads;
  private upstream: Upstream | null = null;

  constructor(context: MemberContext, connections: Connections, reads: Reads) {
    this.context = context;
    this.connections = connections;
    this.reads = reads;
  }

  /** Serving begins, or with null ends. */
  connectTo(upstream: Upstream | null): void {
    this.upstream = upstream;
  }

  onRequest(connection: Connection, asked: ClientRequest): void {
    if (connection.isEnding) return;
    if (connection.state === 'new') {
      // The first frame of a connection is the handshake's.
      this.connections.close(connection, false);
      return;
    }
    this.context.stats.received++;
    connection.receivedCount++;
    if (asked.request.op === 'ping') {
      this.onPing(connection);
      return;
    }
    if (asked.request.op === 'auth') {
      this.onAuth(connection, asked.request);
      return;
    }
    const { request } = asked;
    const waits = isForwardable(request) || request.op === 'sync';
    if (connection.state === 'established' && !waits) {
      this.upstream?.touch(connection);
      if (this.context.rules.isReadDue(connection.queue.count)) {
        this.send(connection, asked.xid, this.reads.answer(request, connection), 0);
        if (isUnknown(request)) this.end(connection);
        return;
      }
    }
    const { xid, frame } = asked;
    const receivedMs = this.context.nowMs;
    this.enqueue(connection, { xid, request, frame, receivedMs, waits, outcome: null });
  }

  /** The session is agreed: what came since then is taken up. */
  onEstablished(connection: Connection): void {
    for (const pending of connection.queue) this.forward(connection, pending);
    this.drain(connection);
  }

  /** A transaction was applied: if a client of this member asked for it, that client is answered. */
  onApplied({ header, txn }: NumberedTxn, outcome: Outcome): void {
    const connection = this.connections.ofSession(header.clientId);
    if (connection === undefined) return;
    const pending = connection.waitingCount === 0 ? undefined : firstWaitingWrite(connection);
    if (pending !== undefined) {
      const { zxidBefore } = connection;
      const facts = { xid: pending.xid, cxid: header.cxid, zxid: header.zxid, zxidBefore };
      if (this.context.rules.isCompletedBy(facts)) this.complete(connection, pending, outcome);
    }
    if (txn.sort === 'closeSession') this.end(connection);
  }

  onSynced(session: SessionId, xid: number): void {
    const connection = this.connections.ofSession(session);
    if (connection === undefined) return;
    for (const pending of connection.queue) {
      if (pending.request.op !== 'sync' || pending.xid !== xid || pending.outcome !== null)
        continue;
      const response = { op: 'sync', path: pending.request.path } as const;
      this.complete(connection, pending, { err: 0, response });
      return;
    }
  }

  /**
   * The session's client is at another member: the connection ends. What else waits here may have become a
   * transaction, so only the write that was refused, when none stands before it, can be told.
   */
  onMoved(session: SessionId, xidRefused: number | null): void {
    const connection = this.connections.ofSession(session);
    if (connection?.state !== 'established') return;
    this.context.trace('sessionMoved', {
      session: sessionIdText(session),
      connection: connection.id,
    });
    const pending = firstWaitingWrite(connection);
    if (pending?.xid === xidRefused) {
      this.complete(connection, pending, { err: errorCodes.SessionMoved, response: null });
    }
    this.end(connection);
  }

  private onPing(connection: Connection): void {
    this.upstream?.touch(connection);
    if (connection.state !== 'established') return;
    this.send(connection, specialXids.ping, pong, 0);
  }

  private onAuth(connection: Connection, packet: Extract<Request, { op: 'auth' }>): void {
    const { config } = this.context;
    const ids = authenticate(packet, connection, config);
    const err = ids === null ? errorCodes.AuthFailed : 0;
    if (ids !== null) connection.ids = ids;
    this.context.emit({
      kind: 'reply',
      connection: connection.id,
      reply: { xid: specialXids.auth, zxid: 0, err, response: null },
    });
    if (ids === null) this.end(connection);
  }

  private enqueue(connection: Connection, pending: PendingRequest): void {
    if (!connection.queue.push(pending)) {
      this.context.trace('connectionOverrun', { connection: connection.id });
      this.connections.close(connection, false);
      return;
    }
    this.connections.noteQueued(connection);
    if (connection.state === 'established') this.forward(connection, pending);
  }

  private forward(connection: Connection, pending: PendingRequest): void {
    const { upstream } = this;
    if (upstream === null || !pending.waits) return;
    connection.waitingCount++;
    if (isForwardable(pending.request)) upstream.submit(connection, pending, pending.request);
    else upstream.sync(connection, pending);
  }

  private complete(connection: Connection, pending: PendingRequest, outcome: Outcome): void {
    pending.outcome = outcome;
    connection.waitingCount--;
    this.drain(connection);
  }

  /** Answers from the head on, until something waits. */
  private drain(connection: Connection): void {
    const { queue } = connection;
    for (let head = queue.first; head !== undefined; head = queue.first) {
      if (head.waits && head.outcome === null) return;
      const outcome = head.outcome ?? this.reads.answer(head.request, connection);
      queue.shift();
      this.connections.noteAnswered();
      this.send(connection, head.xid, outcome, this.context.nowMs - head.receivedMs);
      if (isUnknown(head.request)) {
        this.end(connection);
        return;
      }
    }
  }

  private send(connection: Connection, xid: number, outcome: Outcome, latencyMs: number): void {
    const { err, response } = outcome;
    connection.sentCount++;
    this.context.stats.noteReply(latencyMs);
    this.context.effects.push({
      kind: 'reply',
      connection: connection.id,
      reply: { xid, zxid: this.context.lastZxid, err, response },
    });
  }

  private end(connection: Connection): void {
    connection.isEnding = true;
    this.connections.close(connection, true);
  }
}

const pong: Outcome = { err: 0, response: null };

function firstWaitingWrite(connection: Connection): PendingRequest | undefined {
  const { queue } = connection;
  for (let index = 0; index < queue.count; index++) {
    const pending = queue.at(index);
    if (pending?.waits === true && pending.outcome === null && pending.request.op !== 'sync') {
      return pending;
    }
  }
  return undefined;
}

/** What is answered with Unimplemented and then the end of the connection. */
function isUnknown({ op }: Request): boolean {
  switch (op) {
    case 'unknown':
    case 'check':
    case 'createSession':
    case 'deleteContainer':
    case 'sasl':
      return true;
    default:
      return false;
  }
}
