import { existsSync, fsync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { BatchRunner, type EngineReport, idleMs } from './batchRunner.ts';
import { Mailbox } from './mailbox.ts';
import { type StoreOperation } from './memberDatabase.ts';
import { type DatabaseOptions } from './storeTypes.ts';

/** Whoever runs batches: another thread, or the loop. */
export interface StoreEngine {
  /** What is in one batch becomes durable as a whole; told by `ran`, in order. */
  run(batch: readonly StoreOperation[]): void;
  /** Answered by `closed`, behind all that was given before. */
  close(): void;
}

/** Starts an engine. */
export type StartEngine = (
  options: DatabaseOptions,
  report: (report: EngineReport) => void,
) => StoreEngine;

/** What the thread is started with. */
export interface ThreadStart {
  readonly options: DatabaseOptions;
  readonly mailbox: SharedArrayBuffer;
}

/** What the thread is told through its port. */
export type ThreadMessage =
  | { readonly kind: 'batch'; readonly batch: readonly StoreOperation[] }
  | { readonly kind: 'synced'; readonly id: number; readonly message: string | undefined }
  | { readonly kind: 'close' };

/** What the thread tells: how many batches it ran, which is what it tells most, or something rarer. */
export type ThreadReport =
  | number
  | Exclude<EngineReport, { readonly kind: 'ran' }>
  /** The thread sleeps while it waits: its loop could not wait for a sync. */
  | { readonly kind: 'syncAside'; readonly id: number; readonly descriptor: number };

/** Runs batches on the loop, all that came in one turn together. */
export class LocalEngine implements StoreEngine {
  private readonly runner: BatchRunner;
  private immediate: NodeJS.Immediate | undefined;
  private idleTimer: NodeJS.Timeout | undefined;

  constructor(options: DatabaseOptions, report: (report: EngineReport) => void) {
    this.runner = new BatchRunner(options, fsync, report);
  }

  run(batch: readonly StoreOperation[]): void {
    this.runner.add(batch);
    this.immediate ??= setImmediate(() => {
      this.runAll();
    });
  }

  close(): void {
    clearImmediate(this.immediate);
    clearTimeout(this.idleTimer);
    this.runner.close();
  }

  private runAll(): void {
    this.immediate = undefined;
    if (this.runner.run()) this.idleIn(idleMs);
  }

  private idleIn(delayMs: number): void {
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => {
      if (this.runner.idle()) this.idleIn(0);
    }, delayMs);
  }
}

/** Runs batches in a thread of their own. */
export const startWorkerEngine: StartEngine = (options, report) =>
  new WorkerEngine(options, report);

class WorkerEngine implements StoreEngine {
  private readonly report: (report: EngineReport) => void;
  private readonly mailbox = new Mailbox();
  private readonly worker: Worker;
  /** Batches that were not reported yet. */
  private outstandingCount = 0;
  private isOver = false;

  constructor(options: DatabaseOptions, report: (report: EngineReport) => void) {
    this.report = report;
    const start: ThreadStart = { options, mailbox: this.mailbox.memory };
    this.worker = new Worker(workerPath(), { workerData: start });
    this.worker.on('message', (message: ThreadReport) => {
      this.onReport(message);
    });
    this.worker.on('error', (error) => {
      this.end(`the thread that writes died: ${error.message}`);
    });
    this.worker.on('exit', (code) => {
      this.end(`the thread that writes ended with code ${code}`);
    });
  }

  run(batch: readonly StoreOperation[]): void {
    const [first] = batch;
    // Nothing is on its way that this could overtake, or be overtaken by.
    const isAlone = this.outstandingCount === 0 && batch.length === 1;
    this.outstandingCount++;
    if (isAlone && first?.kind === 'append' && this.mailbox.put(first)) this.mailbox.ring();
    else this.tell({ kind: 'batch', batch }, transferable(batch));
  }

  close(): void {
    this.tell({ kind: 'close' });
  }

  private tell(message: ThreadMessage, transferred: readonly ArrayBuffer[] = []): void {
    this.worker.postMessage(message, transferred);
    this.mailbox.ring();
  }

  private onReport(report: ThreadReport): void {
    if (typeof report === 'number') {
      this.outstandingCount -= report;
      this.report({ kind: 'ran', batchCount: report });
    } else if (report.kind === 'syncAside') {
      const { id, descriptor } = report;
      fsync(descriptor, (error) => {
        this.tell({ kind: 'synced', id, message: error?.message });
      });
    } else {
      if (report.kind === 'closed') this.isOver = true;
      this.report(report);
    }
  }

  private end(message: string): void {
    if (!this.isOver) this.report({ kind: 'failed', message });
    this.isOver = true;
  }
}

/** The memory of payloads changes hands instead of being copied. */
function transferable(batch: readonly StoreOperation[]): readonly ArrayBuffer[] {
  const buffers: ArrayBuffer[] = [];
  for (const operation of batch) {
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
