import { assert } from '@zookafka/base';
import { type SessionId } from '@zookafka/zookeeper-wire';
import { SessionMap } from './sessionMap.ts';

/** A session as the leader tracks it. */
export interface TrackedSession {
  readonly id: SessionId;
  timeoutMs: number;
  /** The member that its client is connected to; undefined until one says so. */
  owner: number | undefined;
  /** The moment, a multiple of the tick, from which it counts as silent. */
  bucketMs: number;
  /** Its end is proposed: nothing of it may be proposed after. */
  isClosing: boolean;
}

/** Why a session may not do what it asks. */
export type SessionRefusal = 'expired' | 'moved';

/** When a session that was heard of at `nowMs` is given up: the end of the tick in which its timeout ends. */
export type ExpiryBucketRule = (nowMs: number, timeoutMs: number, tickMs: number) => number;

/**
 * Source: ZooKeeper 3.9, `ExpiryQueue.roundToNextInterval`: real expiry lies between the timeout and a tick after it.
 */
export function expiryBucketOf(nowMs: number, timeoutMs: number, tickMs: number): number {
  return (Math.floor((nowMs + timeoutMs) / tickMs) + 1) * tickMs;
}

/**
 * The leader's watch over all sessions: who is silent for too long.
 *
 * Sessions lie in buckets a tick wide; a touch moves one to a later bucket, at most once a tick. What is
 * given out as silent is only proposed to be closed: a committed closeSession ends it.
 * Source: ZooKeeper 3.9, `SessionTrackerImpl`.
 */
export class SessionTracker {
  private readonly tickMs: number;
  private readonly bucketRule: ExpiryBucketRule;
  private readonly sessions = new SessionMap<TrackedSession>();
  private readonly buckets = new Map<number, Set<TrackedSession>>();
  /** No bucket before this one holds anybody. */
  private bucketNextMs = 0;

  constructor(tickMs: number, bucketRule: ExpiryBucketRule) {
    assert(tickMs > 0, 'A tick is longer than nothing', { tickMs });
    this.tickMs = tickMs;
    this.bucketRule = bucketRule;
  }

  get count(): number {
    return this.sessions.count;
  }

  get(id: SessionId): TrackedSession | undefined {
    return this.sessions.get(id);
  }

  /** Starts to watch a session with a full timeout from now. */
  add(id: SessionId, timeoutMs: number, nowMs: number, owner?: number): TrackedSession {
    const known = this.sessions.get(id);
    if (known !== undefined) return known;
    const bucketMs = this.bucketRule(nowMs, timeoutMs, this.tickMs);
    const session: TrackedSession = { id, timeoutMs, owner, bucketMs, isClosing: false };
    this.sessions.set(id, session);
    this.bucketOf(bucketMs).add(session);
    if (this.sessions.count === 1 || bucketMs < this.bucketNextMs) this.bucketNextMs = bucketMs;
    return session;
  }

  /** Its closeSession was committed. */
  remove(id: SessionId): void {
    const session = this.sessions.get(id);
    if (session === undefined) return;
    this.sessions.delete(id);
    this.leaveBucket(session);
  }

  /** A sign of life. @returns false when the session is unknown or about to end */
  touch(id: SessionId, nowMs: number, timeoutMs?: number): boolean {
    const session = this.sessions.get(id);
    if (session === undefined || session.isClosing) return false;
    if (timeoutMs !== undefined) session.timeoutMs = timeoutMs;
    const bucketMs = this.bucketRule(nowMs, session.timeoutMs, this.tickMs);
    if (bucketMs > session.bucketMs) {
      this.leaveBucket(session);
      session.bucketMs = bucketMs;
      this.bucketOf(bucketMs).add(session);
    }
    return true;
  }

  /** Nothing of this session may be proposed any more. */
  setClosing(id: SessionId): void {
    const session = this.sessions.get(id);
    if (session !== undefined) session.isClosing = true;
  }

  /** Its client is at this member from now on. */
  setOwner(id: SessionId, owner: number): void {
    const session = this.sessions.get(id);
    if (session !== undefined) session.owner = owner;
  }

  /**
   * Whether a request of a session may be prepared. The first member to ask becomes the owner.
   * Source: ZooKeeper 3.9, `SessionTrackerImpl.checkSession`.
   */
  check(id: SessionId, member: number): SessionRefusal | undefined {
    const session = this.sessions.get(id);
    if (session === undefined || session.isClosing) return 'expired';
    session.owner ??= member;
    return session.owner === member ? undefined : 'moved';
  }

  /** When the next bucket is due, or undefined when nobody is tracked. */
  get dueMs(): number | undefined {
    return this.sessions.count === 0 ? undefined : this.bucketNextMs;
  }

  /** Takes the sessions of every bucket whose time has come; those already closing stay silent. */
  takeSilent(nowMs: number): readonly TrackedSession[] {
    const silent: TrackedSession[] = [];
    while (this.sessions.count > 0 && this.bucketNextMs <= nowMs) {
      const bucket = this.buckets.get(this.bucketNextMs);
      this.buckets.delete(this.bucketNextMs);
      for (const session of bucket ?? []) if (!session.isClosing) silent.push(session);
      if (this.buckets.size === 0) {
        this.bucketNextMs = (Math.floor(nowMs / this.tickMs) + 1) * this.tickMs;
        break;
      }
      this.bucketNextMs += this.tickMs;
    }
    return silent;
  }

  private bucketOf(bucketMs: number): Set<TrackedSession> {
    let bucket = this.buckets.get(bucketMs);
    if (bucket === undefined) {
      bucket = new Set();
      this.buckets.set(bucketMs, bucket);
    }
    return bucket;
  }

  private leaveBucket(session: TrackedSession): void {
    const bucket = this.buckets.get(session.bucketMs);
    if (bucket?.delete(session) === true && bucket.size === 0) {
      this.buckets.delete(session.bucketMs);
    }
  }
}

/** The bounds that a session's timeout is held to, in ms. */
export interface SessionBounds {
  readonly timeoutMsMin: number;
  readonly timeoutMsMax: number;
}

/** @returns the timeout that a client gets when it asks for `timeoutMs` */
export function negotiatedTimeout(timeoutMs: number, bounds: SessionBounds): number {
  return Math.min(Math.max(timeoutMs, bounds.timeoutMsMin), bounds.timeoutMsMax);
}
