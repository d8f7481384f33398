/** One logged transaction. */
export interface StoredEntry {
  readonly zxid: number;
  readonly bytes: Uint8Array;
}

/**
 * One thing to be made durable. Operations are carried out in order; those that wait together are one transaction
 * of the database.
 */
export type StoreOperation =
  | {
      readonly kind: 'append';
      readonly token: number;
      readonly entries: readonly StoredEntry[];
      readonly committedZxid: number;
    }
  | { readonly kind: 'truncate'; readonly token: number; readonly zxid: number }
  | { readonly kind: 'acceptedEpoch'; readonly token: number; readonly epoch: number }
  | { readonly kind: 'currentEpoch'; readonly token: number; readonly epoch: number }
  | { readonly kind: 'ensembleId'; readonly ensembleId: string }
  /** A snapshot of this member's own tree. */
  | { readonly kind: 'snapshotBegin'; readonly zxid: number }
  | { readonly kind: 'snapshotChunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'snapshotCommit'; readonly zxid: number }
  | { readonly kind: 'snapshotAbort' }
  /** A snapshot from the leader: at its end it replaces the log and every older snapshot. */
  | { readonly kind: 'installBegin'; readonly zxid: number }
  | { readonly kind: 'installChunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'installEnd'; readonly token: number; readonly zxid: number }
  | { readonly kind: 'installAbort' }
  /** Removes snapshots but the newest few, and what was logged before the oldest of those. */
  | { readonly kind: 'purge'; readonly zxid: number };

/** What the store tells: in the order of the operations. */
export type StoreAnswer =
  /** Everything up to this token is on the disk. */
  | { readonly kind: 'durable'; readonly token: number }
  | { readonly kind: 'snapshotStored'; readonly zxid: number }
  /** A write or a sync failed: nothing may be acknowledged any more. */
  | { readonly kind: 'failed'; readonly message: string };

/** What a member finds when it starts. */
export interface RecoveredMember {
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  readonly ensembleId: string | null;
  readonly committedZxid: number;
  readonly snapshotZxid: number;
  /** The newest snapshot's content, or undefined when there is none. */
  readonly snapshotChunks: readonly Uint8Array[] | undefined;
  /** What was logged after the snapshot, in order. */
  readonly log: readonly StoredEntry[];
}
