import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  type DatabaseOptions,
  MemberDatabase,
  type RecoveredRows,
  type StoreOperation,
} from './memberDatabase.ts';
import { StoreError, type StoreRefusal } from './storeTypes.ts';

/** What is done together: it becomes durable as a whole. */
export interface StoreBatch {
  readonly operations: readonly StoreOperation[];
  readonly tokens: readonly number[];
}

/** What the thread is told. */
export type EngineMessage = StoreBatch | 'close';

/** What the thread tells. */
export type EngineReport =
  | { readonly kind: 'opened'; readonly recovered: RecoveredRows }
  /** Errors lose their class between threads: what makes one travels instead. */
  | {
      readonly kind: 'refused';
      readonly message: string;
      readonly detail: StoreRefusal | undefined;
    }
  | { readonly kind: 'ran'; readonly batchCount: number; readonly tokens: readonly number[] }
  | { readonly kind: 'snapshotStored'; readonly zxid: number }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'closed' };

/** Whoever runs batches: another thread, or the loop. */
export interface StoreEngine {
  run(batch: StoreBatch): void;
  /** Answered by `closed`, behind all that was given before. */
  close(): void;
}

/** Starts an engine: the first report is `opened` or `refused`. */
export type StartEngine = (
  options: DatabaseOptions,
  report: (report: EngineReport) => void,
) => StoreEngine;

/** How long nothing must happen before the time is used for a checkpoint. */
const idleMs = 50;

/**
 * Runs batches on this very thread, all that came in one turn together. Both forms use it: the thread inside of it, the
 * loop directly.
 */
export class LocalEngine implements StoreEngine {
  private readonly report: (report: EngineReport) => void;
  private readonly database: MemberDatabase | undefined;
  private batches: StoreBatch[] = [];
  private immediate: NodeJS.Immediate | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  private isDead = false;

  constructor(options: DatabaseOptions, report: (report: EngineReport) => void) {
    this.report = report;
    try {
      this.database = new MemberDatabase(options, {
        onSnapshotStored: (zxid) => {
          report({ kind: 'snapshotStored', zxid });
        },
        onFailed: (error) => {
          this.fail(error);
        },
      });
      report({ kind: 'opened', recovered: this.database.recovered });
    } catch (error) {
      const { message } = error as Error;
      const detail = error instanceof StoreError ? error.detail : undefined;
      report({ kind: 'refused', message, detail });
    }
  }

  run(batch: StoreBatch): void {
    this.batches.push(batch);
    this.immediate ??= setImmediate(() => {
      this.runAll();
    });
  }

  /** Runs what waits, now. */
  runAll(): void {
    clearImmediate(this.immediate);
    this.immediate = undefined;
    clearTimeout(this.idleTimer);
    const { batches } = this;
    this.batches = [];
    if (this.isDead || batches.length === 0) return;
    try {
      const [first] = batches;
      const isSingle = batches.length === 1 && first !== undefined;
      this.database?.run(
        isSingle ? first.operations : batches.flatMap((batch) => batch.operations),
      );
      const tokens = isSingle ? first.tokens : batches.flatMap((batch) => batch.tokens);
      this.report({ kind: 'ran', batchCount: batches.length, tokens });
      this.idleTimer = setTimeout(() => {
        this.useIdleTime();
      }, idleMs);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  close(): void {
    this.runAll();
    clearTimeout(this.idleTimer);
    this.isDead = true;
    try {
      this.database?.close();
    } finally {
      this.report({ kind: 'closed' });
    }
  }

  private useIdleTime(): void {
    if (this.isDead) return;
    try {
      if (this.database?.idle() !== true) return;
      this.idleTimer = setTimeout(() => {
        this.useIdleTime();
      }, 0);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  private fail(error: Error): void {
    if (this.isDead) return;
    this.isDead = true;
    this.report({ kind: 'failed', message: error.message });
  }
}

/** Runs batches in a thread of their own. */
export const startWorkerEngine: StartEngine = (options, report) => {
  const worker = new Worker(workerPath(), { workerData: options });
  let isOver = false;
  const end = (message: string): void => {
    if (!isOver) report({ kind: 'failed', message });
    isOver = true;
  };
  worker.on('message', (message: EngineReport) => {
    if (message.kind === 'closed') isOver = true;
    report(message);
  });
  worker.on('error', (error) => {
    end(`the thread that writes died: ${error.message}`);
  });
  worker.on('exit', (code) => {
    end(`the thread that writes ended with code ${code}`);
  });
  return {
    run: (batch) => {
      worker.postMessage(batch, transferable(batch));
    },
    close: () => {
      worker.postMessage('close');
    },
  };
};

/** The memory of payloads changes hands instead of being copied. */
function transferable(batch: StoreBatch): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = [];
  for (const operation of batch.operations) {
    if (operation.kind === 'append') buffers.push(operation.blob.buffer);
    if (operation.kind === 'snapshotChunk') buffers.push(operation.bytes.buffer as ArrayBuffer);
  }
  return buffers;
}

/** Threads run compiled code: beside this file, or, when this file is a source that a test loaded, in `lib`. */
function workerPath(): string {
  const name = 'memberStoreWorker.js';
  const beside = join(__dirname, name);
  if (existsSync(beside)) return beside;
  const compiled = resolve(__dirname, '..', '..', 'lib', 'store', name);
  if (existsSync(compiled)) return compiled;
  throw new Error(`Cannot start the thread that writes: ${compiled} is missing, build first`);
}
