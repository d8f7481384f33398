import { assert, clearArray, CodedError, unreachable } from '@zookafka/base';
import {
  assignOffsets,
  type LogDirectory,
  LogError,
  type PartitionId,
  type PartitionLog,
  partitionName,
  type RecoveredLog,
  type TailCache,
} from '@zookafka/partition-log';
import { errorCodes } from '@zookafka/kafka-wire';
import {
  type BrokerEffect,
  type BrokerInput,
  gatherSlices,
  type LogReadWanted,
  type LogSlice,
  type PartitionKey,
  type StoredLog,
} from '../core/index.ts';
import { ByPartition } from './byPartition.ts';
import { type LogFolders, uniqueSuffix } from './logFolders.ts';
import { type LogSettings, topicSettings, type TopicSettings } from './logSettings.ts';
import { findTimestamp, type RecordDecompress } from './timestamps.ts';

/** What a broker wants done with its logs. */
export type LogEffect = Extract<
  BrokerEffect,
  {
    readonly kind:
      | 'appendLog'
      | 'readLog'
      | 'findTimestamps'
      | 'createLog'
      | 'configureLog'
      | 'truncateLog'
      | 'restartLog'
      | 'advanceLogStart'
      | 'deleteLog'
      | 'markStray'
      | 'assignEpoch'
      | 'checkpointHighWatermarks';
  }
>;
type Append = Extract<LogEffect, { readonly kind: 'appendLog' }>;
type Read = Extract<LogEffect, { readonly kind: 'readLog' }>;
type Change = Exclude<LogEffect, { readonly kind: 'appendLog' | 'readLog' | 'findTimestamps' }>;
/** What is done only once it is known that these folders and the ensemble belong together. */
type MembershipChange = Extract<
  Change,
  { readonly kind: 'createLog' | 'configureLog' | 'deleteLog' | 'markStray' }
>;

/** A write that failed: nothing may be acknowledged any more. */
export class LogWriteError extends CodedError<{
  readonly code: 'WRITE_FAILED';
  readonly folder: string;
}> {
  override readonly name = 'LogWriteError';
}

/** One log that is open. */
export interface OpenLog {
  readonly id: PartitionId;
  readonly topicId: string;
  readonly log: PartitionLog;
  readonly directory: LogDirectory;
  settings: TopicSettings;
  /** As the core told it last. */
  highWatermark: number;
  /** What this turn appends. */
  chunks: Uint8Array[];
  /** Whether all of it is a leader's: consumers and followers read it soon. */
  isLeaders: boolean;
}

/** What the logs need. */
export interface LogsOptions {
  readonly folders: LogFolders;
  readonly settings: LogSettings;
  readonly tailCache: TailCache;
  readonly decompress: RecordDecompress;
  readonly submit: (input: BrokerInput) => void;
  /** Makes what was read at the end of a log hold still until it has left. */
  readonly lend: (chunk: Uint8Array) => Uint8Array;
  /** A log was appended to, and a segment of it is complete. */
  readonly onFlushDue: (open: OpenLog) => void;
  /** A folder was set aside to be removed. */
  readonly onRetired: () => void;
  readonly onReadFailed: (open: OpenLog, error: unknown) => void;
}

const emptySlice = { chunks: [], bytes: 0 };
const nothingFound = { offset: -1, timestamp: -1 };

/**
 * Performs what the core wants of its logs: all appends of a log in one turn are one write, reads come behind them,
 * and changes of a log keep their place between both.
 */
export class Logs {
  private readonly options: LogsOptions;
  private readonly opened = new ByPartition<OpenLog>();
  private readonly appended: OpenLog[] = [];
  private tokenAppended = -1;
  private readonly reads: Read[] = [];
  /** Undefined once the cluster is known. */
  private held: MembershipChange[] | undefined = [];

  constructor(options: LogsOptions) {
    this.options = options;
  }

  get all(): Iterable<OpenLog> {
    return this.opened.values();
  }

