import { BoundedQueue } from '@zookafka/base';
import { type AuthId, noSession, type Request, type SessionId } from '@zookafka/zookeeper-wire';
import { type Outcome } from './applyTxn.ts';
import { Watcher } from './watches.ts';

/**
 * How many requests of one connection are kept at most. A paused connection stays far below: what comes after
 * the pause was decoded in the same turn.
 */
export const connectionRequestsMax = 16_384;

/** A request whose reply is not sent yet. */
export interface PendingRequest {
  readonly xid: number;
  readonly request: Request;
  readonly frame: Uint8Array;
  readonly receivedMs: number;
  /** Whether its outcome comes from elsewhere: a transaction, or the leader. */
  readonly waits: boolean;
  outcome: Outcome | null;
}

/**
 * One client's connection.
 *
 *     new --connectRequest--> connecting --session agreed--> established --closed--> (forgotten)
 */
export class Connection {
  readonly id: number;
  readonly address: string;
  readonly watcher: Watcher;
  readonly queue = new BoundedQueue<PendingRequest>(connectionRequestsMax);
  /** Who the client is: its address, and what it proved. */
  ids: readonly AuthId[];
  state: 'new' | 'connecting' | 'established' = 'new';
  session: SessionId = noSession;
  timeoutMs = 0;
  password: Uint8Array = noPassword;
  /** Old clients send no such byte and expect none. */
  knowsReadOnly = false;
  /** Only transactions above it answer this connection's requests. */
  zxidBefore = 0;
  /** How many of the queue wait for their outcome. */
  waitingCount = 0;
  /** The leader closes it after what it is told now. */
  isEnding = false;
  isPaused = false;
  /** It is in the list of sessions that the leader will hear of. */
  isTouched = false;
  receivedCount = 0;
  sentCount = 0;

  constructor(id: number, address: string) {
    this.id = id;
    this.address = address;
    this.watcher = new Watcher(id);
    this.ids = [{ scheme: 'ip', id: address }];
  }
}

const noPassword = new Uint8Array(16);
