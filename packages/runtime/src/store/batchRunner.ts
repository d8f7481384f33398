import { MemberDatabase, type RecoveredRows, type StoreOperation } from './memberDatabase.ts';
import {
  type DatabaseOptions,
  StoreError,
  type StoreRefusal,
  type SyncAside,
} from './storeTypes.ts';

/** What an engine tells. The first report is `opened` or `refused`. */
export type EngineReport =
  | { readonly kind: 'opened'; readonly recovered: RecoveredRows }
  /** Errors lose their class between threads: what makes one travels instead. */
  | {
      readonly kind: 'refused';
      readonly message: string;
      readonly detail: StoreRefusal | undefined;
    }
  | { readonly kind: 'ran'; readonly batchCount: number }
  | { readonly kind: 'snapshotStored'; readonly zxid: number }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'closed' };

/** How long nothing must happen before the time is used for a checkpoint. */
export const idleMs = 50;

/** Runs batches of operations on this very thread, all that wait in one transaction. */
export class BatchRunner {
  private readonly report: (report: EngineReport) => void;
  private readonly database: MemberDatabase | undefined;
  private batches: (readonly StoreOperation[])[] = [];
  private isDead = false;

  constructor(
    options: DatabaseOptions,
    syncAside: SyncAside,
    report: (report: EngineReport) => void,
  ) {
    this.report = report;
    try {
      this.database = new MemberDatabase(options, {
        onSnapshotStored: (zxid) => {
          report({ kind: 'snapshotStored', zxid });
        },
        onFailed: (error) => {
          this.fail(error);
        },
        syncAside,
      });
      report({ kind: 'opened', recovered: this.database.recovered });
    } catch (error) {
      this.isDead = true;
      const { message } = error as Error;
      const detail = error instanceof StoreError ? error.detail : undefined;
      report({ kind: 'refused', message, detail });
    }
  }

  add(batch: readonly StoreOperation[]): void {
    this.batches.push(batch);
  }

  /** Runs what waits: it is durable when this returns. @returns whether anything was run */
  run(): boolean {
    const { batches } = this;
    if (this.isDead || batches.length === 0) return false;
    this.batches = [];
    try {
      this.database?.run(batches.length === 1 ? (batches[0] as StoreOperation[]) : batches.flat());
      this.report({ kind: 'ran', batchCount: batches.length });
      return true;
    } catch (error) {
      this.fail(error as Error);
      return false;
    }
  }

  /** Does a slice of what has time. @returns whether there is more */
  idle(): boolean {
    if (this.isDead) return false;
    try {
      return this.database?.idle() === true;
    } catch (error) {
      this.fail(error as Error);
      return false;
    }
  }

  /** Runs what waits, and closes all files. */
  close(): void {
    this.run();
    this.isDead = true;
    try {
      this.database?.close();
    } finally {
      this.report({ kind: 'closed' });
    }
  }

  private fail(error: Error): void {
    if (this.isDead) return;
    this.isDead = true;
    this.report({ kind: 'failed', message: error.message });
  }
}
