import { ByteWriter } from '@zookafka/base';
import {
  decodeConnectRequest,
  decodeRequestFrame,
  errorCodes,
  eventTypes,
  FrameSplitter,
  isNoSession,
  keeperStates,
  noSession,
  parentPath,
  sameSession,
  sessionIdOf,
  sessionKey,
  sessionPassword,
  watchModes,
  writeConnectResponseFrame,
  writeEventFrame,
  writeReplyFrame,
  type EventName,
  type MultiOperation,
  type Request,
  type Response,
  type SessionId,
} from '@zookafka/zookeeper-wire';
import { FakeTree, type FakeChange } from './fakeTree.ts';

interface FakeSession {
  readonly id: SessionId;
  readonly timeoutMs: number;
  heardMs: number;
  connection: FakeConnection | null;
}

/** A client's connection, as the fake sees it. */
export interface FakeConnection {
  readonly splitter: FrameSplitter;
  /** Sends bytes to the client. */
  readonly send: (bytes: Uint8Array) => void;
  /** Cuts the client off. */
  readonly close: () => void;
  session: FakeSession | null;
  isOpen: boolean;
}

type Table = Map<string, Set<FakeConnection>>;

/**
 * An ensemble that never fails, small enough to believe: real frames in and out, one tree, sessions that end by silence,
 * every sort of watch. Delay, loss and cuts are the world's.
 */
export class FakeEnsemble {
  readonly tree = new FakeTree();
  readonly tickMs = 500;
  /** Hears every transaction that was done: checks hang here. */
  onTransaction: (changes: readonly FakeChange[], session: SessionId) => void = () => undefined;
  private readonly sessions = new Map<string, FakeSession>();
  private readonly data: Table = new Map();
  private readonly child: Table = new Map();
  private readonly persistent: Table = new Map();
  private readonly recursive: Table = new Map();
  private sessionNext = 1;

  connect(send: (bytes: Uint8Array) => void, close: () => void): FakeConnection {
    return { splitter: new FrameSplitter(), send, close, session: null, isOpen: true };
  }

  disconnect(connection: FakeConnection): void {
    connection.isOpen = false;
    if (connection.session?.connection === connection) connection.session.connection = null;
    for (const table of [this.data, this.child, this.persistent, this.recursive]) {
      for (const watchers of table.values()) watchers.delete(connection);
    }
  }

  receive(connection: FakeConnection, bytes: Uint8Array, nowMs: number): void {
    const frames: Uint8Array[] = [];
    connection.splitter.push(bytes, frames);
    for (const frame of frames) {
      if (!connection.isOpen) return;
      if (connection.session === null) this.onConnect(connection, frame, nowMs);
      else this.onRequest(connection, frame, nowMs);
    }
  }

  /** Ends sessions that were silent for their timeout, rounded up to a tick. */
  tick(nowMs: number): void {
    for (const session of [...this.sessions.values()]) {
      if (nowMs - session.heardMs > session.timeoutMs) this.endSession(session, nowMs);
    }
  }

  /** Ends a session by fiat, as if its time had come. */
  expire(id: SessionId, nowMs: number): void {
    const session = this.sessions.get(sessionKey(id));
    if (session !== undefined) this.endSession(session, nowMs);
  }

  /** Somebody else's tool changes the tree. */
  tool(operations: readonly MultiOperation[], nowMs: number): number {
    const { err, changes } = this.tree.transact(operations, noSession, nowMs);
    this.done(changes, noSession);
    return err;
  }

  private endSession(session: FakeSession, nowMs: number): void {
    this.sessions.delete(sessionKey(session.id));
    const paths = this.tree.ephemeralsOf(session.id);
    const operations = paths.map((path) => ({ op: 'delete', path, version: -1 }) as const);
    this.done(this.tree.transact(operations, noSession, nowMs).changes, session.id);
    const { connection } = session;
    if (connection === null) return;
    this.disconnect(connection);
    connection.close();
  }

  private onConnect(connection: FakeConnection, frame: Uint8Array, nowMs: number): void {
    const request = decodeConnectRequest(frame);
    let session = this.sessions.get(sessionKey(request.sessionId));
    if (isNoSession(request.sessionId)) {
      const id = sessionIdOf(0x100_0000, this.sessionNext++);
      session = { id, timeoutMs: request.timeOut, heardMs: nowMs, connection: null };
      this.sessions.set(sessionKey(id), session);
    }
    if (session !== undefined) {
      const older = session.connection;
      session.connection = connection;
      session.heardMs = nowMs;
      connection.session = session;
      if (older !== null) {
        this.disconnect(older);
        older.close();
        session.connection = connection;
      }
    }
    const id = session?.id ?? noSession;
    const writer = new ByteWriter(64);
    writeConnectResponseFrame(writer, {
      protocolVersion: 0,
      timeOut: session?.timeoutMs ?? 0,
      sessionId: id,
      passwd: sessionPassword(id),
      readOnly: false,
    });
    connection.send(writer.finish());
    if (session === undefined) {
      connection.isOpen = false;
      connection.close();
    }
  }

  private onRequest(connection: FakeConnection, frame: Uint8Array, nowMs: number): void {
    const session = connection.session as FakeSession;
    const { header, request } = decodeRequestFrame(frame);
    session.heardMs = nowMs;
    const isAlive = this.sessions.get(sessionKey(session.id)) === session;
    const answer = isAlive
      ? this.answer(connection, request, nowMs)
      : { err: errorCodes.SessionExpired as number, response: null };
    const { err, response } = answer;
    const writer = new ByteWriter(64);
    writeReplyFrame(writer, { xid: header.xid, zxid: this.tree.zxid, err, response });
    connection.send(writer.finish());
    if (request.op === 'closeSession') {
      this.disconnect(connection);
      connection.close();
    }
  }

