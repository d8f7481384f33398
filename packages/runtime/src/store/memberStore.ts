import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '@zookafka/base';
import { type FolderLock, lockFolder } from '../folderLock.ts';
import { makeFolder } from '../makeFolder.ts';
import { decodeEntries, encodeEntries } from './logRows.ts';
import { type RecoveredRows, snapshotsFolder, type StoreOperation } from './memberDatabase.ts';
import { openSnapshot } from './snapshotFile.ts';
import { type EngineReport } from './batchRunner.ts';
import {
  LocalEngine,
  type StartEngine,
  startWorkerEngine,
  type StoreEngine,
} from './storeEngine.ts';
import {
  type MemberStore,
  type RecoveredMember,
  type StoredEntry,
  StoreError,
  type StoreOptions,
  type StoreRequest,
} from './storeTypes.ts';

const bufferedBytesMaxDefault = 256 * 1024 * 1024;
/** Above this a snapshot that streams should hold back; below half of it, it may go on. */
const backedUpBytes = 8 * 1024 * 1024;
/** What a request without payload counts for. */
const requestBytes = 64;

/**
 * Opens the durable state of one member.
 *
 * The folder is locked, so that no second process uses it; one that holds ZooKeeper's own files is refused.
 *
 * @throws {StoreError} FOREIGN_FILES, FORMAT_TOO_NEW, OTHER_MEMBER, DAMAGED, UNSAFE_DATABASE
 * @throws {FolderError} IN_USE
 */
export async function openMemberStore(options: StoreOptions): Promise<MemberStore> {
  const { folder, mode = 'worker' } = options;
  makeFolder(folder);
  refuseForeign(folder);
  const lock = lockFolder(folder);
  try {
    const store = new Store(options, lock);
    await store.open(mode === 'worker' ? startWorkerEngine : startLocalEngine);
    return store;
  } catch (error) {
    lock.release();
    throw error;
  }
}

const startLocalEngine: StartEngine = (options, report) => new LocalEngine(options, report);

/** A folder of the original's must not look empty to us. */
function refuseForeign(folder: string): void {
  const found = 'version-2';
  if (!existsSync(join(folder, found))) return;
  throw new StoreError(
    { code: 'FOREIGN_FILES', folder, found },
    `Cannot use ${folder}: it holds ZooKeeper's own '${found}', which this program does not read`,
  );
}

/** What became durable when the engine has run a batch. */
interface SentBatch {
  readonly tokens: readonly number[];
  readonly bytes: number;
}

class Store implements MemberStore {
  private readonly options: StoreOptions;
  private readonly lock: FolderLock;
  private engine: StoreEngine | undefined;
  private recoveredMember: RecoveredMember | undefined;
  private operations: StoreOperation[] = [];
  private tokens: number[] = [];
  private operationBytes = 0;
  /** Entries of appends that nothing else came between: they become one blob. */
  private entries: StoredEntry[] = [];
  private committedZxid = 0;
  /** The batches that the engine has not reported yet. */
  private readonly sent: SentBatch[] = [];
  private sentBytes = 0;
  private wasBackedUp = false;
  private isOver = false;
  private onClosed: (() => void) | undefined;
  private onOpened: ((report: EngineReport) => void) | undefined;

  constructor(options: StoreOptions, lock: FolderLock) {
    this.options = options;
    this.lock = lock;
  }

  get recovered(): RecoveredMember {
    return this.recoveredMember as RecoveredMember;
  }

  get bufferedBytes(): number {
    return this.sentBytes + this.operationBytes;
  }

  get isBackedUp(): boolean {
    if (this.bufferedBytes > backedUpBytes) this.wasBackedUp = true;
    return this.wasBackedUp;
  }

  async open(start: StartEngine): Promise<void> {
    const { folder, serverId, snapshotCountKept, walBytesPreallocated, databaseBytesMax } =
      this.options;
    const first = await new Promise<EngineReport>((resolve) => {
      this.onOpened = resolve;
      this.engine = start(
        {
          folder,
          serverId,
          ...(snapshotCountKept === undefined ? {} : { snapshotCountKept }),
          ...(walBytesPreallocated === undefined ? {} : { walBytesPreallocated }),
          ...(databaseBytesMax === undefined ? {} : { databaseBytesMax }),
        },
        (report) => {
          this.onReport(report);
        },
      );
    });
    this.onOpened = undefined;
    if (first.kind === 'opened') {
      this.recoveredMember = this.memberOf(first.recovered);
      return;
    }
    this.isOver = true;
    throw refusalOf(first);
  }

