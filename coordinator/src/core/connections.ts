import { type SessionId } from '@zookafka/zookeeper-wire';
import { Connection } from './connection.ts';
import { type MemberContext } from './context.ts';
import { SessionMap } from './sessionMap.ts';

/**
 * The clients of this member: by connection and by session, and how much all of them wait for.
 */
export class Connections {
  private readonly context: MemberContext;
  private readonly byId = new Map<number, Connection>();
  private readonly bySession = new SessionMap<Connection>();
  private readonly paused = new Set<Connection>();
  private outstanding = 0;

  constructor(context: MemberContext) {
    this.context = context;
  }

  get count(): number {
    return this.byId.size;
  }

  /** How many requests wait for their reply. */
  get outstandingCount(): number {
    return this.outstanding;
  }

  get(id: number): Connection | undefined {
    return this.byId.get(id);
  }

  ofSession(session: SessionId): Connection | undefined {
    return this.bySession.get(session);
  }

  values(): IterableIterator<Connection> {
    return this.byId.values();
  }

  open(id: number, address: string): void {
    this.byId.set(id, new Connection(id, address));
  }

  /** Gives a connection its session; another connection with the same session is closed. */
  bind(connection: Connection, session: SessionId): void {
    const other = this.bySession.get(session);
    if (other !== undefined && other !== connection) this.close(other, false);
    connection.session = session;
    this.bySession.set(session, connection);
  }

  /** Tells the shell to close, and forgets the connection. */
  close(connection: Connection, afterFlush: boolean): void {
    if (!this.forget(connection.id)) return;
    this.context.emit({ kind: 'closeConnection', connection: connection.id, afterFlush });
  }

  /** @returns whether it was there: its watches and waiting requests go, its session stays */
  forget(id: number): boolean {
    const connection = this.byId.get(id);
    if (connection === undefined) return false;
    this.byId.delete(id);
    this.paused.delete(connection);
    this.outstanding -= connection.queue.count;
    connection.queue.clear();
    this.context.watches.removeAll(connection.watcher);
    if (this.bySession.get(connection.session) === connection) {
      this.bySession.delete(connection.session);
    }
    this.resumeWhereRoom();
    return true;
  }

  closeAll(): void {
    for (const connection of [...this.byId.values()]) this.close(connection, false);
  }

  /** A request joined a queue: when too many wait, its connection is read no further. */
  noteQueued(connection: Connection): void {
    this.outstanding++;
    if (this.outstanding > this.context.config.outstandingRequestsMax) this.pause(connection);
  }

  /** A request left its queue. */
  noteAnswered(): void {
    this.outstanding--;
    this.resumeWhereRoom();
  }

  pause(connection: Connection): void {
    if (connection.isPaused) return;
    connection.isPaused = true;
    this.paused.add(connection);
    this.context.emit({ kind: 'pauseConnection', connection: connection.id });
  }

  resume(connection: Connection): void {
    if (!connection.isPaused) return;
    connection.isPaused = false;
    this.paused.delete(connection);
    this.context.emit({ kind: 'resumeConnection', connection: connection.id });
  }

  private resumeWhereRoom(): void {
    if (this.paused.size === 0) return;
    if (this.outstanding * 2 > this.context.config.outstandingRequestsMax) return;
    for (const connection of [...this.paused]) {
      if (connection.state === 'established') this.resume(connection);
    }
  }
}
