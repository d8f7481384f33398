import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { assert } from '@zookafka/base';
import { syncDirectory } from '../nodeFileSystem.ts';
import { decodeEntries, encodeEntries } from './logRows.ts';
import { isSnapshotWhole, type SnapshotIndexRow, SnapshotWriter } from './snapshotFile.ts';
import { type Database, openDatabase, type Statements } from './sqlite.ts';
import {
  type DatabaseOptions,
  type MemberMeta,
  type SnapshotStream,
  StoreError,
  type StoreRequest,
  type SyncAside,
} from './storeTypes.ts';

/** A request as it travels to the thread that writes: entries are one blob. */
export type StoreOperation = Exclude<StoreRequest, { readonly kind: 'append' }> | AppendOperation;

/** The entries of one turn, encoded. */
export interface AppendOperation {
  readonly kind: 'append';
  readonly zxidFirst: number;
  readonly zxidLast: number;
  readonly committedZxid: number;
  readonly blob: Uint8Array<ArrayBuffer>;
}

/** What was found, as it travels back. */
export interface RecoveredRows {
  readonly meta: MemberMeta;
  readonly snapshot: SnapshotIndexRow | undefined;
  readonly blobs: readonly Uint8Array[];
  readonly snapshotsDamaged: readonly string[];
}

/** What happens beside the requests, and is done elsewhere. */
export interface DatabaseEvents {
  readonly onSnapshotStored: (zxid: number) => void;
  readonly onFailed: (error: Error) => void;
  readonly syncAside: SyncAside;
}

const pageBytes = 4096;
/** Frames of the write-ahead log after which a checkpoint is due even under load, in the member that waits longest. */
const checkpointPageCountMax = 1000;
/** Members log the same: each pauses for its checkpoint at another write, so that a quorum never pauses together. */
const checkpointPageCountStep = 50;
const checkpointStepCount = 4;
/** Frames that are worth a checkpoint when nothing else is to be done. */
const checkpointPageCountIdle = 64;
/** Batches that are joined into one row stay below this. */
const rowBytesMax = 1 << 20;
/** Rows that one slice of a purge removes: a commit behind it waits no longer than for a few writes. */
const purgeRowCountMax = 64;
const snapshotCountKeptDefault = 3;

/** The folder of snapshots inside a member's folder. */
export function snapshotsFolder(folder: string): string {
  return join(folder, 'snapshots');
}

/**
 * A member's disk: epochs, log and the snapshots' index in SQLite, each snapshot in a file of its own. Synchronous; runs
 * in a thread of its own or on the loop.
 *
 * Each `run` is one transaction, durable when it returns. After anything throws, nothing must be acknowledged.
 */
export class MemberDatabase {
  readonly recovered: RecoveredRows;
  private readonly options: DatabaseOptions;
  private readonly events: DatabaseEvents;
  private readonly database: Database;
  private readonly statements: Statements;
  private readonly writers = new Map<SnapshotStream, SnapshotWriter>();
  /** Own snapshots whose file is being synced. */
  private readonly finishing = new Set<SnapshotWriter>();
  private readonly checkpointPageCount: number;
  private zxidLast: number;
  private snapshotIdNext: number;
  private walPageCount = 0;
  /** Logged batches that end at or below this may go. */
  private purgeZxid = 0;

  constructor(options: DatabaseOptions, events: DatabaseEvents) {
    this.options = options;
    this.events = events;
    const early = (options.serverId % checkpointStepCount) * checkpointPageCountStep;
    this.checkpointPageCount = checkpointPageCountMax - early;
    const folder = snapshotsFolder(options.folder);
    if (!existsSync(folder)) {
      mkdirSync(folder);
      syncDirectory(options.folder);
    }
    this.database = openDatabase(options);
    this.statements = this.database.statements;
    this.snapshotIdNext = this.statements.snapshotIdMax() + 1;
    try {
      this.recovered = this.recover();
    } catch (error) {
      this.database.close();
      throw error;
    }
    this.zxidLast = Math.max(this.statements.zxidLast(), this.recovered.snapshot?.zxid ?? 0);
    this.removeLooseFiles();
  }

  /** Does all of it in one transaction. */
  run(operations: readonly StoreOperation[]): void {
    const after: (() => void)[] = [];
    const appended = appendsFrom(operations, 0);
    // One statement is a transaction by itself: two calls less for a write that waits alone.
    if (appended.length > 0 && appended.length === operations.length) this.append(appended);
    else {
      this.database.transaction(() => {
        this.performAll(operations, after);
      });
    }
    for (const act of after) act();
    if (this.walPageCount >= this.checkpointPageCount) this.checkpoint();
  }

