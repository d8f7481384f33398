import { sameSession, type SessionId } from '@zookafka/zookeeper-wire';
import { type NodeState } from './outstanding.ts';
import { expiryBucketOf } from './sessions.ts';
import { missedEvent, triggersOf } from './watchTriggers.ts';

/**
 * The decisions of a member about sessions and the tree, each a pure function of plain data. The default is
 * `memberRules`; a lab, the museum of bugs and the checkers' mutants replace one of them.
 */
export interface MemberRules {
  readonly isClientAhead: typeof isClientAhead;
  readonly isVersionFitting: typeof isVersionFitting;
  readonly sequenceOf: typeof sequenceOf;
  readonly ephemeralsToDelete: typeof ephemeralsToDelete;
  readonly isSessionAlive: typeof isSessionAlive;
  readonly isReadDue: typeof isReadDue;
  readonly isCompletedBy: typeof isCompletedBy;
  readonly timeoutAtNewLeader: typeof timeoutAtNewLeader;
  readonly expiryBucketOf: typeof expiryBucketOf;
  readonly triggersOf: typeof triggersOf;
  readonly missedEvent: typeof missedEvent;
}

/**
 * Whether a client has seen more than this member: it must go to another one, else it would see the past.
 */
export function isClientAhead(lastZxidSeen: number, lastZxid: number): boolean {
  return lastZxidSeen > lastZxid;
}

/** Whether a conditional change may be made; -1 means any version. */
export function isVersionFitting(expected: number, version: number): boolean {
  return expected === -1 || expected === version;
}

/** @returns the number of the next sequential child: creations count, deletions do not make it fall */
export function sequenceOf(parent: NodeState): number {
  return parent.creates;
}

/** A node that a proposed transaction creates for `owner`, changes or deletes (then `owner` is null). */
export interface ProposedOwner {
  readonly path: string;
  readonly owner: SessionId | null;
}

/**
 * The ephemeral nodes that go with a session: those of the tree, and what is proposed above it.
 *
 * @param proposed in the order of their zxids
 */
export function ephemeralsToDelete(
  session: SessionId,
  committed: ReadonlySet<string>,
  proposed: Iterable<ProposedOwner>,
): readonly string[] {
  const paths = new Set(committed);
  for (const { path, owner } of proposed) {
    if (owner !== null && sameSession(owner, session)) paths.add(path);
    else paths.delete(path);
  }
  return [...paths];
}

/** What the leader knows of a session that a client comes back to. */
export interface SessionFacts {
  readonly isKnown: boolean;
  /** Its closeSession is proposed. */
  readonly isClosing: boolean;
}

/** Whether a client may go on with its session. What is about to end is never revived. */
export function isSessionAlive({ isKnown, isClosing }: SessionFacts): boolean {
  return isKnown && !isClosing;
}

/** Whether a read at the head of its connection's queue may be answered: its session's earlier writes are. */
export function isReadDue(writesBefore: number): boolean {
  return writesBefore === 0;
}

/** A write that waits for its transaction, and a transaction of its session that was applied. */
export interface CompletionFacts {
  readonly xid: number;
  readonly cxid: number;
  readonly zxid: number;
  /** The connection's requests can only have become transactions above this one. */
  readonly zxidBefore: number;
}

/**
 * Whether a transaction is the answer to a waiting write. A client that came back may number its requests anew,
 * so what was proposed before it came is no answer.
 */
export function isCompletedBy({ xid, cxid, zxid, zxidBefore }: CompletionFacts): boolean {
  return xid === cxid && zxid > zxidBefore;
}

/** How long a new leader gives a session that it knows from the tree: all of its timeout, whenever it was last heard of. */
export function timeoutAtNewLeader(timeoutMs: number): number {
  return timeoutMs;
}

/** The correct set. */
export const memberRules: MemberRules = {
  isClientAhead,
  isVersionFitting,
  sequenceOf,
  ephemeralsToDelete,
  isSessionAlive,
  isReadDue,
  isCompletedBy,
  timeoutAtNewLeader,
  expiryBucketOf,
  triggersOf,
  missedEvent,
};
