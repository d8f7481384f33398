import { errorCodes } from '@zookafka/kafka-wire';
import { type Prng } from '@zookafka/base';
import { type FetchPart } from './fetchPart.ts';

/** A fetch that remembers its partitions, so that the next request names only what changed. */
export class FetchSession {
  readonly id: number;
  readonly isReplica: boolean;
  /** Whether its requests name topics by id. */
  readonly usesTopicIds: boolean;
  /** The epoch that the next request must have. */
  epochNext = 1;
  /** By `partKey`; the order in which they are read. */
  readonly parts = new Map<string, FetchPart>();
  usedMs: number;
  /** Whether a fetch of it is under way: it has one at a time. */
  isBusy = false;

  constructor(id: number, { isReplica, usesTopicIds, nowMs }: SessionOptions) {
    this.id = id;
    this.isReplica = isReplica;
    this.usesTopicIds = usesTopicIds;
    this.usedMs = nowMs;
  }

  /** Partitions that were answered go to the end: all get their turn. */
  rotate(told: readonly FetchPart[]): void {
    for (const part of told) {
      if (part.bytes === 0) continue;
      const key = partKey(this.topicOf(part), part.wanted.partition);
      if (!this.parts.delete(key)) continue;
      this.parts.set(key, part);
    }
  }

  private topicOf({ wanted }: FetchPart): string {
    return this.usesTopicIds ? wanted.topicId : wanted.topic;
  }
}

interface SessionOptions {
  readonly isReplica: boolean;
  readonly usesTopicIds: boolean;
  readonly nowMs: number;
}

/** A session that may be used, or Kafka's error. */
export type SessionFound =
  | { readonly kind: 'session'; readonly session: FetchSession }
  | { readonly kind: 'refused'; readonly errorCode: number };

/** After so long without a fetch a consumer's session may be dropped for another one's. */
const idleMs = 120_000;
const epochMax = 0x7fff_ffff;

/** @returns the key of a partition in a session: by name or by id, as its requests name topics */
export function partKey(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

/**
 * The fetch sessions of this broker, the one not used for longest first. Source: KIP-227.
 *
 * Bound: `countMax` sessions. A full cache gives up an idle one, for a follower any consumer's; else none is made.
 */
export class FetchSessions {
  private readonly countMax: number;
  private readonly prng: Prng;
  private readonly sessions = new Map<number, FetchSession>();

  constructor(countMax: number, prng: Prng) {
    this.countMax = countMax;
    this.prng = prng;
  }

  get count(): number {
    return this.sessions.size;
  }

  /** @returns a new session, or undefined when the cache is full */
  create(options: SessionOptions): FetchSession | undefined {
    if (this.sessions.size >= this.countMax && !this.evict(options)) return undefined;
    let id = this.drawId();
    while (this.sessions.has(id)) id = this.drawId();
    const session = new FetchSession(id, options);
    this.sessions.set(id, session);
    return session;
  }

  /** Finds the session of an incremental fetch and takes its next epoch. */
  use(id: number, epoch: number, nowMs: number): SessionFound {
    const session = this.sessions.get(id);
    if (session === undefined) {
      return { kind: 'refused', errorCode: errorCodes.FETCH_SESSION_ID_NOT_FOUND };
    }
    if (epoch !== session.epochNext || session.isBusy) {
      return { kind: 'refused', errorCode: errorCodes.INVALID_FETCH_SESSION_EPOCH };
    }
    session.epochNext = epoch === epochMax ? 1 : epoch + 1;
    session.usedMs = nowMs;
    this.sessions.delete(id);
    this.sessions.set(id, session);
    return { kind: 'session', session };
  }

  close(id: number): void {
    this.sessions.delete(id);
  }

  private evict({ isReplica, nowMs }: SessionOptions): boolean {
    for (const session of this.sessions.values()) {
      const isIdle = nowMs - session.usedMs >= idleMs;
      if (!isIdle && (!isReplica || session.isReplica)) continue;
      this.sessions.delete(session.id);
      return true;
    }
    return false;
  }

  private drawId(): number {
    return this.prng.between(1, 0x7fff_ffff);
  }
}
