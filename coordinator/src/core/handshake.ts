import { bytesEqual } from '@zookafka/base';
import {
  type ConnectRequest,
  firstSessionId,
  isNoSession,
  nextSessionId,
  noSession,
  type SessionId,
  sessionPassword,
} from '@zookafka/zookeeper-wire';
import { type Connection } from './connection.ts';
import { type Connections } from './connections.ts';
import { type MemberContext } from './context.ts';
import { negotiatedTimeout } from './sessions.ts';
import { type Upstream } from './upstream.ts';
import { type ZabPort } from './zabPort.ts';

/**
 * Agrees with a client on its session, in the order of ZooKeeper's rules: nothing is read from the connection
 * between its first frame and the answer.
 *
 * Source: ZooKeeper 3.9, `ZooKeeperServer.processConnectRequest`.
 */
export class Handshake {
  private readonly context: MemberContext;
  private readonly connections: Connections;
  private readonly zab: ZabPort;
  private readonly onEstablished: (connection: Connection) => void;
  private upstream: Upstream | null = null;
  private sessionLast: SessionId = noSession;

  constructor(parts: HandshakeParts) {
    this.context = parts.context;
    this.connections = parts.connections;
    this.zab = parts.zab;
    this.onEstablished = parts.onEstablished;
  }

  /** Ids of new sessions begin at the wall time of the start. */
  start(wallMs: number): void {
    this.sessionLast = firstSessionId(this.context.config.zab.serverId, wallMs);
  }

  /** Serving begins, or with null ends. */
  connectTo(upstream: Upstream | null): void {
    this.upstream = upstream;
  }

  onConnectRequest(connection: Connection, request: ConnectRequest): void {
    const { context, connections, upstream } = this;
    if (upstream === null || connection.state !== 'new') {
      connections.close(connection, false);
      return;
    }
    if (context.rules.isClientAhead(request.lastZxidSeen, context.lastZxid)) {
      context.trace('clientAhead', { connection: connection.id, zxid: request.lastZxidSeen });
      connections.close(connection, false);
      return;
    }
    connection.state = 'connecting';
    connection.knowsReadOnly = request.readOnly !== null;
    connection.timeoutMs = negotiatedTimeout(request.timeOut, {
      timeoutMsMin: context.config.sessionTimeoutMsMin,
      timeoutMsMax: context.config.sessionTimeoutMsMax,
    });
    connections.pause(connection);
    if (isNoSession(request.sessionId)) {
      this.sessionLast = nextSessionId(this.sessionLast);
      this.bind(connection, this.sessionLast);
      upstream.createSession(connection);
      return;
    }
    this.bind(connection, request.sessionId);
    if (!bytesEqual(request.passwd, connection.password)) {
      this.refuse(connection);
      return;
    }
    upstream.revalidate(connection);
  }

  /** A session began or was found alive: if its client waits here, it is told so. */
  onValid(session: SessionId): void {
    const connection = this.connections.ofSession(session);
    if (connection?.state !== 'connecting') return;
    connection.state = 'established';
    // Whatever its client asks from now on becomes a transaction above what is logged here already.
    connection.zxidBefore = this.zab.lastZxid;
    this.answer(connection, connection.timeoutMs, session, connection.password);
    this.connections.resume(connection);
    this.onEstablished(connection);
  }

  /** A session is unknown, or about to end: a client that waits for it must begin anew. */
  onInvalid(session: SessionId): void {
    const connection = this.connections.ofSession(session);
    if (connection?.state === 'connecting') this.refuse(connection);
  }

  private bind(connection: Connection, session: SessionId): void {
    connection.password = sessionPassword(session);
    this.connections.bind(connection, session);
  }

  private refuse(connection: Connection): void {
    this.answer(connection, 0, noSession, noPassword);
    this.connections.close(connection, true);
  }

  private answer(
    connection: Connection,
    timeOut: number,
    sessionId: SessionId,
    passwd: Uint8Array,
  ): void {
    const readOnly = connection.knowsReadOnly ? false : null;
    this.context.emit({
      kind: 'connectResponse',
      connection: connection.id,
      response: { protocolVersion: 0, timeOut, sessionId, passwd, readOnly },
    });
  }
}

/** What a handshake is made of. */
export interface HandshakeParts {
  readonly context: MemberContext;
  readonly connections: Connections;
  readonly zab: ZabPort;
  readonly onEstablished: (connection: Connection) => void;
}

const noPassword = new Uint8Array(16);