  /** Does a slice of what has time. @returns whether there is more */
  idle(): boolean {
    if (this.purgeZxid > 0) {
      let count = 0;
      this.database.transaction(() => {
        count = this.statements.deleteLogUpTo(this.purgeZxid, purgeRowCountMax);
        this.walPageCount += count * 2;
      });
      if (count < purgeRowCountMax) this.purgeZxid = 0;
      return true;
    }
    if (this.walPageCount >= checkpointPageCountIdle) this.checkpoint();
    return false;
  }

  /** Drops snapshots that are under way; all else is durable already. */
  close(): void {
    for (const writer of [...this.writers.values(), ...this.finishing]) writer.abort();
    this.database.close();
  }

  private performAll(operations: readonly StoreOperation[], after: (() => void)[]): void {
    for (let index = 0; index < operations.length; index++) {
      const operation = operations[index] as StoreOperation;
      if (operation.kind === 'append') {
        const run = appendsFrom(operations, index);
        index += run.length - 1;
        this.append(run);
      } else {
        this.perform(operation, after);
      }
    }
  }

  private append(operations: readonly AppendOperation[]): void {
    const first = operations[0] as AppendOperation;
    const last = operations.at(-1) as AppendOperation;
    for (const { zxidFirst, zxidLast } of operations) {
      assert(zxidFirst > this.zxidLast, 'A log is appended to in order', {
        zxidFirst,
        zxidLast: this.zxidLast,
      });
      this.zxidLast = zxidLast;
    }
    const blobs = operations.map(({ blob }) => blob);
    const blob = blobs.length === 1 ? (blobs[0] as Uint8Array) : Buffer.concat(blobs);
    this.insertRow(first.zxidFirst, last.zxidLast, last.committedZxid, blob);
  }

  private insertRow(first: number, last: number, committed: number, blob: Uint8Array): void {
    this.statements.insertLog({ first, last, committed, blob, checksum: crc32(blob) });
    this.walPageCount += Math.ceil(blob.length / pageBytes) + 2;
  }

  private perform(
    operation: Exclude<StoreOperation, AppendOperation>,
    after: (() => void)[],
  ): void {
    this.walPageCount++;
    switch (operation.kind) {
      case 'truncateAfter':
        this.truncateAfter(operation.zxid);
        return;
      case 'setAcceptedEpoch':
        this.statements.setMeta('acceptedEpoch', operation.epoch);
        return;
      case 'setCurrentEpoch':
        this.statements.setMeta('currentEpoch', operation.epoch);
        return;
      case 'setEnsembleId':
        this.statements.setMeta('ensembleId', operation.ensembleId);
        return;
      case 'snapshotBegin':
        this.beginSnapshot(operation.stream, operation.zxid);
        return;
      case 'snapshotChunk':
        this.writerOf(operation.stream).write(operation.bytes);
        return;
      case 'snapshotCommit':
        if (operation.stream === 'own') this.finishOwn();
        else this.install(after);
        return;
      case 'snapshotAbort':
        this.writers.get(operation.stream)?.abort();
        this.writers.delete(operation.stream);
        return;
      default:
        this.purge(operation.zxid, after);
    }
  }

  private truncateAfter(zxid: number): void {
    const newest = this.statements.snapshots().at(-1);
    assert(newest === undefined || newest.zxid <= zxid, 'No snapshot is ahead of the log', {
      zxid,
      newest: newest?.zxid,
    });
    const row = this.statements.logAcross(zxid);
    this.statements.deleteLogAfter(zxid);
    if (row !== undefined) {
      const kept = decodeEntries(row.blob).filter((entry) => entry.zxid <= zxid);
      this.statements.deleteLogFrom(row.first);
      const last = kept.at(-1)?.zxid ?? 0;
      const committed = Math.min(row.committed, zxid);
      this.insertRow(row.first, last, committed, encodeEntries(kept));
    }
    this.zxidLast = Math.max(this.statements.zxidLast(), newest?.zxid ?? 0);
  }

  private beginSnapshot(stream: SnapshotStream, zxid: number): void {
    this.writers.get(stream)?.abort();
    const name = `${zxid.toString(16)}-${this.snapshotIdNext++}.snapshot`;
    const path = join(snapshotsFolder(this.options.folder), name);
    this.writers.set(stream, new SnapshotWriter(path, zxid));
  }

  private writerOf(stream: SnapshotStream): SnapshotWriter {
    const writer = this.writers.get(stream);
    assert(writer !== undefined, 'A snapshot begins before it goes on', { stream });
    return writer;
  }