  /** Opens what the folders hold. @param onCut told of a torn tail that was cut off */
  async open(onCut: (id: PartitionId, log: RecoveredLog) => void): Promise<readonly StoredLog[]> {
    const stored: StoredLog[] = [];
    const nameless: { readonly directory: LogDirectory; readonly id: PartitionId }[] = [];
    for await (const { directory, loaded } of this.options.folders.loadAll()) {
      const { id, log, topicId, highWatermark } = loaded;
      if (topicId === undefined) {
        nameless.push({ directory, id });
        continue;
      }
      const described = log.describe();
      if (described.cut !== undefined) onCut(id, described);
      this.add({ id, topicId, log, directory, highWatermark, ownSettings: {} });
      stored.push({ ...id, topicId, log: described, highWatermark });
    }
    // Nobody can tell which topic's they are: a person decides.
    for (const { directory, id } of nameless) {
      directory.retire([{ id, unique: uniqueSuffix(), suffix: 'stray' }]);
    }
    return stored;
  }

  /**
   * The ensemble told whose cluster this is: folders are made and retired from now on.
   *
   * @throws {LogFolderError} OTHER_CLUSTER
   */
  claim(clusterId: string): void {
    const { held } = this;
    if (held === undefined) return;
    this.guard({}, () => {
      this.options.folders.claim(clusterId);
    });
    this.held = undefined;
    for (const effect of held) this.perform(effect);
  }

  perform(effect: LogEffect): void {
    switch (effect.kind) {
      case 'appendLog':
        this.append(effect);
        return;
      case 'readLog':
        this.reads.push(effect);
        return;
      case 'findTimestamps':
        this.flush();
        this.options.submit({
          kind: 'timestampsFound',
          token: effect.token,
          found: effect.searches.map((search) => this.find(search)),
        });
        return;
      case 'createLog':
      case 'configureLog':
      case 'deleteLog':
      case 'markStray':
        if (this.held === undefined) this.changeNow(effect);
        else this.held.push(effect);
        return;
      default:
        this.changeNow(effect);
    }
  }

  /** Writes what the turn appended, then reads what it wanted. */
  flush(): void {
    const { submit, onFlushDue, tailCache } = this.options;
    for (const open of this.appended) {
      const { chunks } = open;
      open.chunks = [];
      // What was fetched is in buffers that are used again after this turn.
      tailCache.isKeeping = open.isLeaders;
      open.isLeaders = true;
      this.guard(open.id, () => {
        open.log.append(chunks);
      });
      if (open.log.isFlushDue) onFlushDue(open);
    }
    clearArray(this.appended);
    if (this.tokenAppended >= 0) submit({ kind: 'appended', token: this.tokenAppended });
    this.tokenAppended = -1;
    for (const read of this.reads) {
      const slices = gatherSlices(read, this.readSlice);
      submit({ kind: 'logRead', token: read.token, slices });
    }
    clearArray(this.reads);
  }

  private append(effect: Append): void {
    const open = this.require(effect);
    const { leaderEpoch } = effect;
    let offsetNext = effect.firstOffset;
    if (leaderEpoch < 0) open.isLeaders = false;
    for (const chunk of effect.chunks) {
      if (leaderEpoch >= 0) {
        offsetNext = assignOffsets(chunk, { offsetNext, leaderEpoch }).lastOffset + 1;
      }
      if (open.chunks.length === 0) this.appended.push(open);
      open.chunks.push(chunk);
    }
    // The core takes this for all appends up to it.
    this.tokenAppended = effect.token;
  }

  private readonly readSlice = (
    wanted: LogReadWanted,
    { maxBytes, minOneBatch }: { readonly maxBytes: number; readonly minOneBatch: boolean },
  ): LogSlice => {
    const { offset, upToOffset } = wanted;
    const open = this.opened.get(wanted);
    if (open === undefined) {
      return { ...emptySlice, errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION };
    }
    try {
      const { chunks, bytes } = open.log.read({ offset, maxBytes, minOneBatch, upToOffset });
      return { chunks: chunks.map(this.options.lend), bytes, errorCode: 0 };
    } catch (error) {
      if (error instanceof LogError && error.code === 'OFFSET_OUT_OF_RANGE') {
        return { ...emptySlice, errorCode: errorCodes.OFFSET_OUT_OF_RANGE };
      }
      this.options.onReadFailed(open, error);
      return { ...emptySlice, errorCode: errorCodes.KAFKA_STORAGE_ERROR };
    }
  };

  private find(search: PartitionKey & { readonly timestamp: number }): typeof nothingFound {
    const open = this.opened.get(search);
    if (open === undefined) return nothingFound;
    try {
      return findTimestamp(open.log, search.timestamp, this.options.decompress) ?? nothingFound;
    } catch (error) {
      this.options.onReadFailed(open, error);
      return nothingFound;
    }
  }