  private answer(
    connection: FakeConnection,
    request: Request,
    nowMs: number,
  ): { err: number; response: Response | null } {
    const session = connection.session as FakeSession;
    const fine = (response: Response | null): { err: number; response: Response | null } => ({
      err: 0,
      response,
    });
    switch (request.op) {
      case 'ping':
        return fine(null);
      case 'closeSession':
        session.connection = null;
        this.endSession(session, nowMs);
        return fine(null);
      case 'create':
      case 'delete':
      case 'setData': {
        const { err, results, changes } = this.tree.transact([request], session.id, nowMs);
        this.done(changes, session.id);
        return err === 0 ? fine(results[0] as Response) : { err, response: null };
      }
      case 'multi': {
        const outcome = this.tree.transact(request.operations, session.id, nowMs);
        this.done(outcome.changes, session.id);
        if (outcome.err === 0) return fine({ op: 'multi', results: outcome.results });
        const results = request.operations.map((_, index) => {
          const err =
            index < outcome.failed
              ? 0
              : index === outcome.failed
                ? outcome.err
                : errorCodes.RuntimeInconsistency;
          return { op: 'error', err } as const;
        });
        return fine({ op: 'multi', results });
      }
      case 'getData':
      case 'exists':
      case 'getChildren':
        return this.read(connection, request);
      case 'addWatch': {
        const isRecursive = request.mode === watchModes.persistentRecursive;
        watch(isRecursive ? this.recursive : this.persistent, request.path, connection);
        return fine({ op: 'addWatch', err: 0 });
      }
      case 'setWatches':
      case 'setWatches2':
        this.setWatches(connection, request);
        return fine(null);
      default:
        return { err: errorCodes.Unimplemented, response: null };
    }
  }

  private read(
    connection: FakeConnection,
    { op, path, watch: isWatching }: Extract<Request, { op: 'getData' | 'exists' | 'getChildren' }>,
  ): { err: number; response: Response | null } {
    const znode = this.tree.znodes.get(path);
    if (isWatching && (znode !== undefined || op === 'exists')) {
      watch(op === 'getChildren' ? this.child : this.data, path, connection);
    }
    if (znode === undefined) return { err: errorCodes.NoNode, response: null };
    const stat = { ...znode.stat };
    if (op === 'exists') return { err: 0, response: { op, stat } };
    if (op === 'getData') return { err: 0, response: { op, data: znode.data, stat } };
    return { err: 0, response: { op, children: [...znode.children] } };
  }

  private setWatches(
    connection: FakeConnection,
    request: Extract<Request, { op: 'setWatches' | 'setWatches2' }>,
  ): void {
    const { relativeZxid } = request;
    const { znodes } = this.tree;
    for (const path of request.dataWatches) {
      const znode = znodes.get(path);
      if (znode === undefined) this.event(connection, 'NodeDeleted', path);
      else if (znode.stat.mzxid > relativeZxid) this.event(connection, 'NodeDataChanged', path);
      else watch(this.data, path, connection);
    }
    for (const path of request.existWatches) {
      if (znodes.has(path)) this.event(connection, 'NodeCreated', path);
      else watch(this.data, path, connection);
    }
    for (const path of request.childWatches) {
      const znode = znodes.get(path);
      if (znode === undefined) this.event(connection, 'NodeDeleted', path);
      else if (znode.stat.pzxid > relativeZxid) this.event(connection, 'NodeChildrenChanged', path);
      else watch(this.child, path, connection);
    }
    if (request.op !== 'setWatches2') return;
    for (const path of request.persistentWatches) watch(this.persistent, path, connection);
    for (const path of request.persistentRecursiveWatches) watch(this.recursive, path, connection);
  }

  private done(changes: readonly FakeChange[], session: SessionId): void {
    if (changes.length === 0) return;
    this.onTransaction(changes, session);
    for (const { type, path } of changes) {
      const told = new Set<FakeConnection>(this.take(this.data, path));
      if (type === 'NodeDeleted') for (const each of this.take(this.child, path)) told.add(each);
      for (const each of this.persistent.get(path) ?? []) told.add(each);
      for (let at = path; at !== ''; at = parentPath(at)) {
        for (const each of this.recursive.get(at) ?? []) told.add(each);
      }
      for (const connection of told) this.event(connection, type, path);
      if (type === 'NodeDataChanged') continue;
      const parent = parentPath(path);
      const parents = new Set(this.take(this.child, parent));
      for (const each of this.persistent.get(parent) ?? []) parents.add(each);
      for (const connection of parents) this.event(connection, 'NodeChildrenChanged', parent);
    }
  }

  private take(table: Table, path: string): readonly FakeConnection[] {
    const watchers = [...(table.get(path) ?? [])];
    table.delete(path);
    return watchers;
  }

  private event(connection: FakeConnection, type: EventName, path: string): void {
    const writer = new ByteWriter(64);
    const event = { type: eventTypes[type], state: keeperStates.SyncConnected, path };
    writeEventFrame(writer, event, this.tree.zxid);
    connection.send(writer.finish());
  }

  /** Whether a session lives. */
  isAlive(id: SessionId): boolean {
    return [...this.sessions.values()].some((session) => sameSession(session.id, id));
  }
}

function watch(table: Table, path: string, connection: FakeConnection): void {
  const watchers = table.get(path) ?? new Set();
  watchers.add(connection);
  table.set(path, watchers);
}
