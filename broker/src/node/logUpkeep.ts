import { open as openFile } from 'node:fs/promises';
import { type PartitionId } from '@zookafka/partition-log';
import { type BrokerInput } from '../core/index.ts';
import { type LogFolders } from './logFolders.ts';
import { type Logs, type OpenLog } from './logs.ts';
import { type LogSettings } from './logSettings.ts';

/** What the upkeep of the logs needs. */
export interface LogUpkeepOptions {
  readonly folders: LogFolders;
  readonly logs: Logs;
  readonly settings: LogSettings;
  readonly producerExpirationMs: number;
  readonly submit: (input: BrokerInput) => void;
  readonly wallMs: () => number;
  /** The disk refused: what it holds is unknown. */
  readonly onFailed: (error: unknown) => void;
  readonly onRemoved: (id: PartitionId, segments: number) => void;
}

/**
 * What is done for the logs beside requests: syncs of complete segments where nobody waits for the disk, retention,
 * checkpoints, and the removal of deleted folders.
 */
export class LogUpkeep {
  private readonly options: LogUpkeepOptions;
  private readonly due = new Set<OpenLog>();
  private readonly timers: NodeJS.Timeout[] = [];
  private removal: NodeJS.Timeout | undefined;
  private syncing: Promise<void> | undefined;
  private isStopped = false;

  constructor(options: LogUpkeepOptions) {
    this.options = options;
  }

  start(): void {
    const { retentionCheckMs, checkpointMs } = this.options.settings;
    this.every(retentionCheckMs, () => {
      this.applyRetention();
    });
    this.every(checkpointMs, () => {
      for (const directory of this.options.folders.directories) directory.checkpointLogs();
    });
    // What a process before this one did not come to.
    this.onRetired();
  }

  /** A segment of the log is complete: it is synced soon. */
  onFlushDue(open: OpenLog): void {
    this.due.add(open);
    this.syncing ??= this.syncAll();
  }

  /** A folder waits to be removed: readers of it are gone after a while. */
  onRetired(): void {
    this.removal ??= setTimeout(() => {
      this.removal = undefined;
      this.attempt(() => {
        for (const directory of this.options.folders.directories) directory.removeDeleted();
      });
    }, this.options.settings.deleteDelayMs).unref();
  }

  /** @returns when all segments that are complete are synced */
  async idle(): Promise<void> {
    await this.syncing;
  }

  /** @returns when nothing is under way any more */
  async stop(): Promise<void> {
    this.isStopped = true;
    for (const timer of this.timers) clearInterval(timer);
    clearTimeout(this.removal);
    this.due.clear();
    await this.syncing;
  }

  /** Removes old segments of all logs, and forgets idle producers. */
  applyRetention(): void {
    const { logs, wallMs, producerExpirationMs } = this.options;
    const nowMs = wallMs();
    for (const open of logs.all) {
      open.log.expireProducers(nowMs, producerExpirationMs);
      if (open.settings.isDeleting) this.removeOld(open, nowMs);
    }
  }

  private removeOld({ id, topicId, log, settings, highWatermark }: OpenLog, nowMs: number): void {
    const { retentionMs, retentionBytes } = settings;
    const startBefore = log.logStartOffset;
    const count = log.deleteOldSegments({ nowMs, retentionMs, retentionBytes, highWatermark });
    if (count === 0) return;
    this.options.onRemoved(id, count);
    const { logStartOffset } = log;
    if (logStartOffset === startBefore) return;
    this.options.submit({ kind: 'logStartMoved', ...id, topicId, logStartOffset });
  }

  private every(ms: number, act: () => void): void {
    const timer = setInterval(() => {
      this.attempt(act);
    }, ms);
    this.timers.push(timer.unref());
  }

  private attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.fail(error);
    }
  }

  private async syncAll(): Promise<void> {
    try {
      for (const open of this.due) {
        this.due.delete(open);
        await this.sync(open);
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.syncing = undefined;
    }
  }

  private async sync({ log }: OpenLog): Promise<void> {
    // Appended to while it was synced, then its topic was deleted.
    if (log.isClosed) return;
    const plan = log.flushPlan();
    try {
      for (const path of plan.paths) await syncPath(path, 'r+');
      await syncPath(plan.directory, 'r');
    } catch (error) {
      // Retention or a deletion was quicker: what is left is synced with the next segment.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    log.onFlushed(plan);
  }

  private fail(error: unknown): void {
    if (this.isStopped) return;
    this.options.onFailed(error);
  }
}

async function syncPath(path: string, flags: string): Promise<void> {
  const handle = await openFile(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
