import { type Prng, type TraceEffect } from '@zookafka/base';
import {
  type EventName,
  type Request,
  type Response,
  type SessionId,
} from '@zookafka/zookeeper-wire';

/** A request that a user of a session may make; the rest of the protocol is the session's own business. */
export type SessionRequest = Exclude<
  Request,
  {
    readonly op:
      | 'ping'
      | 'auth'
      | 'sasl'
      | 'setWatches'
      | 'setWatches2'
      | 'createSession'
      | 'closeSession'
      | 'deleteContainer'
      | 'unknown';
  }
>;

/** A session that an earlier process had: enough to take it up again while it lives. */
export interface StoredSession {
  readonly sessionId: SessionId;
  readonly password: Uint8Array;
  /** The last zxid that was seen, 0 when it was not kept. */
  readonly lastZxid: number;
}

/** An identity that is told to every server before anything else. */
export interface SessionAuth {
  readonly scheme: string;
  readonly auth: Uint8Array;
}

/** What a session is made of. Bounds that are left out have the defaults of `sessionDefaults`. */
export interface SessionOptions {
  /** Names of servers, as the shell understands them: tried in an order that is drawn once. At least one. */
  readonly hosts: readonly string[];
  /** The timeout to ask for; the server's answer counts. */
  readonly timeoutMs: number;
  readonly prng: Prng;
  /** Prefixed to every path on its way out, and taken off on its way in: empty, or a path without a last slash. */
  readonly chroot?: string;
  readonly stored?: StoredSession;
  readonly auth?: readonly SessionAuth[];
  /** How many requests may wait for a connection; one more is answered with ThrottledOp. */
  readonly waitingMax?: number;
  /** How many requests may be without an answer; more wait. */
  readonly inFlightMax?: number;
  /** How many watches may be registered; a request for one more is answered with ThrottledOp. */
  readonly watchesMax?: number;
  /** The longest request that the servers take: a longer one is answered with MarshallingError, not sent. */
  readonly requestBytesMax?: number;
  /** The longest frame that is taken from a server. */
  readonly replyBytesMax?: number;
  /** A wait before the next connection is drawn below this. */
  readonly reconnectMsMax?: number;
}

/** The timers of a session: of a connection that is not ready, before the next one, and of silence. */
export type SessionTimer = 'connect' | 'reconnect' | 'heartbeat';

/** What happens to a session. Connections are numbered: what comes late from an old one is ignored. */
export type SessionInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'connected'; readonly connection: number }
  /** Any piece of the stream: the machine cuts it into frames, so TCP and WebSocket are fed alike. */
  | { readonly kind: 'received'; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly kind: 'disconnected'; readonly connection: number }
  | { readonly kind: 'timer'; readonly timer: SessionTimer }
  | {
      readonly kind: 'request';
      readonly token: number;
      readonly request: SessionRequest;
      /** Whether its paths are the server's own, not below the chroot: that is how a chroot is made. */
      readonly isOutsideChroot?: boolean;
    }
  | { readonly kind: 'addAuth'; readonly auth: SessionAuth }
  | { readonly kind: 'close' };

/**
 * What became of a request.
 *
 * `unknown`: it was sent and its answer lost, so it may have been done or not. `error` is definite: the server's own
 * code, or of a request that was never sent ThrottledOp (a bound was reached), MarshallingError (too long),
 * SessionExpired (expired or closed) or AuthFailed.
 */
export type SessionOutcome =
  | { readonly kind: 'ok'; readonly response: Response; readonly zxid: number }
  | { readonly kind: 'error'; readonly code: number; readonly zxid: number }
  | { readonly kind: 'unknown' };

/** What a session is. `expired`, `closed` and `authFailed` are for ever: go on with a new machine. */
export type SessionState =
  'connecting' | 'connected' | 'disconnected' | 'expired' | 'closed' | 'authFailed';

/** A change of state. The session is that which the servers know, `noSession` before the first connection. */
export interface StateEffect {
  readonly kind: 'state';
  readonly state: SessionState;
  readonly sessionId: SessionId;
  readonly password: Uint8Array;
  /** What was agreed, or before that what is asked for. */
  readonly timeoutMs: number;
}

/** A watch that fired, once for each change. `zxid` is -1 where the server does not tell it (before 3.9). */
export interface WatchEffect {
  readonly kind: 'event';
  readonly type: EventName;
  readonly path: string;
  readonly zxid: number;
}

/** What a session wants done, in order. */
export type SessionEffect =
  | { readonly kind: 'connect'; readonly connection: number; readonly host: string }
  | { readonly kind: 'disconnect'; readonly connection: number }
  /** Whole frames with their lengths: the same bytes over TCP and in a WebSocket message. */
  | { readonly kind: 'send'; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly kind: 'reply'; readonly token: number; readonly outcome: SessionOutcome }
  | WatchEffect
  | StateEffect
  | { readonly kind: 'setTimer'; readonly timer: SessionTimer; readonly delayMs: number }
  | { readonly kind: 'cancelTimer'; readonly timer: SessionTimer }
  | TraceEffect;

/** Bounds and waits of a session that are not given. Reply limit: as Kafka's own client. */
export const sessionDefaults = {
  waitingMax: 10_000,
  inFlightMax: 1_000,
  watchesMax: 1_000_000,
  requestBytesMax: 0xfffff,
  replyBytesMax: 4 * 1024 * 1024,
  reconnectMsMax: 1_000,
} as const;