  /** The file is synced beside everything else: commits do not wait for it. */
  private finishOwn(): void {
    const writer = this.writerOf('own');
    this.writers.delete('own');
    this.finishing.add(writer);
    writer.finishAside(this.snapshotIdNext++, this.events.syncAside, (result) => {
      this.finishing.delete(writer);
      try {
        if (result instanceof Error) throw result;
        this.database.transaction(() => {
          this.statements.insertSnapshot(result);
        });
        this.events.onSnapshotStored(result.zxid);
      } catch (error) {
        this.events.onFailed(error as Error);
      }
    });
  }

  /** A leader's snapshot takes the place of all that was there. */
  private install(after: (() => void)[]): void {
    const writer = this.writerOf('installed');
    this.writers.delete('installed');
    for (const other of this.finishing) other.abort();
    this.finishing.clear();
    this.writers.get('own')?.abort();
    this.writers.delete('own');
    const row = writer.finish(this.snapshotIdNext++);
    const others = this.statements.snapshots();
    for (const { id } of others) this.statements.deleteSnapshot(id);
    this.statements.insertSnapshot(row);
    this.statements.deleteLogAfter(-1);
    this.zxidLast = row.zxid;
    this.purgeZxid = 0;
    after.push(() => {
      this.removeFiles(others);
    });
  }

  private purge(zxid: number, after: (() => void)[]): void {
    const kept = this.options.snapshotCountKept ?? snapshotCountKeptDefault;
    const snapshots = this.statements.snapshots();
    const gone = snapshots.slice(0, Math.max(0, snapshots.length - kept));
    for (const { id } of gone) this.statements.deleteSnapshot(id);
    // Every snapshot that stays can be started from: it needs the log behind it.
    const oldest = snapshots[gone.length];
    if (oldest !== undefined) this.purgeZxid = Math.min(zxid, oldest.zxid);
    after.push(() => {
      this.removeFiles(gone);
    });
  }

  private checkpoint(): void {
    this.database.checkpoint();
    this.walPageCount = 0;
  }

  private recover(): RecoveredRows {
    const snapshots = this.statements.snapshots();
    const damaged: SnapshotIndexRow[] = [];
    let snapshot = snapshots.pop();
    while (snapshot !== undefined && !isSnapshotWhole(this.pathOf(snapshot), snapshot)) {
      damaged.push(snapshot);
      snapshot = snapshots.pop();
    }
    if (snapshot === undefined && damaged.length > 0) {
      throw damagedError(
        `${this.options.folder}: none of its ${damaged.length} snapshots is whole`,
      );
    }
    for (const { id } of damaged) this.statements.deleteSnapshot(id);
    const blobs: Uint8Array[] = [];
    let committedZxid = snapshot?.zxid ?? 0;
    for (const row of this.statements.logAfter(snapshot?.zxid ?? 0)) {
      if (crc32(row.blob) !== row.checksum) {
        throw damagedError(`${this.options.folder}: the batch at zxid ${row.first} is damaged`);
      }
      committedZxid = Math.max(committedZxid, row.committed);
      blobs.push(row.blob);
    }
    const meta = { ...this.statements.meta(), committedZxid };
    return { meta, snapshot, blobs, snapshotsDamaged: damaged.map(({ file }) => file) };
  }

  private pathOf({ file }: SnapshotIndexRow): string {
    return join(snapshotsFolder(this.options.folder), file);
  }

  private removeFiles(rows: readonly SnapshotIndexRow[]): void {
    for (const row of rows) rmSync(this.pathOf(row), { force: true });
  }

  /** Files that no row names: of a snapshot that was under way, or was removed, when the process ended. */
  private removeLooseFiles(): void {
    const named = new Set(this.statements.snapshots().map(({ file }) => file));
    const folder = snapshotsFolder(this.options.folder);
    for (const file of readdirSync(folder)) {
      if (!named.has(file) && /\.snapshot(\.new)?$/.test(file)) rmSync(join(folder, file));
    }
  }
}

/** The appends at `start` and right behind it, as many as fit into one row. */
function appendsFrom(
  operations: readonly StoreOperation[],
  start: number,
): readonly AppendOperation[] {
  const found: AppendOperation[] = [];
  let size = 0;
  for (let index = start; index < operations.length; index++) {
    const operation = operations[index] as StoreOperation;
    if (operation.kind !== 'append') break;
    size += operation.blob.length;
    if (found.length > 0 && size > rowBytesMax) break;
    found.push(operation);
  }
  return found;
}

function damagedError(found: string): StoreError {
  return new StoreError({ code: 'DAMAGED', found }, `Cannot use ${found}`);
}
