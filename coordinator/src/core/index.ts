export { DataTree } from './dataTree.ts';
export { type Digest, digestText } from './digest.ts';
export { Member, type MemberOptions } from './member.ts';
export { type MemberRules, memberRules } from './rules.ts';
export { SnapshotError, SnapshotReader, type SnapshotRefusal } from './snapshots.ts';
export { decodeTxn, type NumberedTxn, type Txn } from './txns.ts';
export type * from './types.ts';