  /** Appends that were asked for before come before. */
  private changeNow(effect: Change): void {
    this.flush();
    this.guard('partition' in effect ? effect : {}, () => {
      this.change(effect);
    });
  }

  private change(effect: Change): void {
    switch (effect.kind) {
      case 'createLog':
        this.tell(effect.token, this.create(effect, effect.config));
        return;
      case 'configureLog':
        this.configure(this.require(effect), effect.config);
        return;
      case 'truncateLog':
        this.tell(effect.token, this.require(effect).log.truncateTo(effect.offset));
        return;
      case 'restartLog':
        this.tell(effect.token, this.require(effect).log.truncateFullyAndStartAt(effect.offset));
        return;
      case 'advanceLogStart':
        this.require(effect).log.advanceLogStart(effect.offset);
        return;
      case 'deleteLog':
        this.retire(effect, 'delete');
        return;
      case 'markStray':
        this.retire(effect, 'stray');
        return;
      case 'assignEpoch':
        this.require(effect).log.assignEpoch(effect.epoch, effect.startOffset);
        return;
      case 'checkpointHighWatermarks':
        this.checkpoint(effect.moved);
        return;
      default:
        unreachable(effect);
    }
  }

  private create(key: PartitionKey, config: Readonly<Record<string, string>>): RecoveredLog {
    const { topic, topicId, partition } = key;
    const before = this.opened.get(key);
    if (before?.topicId === topicId) {
      this.configure(before, config);
      return before.log.describe();
    }
    if (before !== undefined) this.retireOpen(before, 'stray');
    const directory = this.options.folders.emptiest;
    const id = { topic, partition };
    const { log, highWatermark } = directory.create(id, topicId);
    this.add({ id, topicId, log, directory, highWatermark, ownSettings: config });
    return log.describe();
  }

  private add({
    ownSettings,
    ...parts
  }: Omit<OpenLog, 'settings' | 'chunks' | 'isLeaders'> & {
    readonly ownSettings: Readonly<Record<string, string>>;
  }): void {
    const settings = topicSettings(ownSettings, this.options.settings);
    parts.log.config = settings;
    this.opened.set(parts.id, { ...parts, settings, chunks: [], isLeaders: true });
  }

  private configure(open: OpenLog, config: Readonly<Record<string, string>>): void {
    open.settings = topicSettings(config, this.options.settings);
    open.log.config = open.settings;
  }

  private retire(key: PartitionKey, suffix: 'delete' | 'stray'): void {
    const open = this.opened.get(key);
    // A topic of the same name that is another one stays.
    if (open?.topicId === key.topicId) this.retireOpen(open, suffix);
  }

  private retireOpen({ id, directory }: OpenLog, suffix: 'delete' | 'stray'): void {
    this.opened.delete(id);
    directory.retire([{ id, unique: uniqueSuffix(), suffix }]);
    if (suffix === 'delete') this.options.onRetired();
  }

  private checkpoint(moved: readonly (PartitionKey & { readonly highWatermark: number })[]): void {
    const byDirectory = new Map<LogDirectory, [PartitionId, number][]>();
    for (const { highWatermark, ...key } of moved) {
      const open = this.opened.get(key);
      if (open?.topicId !== key.topicId) continue;
      open.highWatermark = highWatermark;
      const offsets = byDirectory.get(open.directory);
      if (offsets === undefined) byDirectory.set(open.directory, [[open.id, highWatermark]]);
      else offsets.push([open.id, highWatermark]);
    }
    for (const [directory, offsets] of byDirectory) directory.checkpointHighWatermarks(offsets);
  }

  private tell(token: number, log: RecoveredLog): void {
    this.options.submit({ kind: 'logChanged', token, log });
  }

  private require(key: PartitionKey): OpenLog {
    const open = this.opened.get(key);
    assert(open?.topicId === key.topicId, 'The core names logs that are open', {
      topic: key.topic,
      partition: key.partition,
    });
    return open;
  }

  /** Whatever the platform refuses on a write ends the broker: what the disk holds is unknown. */
  private guard(of: Partial<PartitionId>, act: () => void): void {
    try {
      act();
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).syscall === undefined) throw cause;
      const name = of.topic === undefined ? 'the log folders' : partitionName(of as PartitionId);
      throw new LogWriteError(
        { code: 'WRITE_FAILED', folder: name },
        `Cannot write to ${name}: ${(cause as Error).message}`,
        { cause },
      );
    }
  }
}
