import { ByteReader, CodedError } from '@zookafka/base';
import {
  type MemberStore,
  openMemberStore,
  type SnapshotReader as StoredSnapshot,
  type SnapshotStream,
} from '@zookafka/runtime';
import { DataTree, type MemberEffect, type MemberInput, SnapshotReader } from '../core/index.ts';

type StoredKind =
  | 'append'
  | 'truncate'
  | 'persistAcceptedEpoch'
  | 'persistCurrentEpoch'
  | 'installSnapshotBegin'
  | 'installSnapshotChunk'
  | 'installSnapshotEnd'
  | 'installSnapshotAbort'
  | 'storeSnapshotBegin'
  | 'storeSnapshotChunk'
  | 'storeSnapshotCommit'
  | 'storeSnapshotAbort'
  | 'purge';

/** Effects that end in the member's store. */
export type StorageEffect = Extract<MemberEffect, { readonly kind: StoredKind }>;

/** Why a member cannot go on, or not begin. */
export type StorageRefusal =
  | { readonly code: 'FOLDER_UNUSABLE'; readonly folder: string }
  /** A write or a sync failed: nothing may be acknowledged any more. */
  | { readonly code: 'FAILED' };

/** A disk that refuses. */
export class StorageError extends CodedError<StorageRefusal> {
  override readonly name = 'StorageError';
}

/** What the member's storage needs. */
export interface StorageOptions {
  readonly folder: string;
  readonly serverId: number;
  readonly mode: 'worker' | 'loop';
  readonly snapshotCountKept: number;
  /** A database that would grow beyond this fails, as a full disk does. */
  readonly databaseBytesMax?: number;
  readonly submit: (input: MemberInput) => void;
  /** A write or a sync failed: the member must stop, and acknowledge nothing more. */
  readonly onFailed: (error: Error) => void;
}

/** Before each chunk of a snapshot stands its length: chunks are whole parts, and are read back as they were. */
const lengthBytes = 4;

/** Maps the member's durable effects to the store's requests, and its answers to inputs. */
export class Storage {
  readonly store: MemberStore;

  private constructor(store: MemberStore) {
    this.store = store;
  }

  /** @throws {StoreError | FolderError | StorageError} when the folder cannot be used */
  static async open(options: StorageOptions): Promise<Storage> {
    const { submit, onFailed, ...rest } = options;
    const events = {
      onDurable: (token: number) => {
        submit({ kind: 'durable', token });
      },
      onSnapshotStored: (zxid: number) => {
        submit({ kind: 'snapshotStored', zxid });
      },
      onFailed: (cause: Error) => {
        onFailed(new StorageError({ code: 'FAILED' }, cause.message, { cause }));
      },
    };
    try {
      return new Storage(await openMemberStore({ ...rest, events }));
    } catch (cause) {
      if (!(cause instanceof Error) || cause instanceof CodedError) throw cause;
      const { folder } = options;
      throw new StorageError(
        { code: 'FOLDER_UNUSABLE', folder },
        `Cannot use ${folder}: ${cause.message}`,
        { cause },
      );
    }
  }

  /** The tree of the newest snapshot, read back with its digest checked; a new tree where there is none. */
  loadTree(): DataTree {
    const { snapshot } = this.store.recovered;
    if (snapshot === undefined) return new DataTree();
    try {
      const reader = new SnapshotReader();
      for (const chunk of chunksOf(snapshot)) reader.chunk(chunk);
      return reader.finish().tree;
    } finally {
      snapshot.close();
    }
  }

  /** Hands one effect over; those of a turn reach the disk together. */
  perform(effect: StorageEffect): void {
    const { store } = this;
    switch (effect.kind) {
      case 'append': {
        const { entries, committedZxid, token } = effect;
        store.submit({ kind: 'append', entries, committedZxid }, token);
        return;
      }
      case 'truncate':
        store.submit({ kind: 'truncateAfter', zxid: effect.zxid }, effect.token);
        return;
      case 'persistAcceptedEpoch':
        store.submit({ kind: 'setAcceptedEpoch', epoch: effect.epoch }, effect.token);
        return;
      case 'persistCurrentEpoch':
        store.submit({ kind: 'setCurrentEpoch', epoch: effect.epoch }, effect.token);
        return;
      case 'purge':
        store.submit({ kind: 'purge', zxid: effect.zxid });
        return;
      default:
        this.performSnapshot(effect);
    }
  }

  private performSnapshot(
    effect: Extract<StorageEffect, { readonly kind: `${'install' | 'store'}Snapshot${string}` }>,
  ): void {
    const { store } = this;
    switch (effect.kind) {
      case 'installSnapshotBegin':
        store.submit({ kind: 'snapshotBegin', stream: 'installed', zxid: effect.zxid });
        return;
      case 'storeSnapshotBegin':
        store.submit({ kind: 'snapshotBegin', stream: 'own', zxid: effect.zxid });
        return;
      case 'installSnapshotChunk':
        this.chunk('installed', effect.bytes);
        return;
      case 'storeSnapshotChunk':
        this.chunk('own', effect.bytes);
        return;
      case 'installSnapshotEnd':
        store.submit({ kind: 'snapshotCommit', stream: 'installed' }, effect.token);
        return;
      case 'storeSnapshotCommit':
        store.submit({ kind: 'snapshotCommit', stream: 'own' });
        return;
      case 'installSnapshotAbort':
        store.submit({ kind: 'snapshotAbort', stream: 'installed' });
        return;
      default:
        store.submit({ kind: 'snapshotAbort', stream: 'own' });
    }
  }

  private chunk(stream: SnapshotStream, chunk: Uint8Array): void {
    const bytes = new Uint8Array(lengthBytes + chunk.length);
    new DataView(bytes.buffer).setUint32(0, chunk.length);
    bytes.set(chunk, lengthBytes);
    this.store.submit({ kind: 'snapshotChunk', stream, bytes });
  }
}

function* chunksOf(snapshot: StoredSnapshot): Generator<Uint8Array> {
  for (;;) {
    const head = snapshot.read(lengthBytes);
    if (head.length < lengthBytes) return;
    yield snapshot.read(new ByteReader(head).uint32());
  }
}
