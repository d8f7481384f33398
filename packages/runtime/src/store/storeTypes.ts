import { CodedError } from '@zookafka/base';

/** One logged transaction. */
export interface StoredEntry {
  readonly zxid: number;
  readonly bytes: Uint8Array;
}

/** What a member keeps beside its log. An empty member has 0 and null everywhere. */
export interface MemberMeta {
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  readonly ensembleId: string | null;
  /** A hint: what was known to be committed when the last batch was logged. */
  readonly committedZxid: number;
}

/**
 * The two snapshots that may be under way at once: the member's own, taken while it works and finished beside
 * everything else, and one that a leader sends, which replaces log and snapshots at its end.
 */
export type SnapshotStream = 'own' | 'installed';

/** What a member has done to its disk. */
export type StoreRequest =
  | {
      readonly kind: 'append';
      /** In the order of zxids, above all that is logged. */
      readonly entries: readonly StoredEntry[];
      readonly committedZxid: number;
    }
  /** Cuts off every logged transaction above `zxid`. */
  | { readonly kind: 'truncateAfter'; readonly zxid: number }
  | { readonly kind: 'setAcceptedEpoch'; readonly epoch: number }
  | { readonly kind: 'setCurrentEpoch'; readonly epoch: number }
  | { readonly kind: 'setEnsembleId'; readonly ensembleId: string }
  | { readonly kind: 'snapshotBegin'; readonly stream: SnapshotStream; readonly zxid: number }
  | { readonly kind: 'snapshotChunk'; readonly stream: SnapshotStream; readonly bytes: Uint8Array }
  /** `own` is answered by `onSnapshotStored`; `installed` takes its place among the tokens. */
  | { readonly kind: 'snapshotCommit'; readonly stream: SnapshotStream }
  | { readonly kind: 'snapshotAbort'; readonly stream: SnapshotStream }
  /** Allows to remove older snapshots, but for the last few, and the log up to `zxid` that they do not need. */
  | { readonly kind: 'purge'; readonly zxid: number };

/** What a member is told of its disk. */
export interface StoreEvents {
  /** What carried this token is on the disk, and all that was submitted before it. */
  readonly onDurable: (token: number) => void;
  readonly onSnapshotStored: (zxid: number) => void;
  /** The disk has taken in what was held back by `isBackedUp`. */
  readonly onRoom?: () => void;
  /** A write or a sync failed. Nothing becomes durable any more: the member must stop. */
  readonly onFailed: (error: Error) => void;
}

/** Where and how a member stores. */
export interface StoreOptions {
  /** The member's `dataDir`, made when it is missing. */
  readonly folder: string;
  readonly serverId: number;
  readonly events: StoreEvents;
  /** `worker`: nothing on the event loop waits for the disk. `loop`: no thread, but each commit stops the loop. */
  readonly mode?: 'worker' | 'loop';
  /** How many snapshots `purge` keeps. */
  readonly snapshotCountKept?: number;
  /** How much of the database's write-ahead log is written before the first commit, so that commits find it there. */
  readonly walBytesPreallocated?: number;
  /** A database that would grow beyond this fails. */
  readonly databaseBytesMax?: number;
  /** What may wait for the disk; more fails, and `isBackedUp` tells long before. */
  readonly bufferedBytesMax?: number;
}

/** What the database is opened with: plain data, which can travel to a thread. */
export type DatabaseOptions = Omit<StoreOptions, 'events' | 'mode' | 'bufferedBytesMax'>;

/** Has an open file synced where nobody waits for it. */
export type SyncAside = (descriptor: number, done: (error: Error | null) => void) => void;

/** Reads the content of a snapshot from its start, once. Its digest was verified. */
export interface SnapshotReader {
  readonly zxid: number;
  readonly contentBytes: number;
  /** @returns up to `length` bytes: empty at the end */
  read(length: number): Uint8Array;
  close(): void;
}

/** What was found on the disk. */
export interface RecoveredMember {
  readonly meta: MemberMeta;
  /** The newest one that is whole, to be closed by whoever reads it. */
  readonly snapshot: SnapshotReader | undefined;
  /** What was logged after that snapshot, in order. */
  readonly log: readonly StoredEntry[];
  /** Files of newer snapshots that were damaged and passed over. */
  readonly snapshotsDamaged: readonly string[];
}

/** The durable state of one member. */
export interface MemberStore {
  readonly recovered: RecoveredMember;
  /** Everything of one turn goes to the disk together. After a failure, or `close`, it is dropped. */
  submit(request: StoreRequest, token?: number): void;
  /** Bytes that wait for the disk. */
  readonly bufferedBytes: number;
  /** Whether snapshots should hold back until `onRoom`. */
  readonly isBackedUp: boolean;
  /** Writes what was submitted, closes all files, gives the folder back. */
  close(): Promise<void>;
}

/** Why a folder's content cannot be used. */
export type StoreRefusal =
  | { readonly code: 'FOREIGN_FILES'; readonly folder: string; readonly found: string }
  | { readonly code: 'FORMAT_TOO_NEW'; readonly found: number; readonly supported: number }
  | { readonly code: 'OTHER_MEMBER'; readonly found: number; readonly serverId: number }
  | { readonly code: 'DAMAGED'; readonly found: string }
  | { readonly code: 'UNSAFE_DATABASE'; readonly found: string };

/** A member's folder that cannot be used as it is: never started empty instead. */
export class StoreError extends CodedError<StoreRefusal> {
  override readonly name = 'StoreError';
}
