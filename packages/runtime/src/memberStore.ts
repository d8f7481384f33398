import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { lockFolder, type FolderLock } from './folderLock.ts';
import { MemberDatabase } from './memberDatabase.ts';
import { type RecoveredMember, type StoreAnswer, type StoreOperation } from './memberStoreTypes.ts';
import { type StoreWorkerData } from './memberStoreWorker.ts';
import { readSnapshot } from './snapshotFile.ts';
import { StoreError } from './storeError.ts';
import { StoreExecutor } from './storeExecutor.ts';

/** How a member's store is opened. */
export interface MemberStoreOptions {
  /** The member's dataDir. */
  readonly folder: string;
  /** `worker` waits for the disk in a thread of its own; `inline` on the event loop: for comparison and tests. */
  readonly mode: 'worker' | 'inline';
  readonly onAnswer: (answer: StoreAnswer) => void;
}

const databaseName = 'member.db';

/**
 * What a member must not forget: epochs, the log, snapshots. Opening reads all of it; `post` and `flush` hand
 * operations over, answers come later, in order.
 */
export class MemberStore {
  readonly recovered: RecoveredMember;
  private readonly options: MemberStoreOptions;
  private readonly lock: FolderLock;
  private readonly worker: Worker | undefined;
  private readonly executor: StoreExecutor | undefined;
  private posted: StoreOperation[] = [];
  private isClosed = false;
  private onExit: () => void = () => undefined;

  /** @throws {StoreError} when the folder is in use, holds another program's data, or cannot be made durable */
  constructor(options: MemberStoreOptions) {
    const { folder } = options;
    this.options = options;
    mkdirSync(folder, { recursive: true });
    refuseForeignData(folder);
    this.lock = lockFolder(folder);
    try {
      const databasePath = join(folder, databaseName);
      const database = new MemberDatabase(databasePath);
      this.recovered = recover(database, folder);
      if (options.mode === 'inline') this.executor = new StoreExecutor(database, folder);
      else {
        // One connection a file at a time: the worker opens its own.
        database.close();
        this.worker = this.startWorker({ databasePath, folder });
      }
    } catch (error) {
      this.lock.release();
      throw error;
    }
  }

  /** Adds an operation to what `flush` hands over. */
  post(operation: StoreOperation): void {
    this.posted.push(operation);
  }

  /** Hands over what was posted: one transaction, with whatever else waits for the disk. */
  flush(): void {
    if (this.posted.length === 0 || this.isClosed) return;
    const operations = this.posted;
    this.posted = [];
    if (this.worker !== undefined) this.worker.postMessage(operations);
    else if (this.executor !== undefined) this.runInline(this.executor, operations);
  }

  /** Waits until all that was handed over is on the disk, then lets the folder go. */
  close(): Promise<void> {
    this.flush();
    this.isClosed = true;
    return new Promise((resolve) => {
      const finish = (): void => {
        this.lock.release();
        resolve();
      };
      if (this.worker === undefined) {
        this.executor?.close();
        finish();
        return;
      }
      this.onExit = finish;
      this.worker.postMessage('close');
    });
  }

  private runInline(executor: StoreExecutor, operations: readonly StoreOperation[]): void {
    let answers: readonly StoreAnswer[];
    try {
      answers = executor.run(operations);
    } catch (error) {
      answers = [
        { kind: 'failed', message: error instanceof Error ? error.message : String(error) },
      ];
    }
    setImmediate(() => {
      for (const answer of answers) this.options.onAnswer(answer);
    });
  }

  private startWorker(data: StoreWorkerData): Worker {
    const worker = new Worker(workerPath(), { workerData: data });
    worker.on('message', (answers: readonly StoreAnswer[]) => {
      for (const answer of answers) this.options.onAnswer(answer);
    });
    worker.on('error', (error) => {
      const message = error instanceof Error ? error.message : String(error);
      this.options.onAnswer({ kind: 'failed', message });
    });
    worker.on('exit', () => {
      this.onExit();
    });
    return worker;
  }
}

/** The compiled bootstrap, also where this file runs from its TypeScript source. */
function workerPath(): string {
  return join(__dirname, '..', 'lib', 'memberStoreWorkerMain.js');
}

function recover(database: MemberDatabase, folder: string): RecoveredMember {
  const number = (name: string): number => Number(database.meta(name) ?? 0);
  const ensembleId = database.meta('ensembleId');
  const [newest] = database.snapshots();
  const snapshotZxid = newest?.zxid ?? 0;
  return {
    acceptedEpoch: number('acceptedEpoch'),
    currentEpoch: number('currentEpoch'),
    ensembleId: ensembleId === undefined ? null : String(ensembleId),
    committedZxid: number('committedZxid'),
    snapshotZxid,
    snapshotChunks: newest && readSnapshot(join(folder, newest.file), newest.zxid),
    log: database.entriesAfter(snapshotZxid),
  };
}

/** ZooKeeper keeps its files in `version-2`: a member of ours would start empty beside them. */
function refuseForeignData(folder: string): void {
  const foreign = join(folder, 'version-2');
  if (existsSync(foreign)) {
    const count = readdirSync(foreign).length;
    throw new StoreError(
      { code: 'FOREIGN_DATA', path: foreign },
      `Cannot use ${folder} as dataDir: it holds another program's files (version-2, ${count} entries), which zookafka cannot read; name an empty folder`,
    );
  }
}