  submit(request: StoreRequest, token?: number): void {
    if (this.isOver) return;
    if (this.operations.length === 0 && this.entries.length === 0) {
      queueMicrotask(() => {
        this.flush();
      });
    }
    this.operationBytes += sizeOf(request);
    if (request.kind === 'append') {
      for (const entry of request.entries) {
        const zxidLast = this.entries.at(-1)?.zxid ?? -1;
        assert(entry.zxid > zxidLast, 'A log is appended to in order', {
          zxid: entry.zxid,
          zxidLast,
        });
        this.entries.push(entry);
      }
      this.committedZxid = request.committedZxid;
    } else {
      this.closeAppend();
      this.operations.push(ownedBytes(request));
    }
    if (token !== undefined) this.tokens.push(token);
  }

  async close(): Promise<void> {
    if (!this.isOver) {
      this.flush();
      const closed = new Promise<void>((resolve) => {
        this.onClosed = resolve;
      });
      this.engine?.close();
      await closed;
    }
    this.isOver = true;
    this.lock.release();
  }

  private closeAppend(): void {
    const { entries, committedZxid } = this;
    const first = entries[0];
    const last = entries.at(-1);
    if (first === undefined || last === undefined) return;
    this.operations.push({
      kind: 'append',
      zxidFirst: first.zxid,
      zxidLast: last.zxid,
      committedZxid,
      blob: encodeEntries(entries),
    });
    this.entries = [];
  }

  private flush(): void {
    this.closeAppend();
    const { operations, tokens } = this;
    if ((operations.length === 0 && tokens.length === 0) || this.isOver) return;
    this.operations = [];
    this.tokens = [];
    this.send(operations, tokens);
  }

  private send(operations: readonly StoreOperation[], tokens: readonly number[]): void {
    this.sent.push({ tokens, bytes: this.operationBytes });
    this.sentBytes += this.operationBytes;
    this.operationBytes = 0;
    const bufferedBytesMax = this.options.bufferedBytesMax ?? bufferedBytesMaxDefault;
    if (this.sentBytes > bufferedBytesMax) {
      this.fail(`over ${bufferedBytesMax} bytes wait for the disk`);
      return;
    }
    this.engine?.run(operations);
  }

  private onReport(report: EngineReport): void {
    if (this.onOpened !== undefined) {
      this.onOpened(report);
      return;
    }
    switch (report.kind) {
      case 'ran':
        this.onRan(report.batchCount);
        return;
      case 'snapshotStored':
        if (!this.isOver) this.options.events.onSnapshotStored(report.zxid);
        return;
      case 'failed':
        this.fail(report.message);
        return;
      default:
        this.onClosed?.();
    }
  }

  private onRan(batchCount: number): void {
    for (const { tokens, bytes } of this.sent.splice(0, batchCount)) {
      this.sentBytes -= bytes;
      if (this.isOver) continue;
      for (const token of tokens) this.options.events.onDurable(token);
    }
    if (this.isOver) return;
    if (!this.wasBackedUp || this.bufferedBytes > backedUpBytes / 2) return;
    this.wasBackedUp = false;
    this.options.events.onRoom?.();
  }

  private fail(message: string): void {
    this.onClosed?.();
    if (this.isOver) return;
    this.isOver = true;
    this.engine?.close();
    const { folder, events } = this.options;
    events.onFailed(new Error(`Cannot store in ${folder}: ${message}`));
  }

  private memberOf({ meta, snapshot, blobs, snapshotsDamaged }: RecoveredRows): RecoveredMember {
    const zxid = snapshot?.zxid ?? 0;
    const path = join(snapshotsFolder(this.options.folder), snapshot?.file ?? '');
    return {
      meta,
      snapshot: snapshot === undefined ? undefined : openSnapshot(path, snapshot),
      log: blobs.flatMap((blob) => decodeEntries(blob)).filter((entry) => entry.zxid > zxid),
      snapshotsDamaged,
    };
  }
}

/** A chunk may be a view of something larger, which must not travel along: it gets memory of its own. */
function ownedBytes<Request extends { readonly kind: string }>(request: Request): Request {
  if (!('bytes' in request)) return request;
  return { ...request, bytes: new Uint8Array(request.bytes as Uint8Array) };
}

function sizeOf(request: StoreRequest): number {
  if (request.kind === 'snapshotChunk') return request.bytes.length;
  if (request.kind !== 'append') return requestBytes;
  return request.entries.reduce((sum, { bytes }) => sum + bytes.length, requestBytes);
}

function refusalOf(report: EngineReport): Error {
  if (report.kind === 'refused' && report.detail !== undefined) {
    return new StoreError(report.detail, report.message);
  }
  const fact = 'message' in report ? report.message : 'no answer';
  return new Error(`Cannot open the store: ${fact}`);
}
