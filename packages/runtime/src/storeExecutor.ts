import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { type MemberDatabase } from './memberDatabase.ts';
import { type StoreAnswer, type StoreOperation } from './memberStoreTypes.ts';
import { SnapshotWriter } from './snapshotFile.ts';

/** Older snapshots than so many are removed by a purge. */
const snapshotsKept = 3;
/** The write-ahead log is copied back when it holds so much and nobody waits… */
const checkpointBytesIdle = 1 << 20;
/** …and when it holds so much, whoever waits. */
const checkpointBytesMax = 64 << 20;
/** What a commit costs in the write-ahead log beside its bytes: the pages that it touches. */
const commitOverheadBytes = 3 * 4096;

/** Carries out the operations of a member's store, all that wait together in one transaction. */
export class StoreExecutor {
  private readonly database: MemberDatabase;
  private readonly folder: string;
  private snapshot: SnapshotWriter | undefined;
  private install: SnapshotWriter | undefined;
  private bytesSinceCheckpoint = 0;

  constructor(database: MemberDatabase, folder: string) {
    this.database = database;
    this.folder = folder;
  }

  /** @returns what to answer once this call has returned: the commit is on the disk then */
  run(operations: readonly StoreOperation[]): readonly StoreAnswer[] {
    let token: number | undefined;
    const answers: StoreAnswer[] = [];
    const removals: string[] = [];
    this.database.database.transaction(() => {
      for (const operation of operations) {
        this.runOne(operation, answers, removals);
        if ('token' in operation) ({ token } = operation);
      }
    })();
    for (const file of removals) rmSync(join(this.folder, file), { force: true });
    this.bytesSinceCheckpoint += commitOverheadBytes;
    if (this.bytesSinceCheckpoint > checkpointBytesMax) this.checkpoint();
    if (token !== undefined) answers.push({ kind: 'durable', token });
    return answers;
  }

  /** Called when nothing waits. */
  idle(): void {
    if (this.bytesSinceCheckpoint > checkpointBytesIdle) this.checkpoint();
  }

  close(): void {
    this.snapshot?.abort();
    this.install?.abort();
    this.checkpoint();
    this.database.close();
  }

  private checkpoint(): void {
    this.database.checkpoint();
    this.bytesSinceCheckpoint = 0;
  }

  private runOne(operation: StoreOperation, answers: StoreAnswer[], removals: string[]): void {
    const { database } = this;
    switch (operation.kind) {
      case 'append':
        database.append(operation.entries);
        for (const { bytes } of operation.entries) this.bytesSinceCheckpoint += bytes.length + 12;
        database.setMeta('committedZxid', operation.committedZxid);
        return;
      case 'truncate':
        database.truncateAfter(operation.zxid);
        return;
      case 'acceptedEpoch':
      case 'currentEpoch':
        database.setMeta(operation.kind, operation.epoch);
        return;
      case 'ensembleId':
        database.setMeta('ensembleId', operation.ensembleId);
        return;
      case 'purge':
        this.purge(removals);
        return;
      case 'snapshotBegin':
      case 'snapshotChunk':
      case 'snapshotCommit':
      case 'snapshotAbort':
        this.runSnapshot(operation, answers);
        return;
      default:
        this.runInstall(operation, removals);
    }
  }

  private runSnapshot(
    operation: Extract<
      StoreOperation,
      { kind: 'snapshotBegin' | 'snapshotChunk' | 'snapshotCommit' | 'snapshotAbort' }
    >,
    answers: StoreAnswer[],
  ): void {
    if (operation.kind === 'snapshotBegin') {
      this.snapshot?.abort();
      this.snapshot = new SnapshotWriter(this.folder, operation.zxid);
    } else if (operation.kind === 'snapshotChunk') this.snapshot?.chunk(operation.bytes);
    else if (operation.kind === 'snapshotAbort') {
      this.snapshot?.abort();
      this.snapshot = undefined;
    } else if (this.snapshot !== undefined) {
      this.database.addSnapshot(operation.zxid, this.snapshot.commit());
      this.snapshot = undefined;
      answers.push({ kind: 'snapshotStored', zxid: operation.zxid });
    }
  }

  private runInstall(
    operation: Extract<
      StoreOperation,
      { kind: 'installBegin' | 'installChunk' | 'installEnd' | 'installAbort' }
    >,
    removals: string[],
  ): void {
    if (operation.kind === 'installBegin') {
      this.install?.abort();
      this.install = new SnapshotWriter(this.folder, operation.zxid);
    } else if (operation.kind === 'installChunk') this.install?.chunk(operation.bytes);
    else if (operation.kind === 'installAbort') {
      this.install?.abort();
      this.install = undefined;
    } else if (this.install !== undefined) {
      const file = this.install.commit();
      this.install = undefined;
      for (const older of this.database.snapshots()) {
        this.database.dropSnapshot(older.zxid);
        if (older.file !== file) removals.push(older.file);
      }
      this.database.truncateAfter(0);
      this.database.addSnapshot(operation.zxid, file);
      this.database.setMeta('committedZxid', operation.zxid);
    }
  }

  private purge(removals: string[]): void {
    const snapshots = this.database.snapshots();
    const kept = snapshots.slice(0, snapshotsKept);
    for (const { zxid, file } of snapshots.slice(snapshotsKept)) {
      this.database.dropSnapshot(zxid);
      removals.push(file);
    }
    const oldest = kept[kept.length - 1];
    if (oldest !== undefined && kept.length === snapshotsKept) this.database.dropUpTo(oldest.zxid);
  }
}
