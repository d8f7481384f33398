export { type DataHolder, DataMemory } from './dataMemory.ts';
export { DataTree } from './dataTree.ts';
export { type Digest, digestText } from './digest.ts';
export { Member, type MemberOptions } from './member.ts';
export { type MemberRules, memberRules } from './rules.ts';
export {
  expiryBucketOf,
  negotiatedTimeout,
  type SessionBounds,
  SessionTracker,
  type TrackedSession,
} from './sessions.ts';
export { SnapshotError, SnapshotReader, type SnapshotRefusal, SnapshotWalk } from './snapshots.ts';
export { decodeTxn, type NumberedTxn, type Txn } from './txns.ts';
export type * from './types.ts';
export { statOf, type Znode } from './znode.ts';
