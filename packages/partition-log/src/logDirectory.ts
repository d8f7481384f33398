import { assert, type FileSystem, utf8Encode } from '@zookafka/base';
import { LogError } from './logError.ts';
import { parseFolder, type PartitionId, partitionName, retiredName } from './logNames.ts';
import {
  cleanShutdownFileName,
  type DirectoryIdentity,
  identityFileName,
  readIdentity,
  readTopicId,
  writeIdentity,
  writeTopicId,
} from './metaFiles.ts';
import {
  checkpointFiles,
  type OffsetsByPartition,
  readOffsets,
  writeOffsets,
} from './offsetCheckpoint.ts';
import { openPartitionLog } from './openPartitionLog.ts';
import { type PartitionLog } from './partitionLog.ts';
import { type LogConfig, type LogResources } from './segment.ts';
import { replaceFile } from './wholeFile.ts';

/** What a log directory is opened with. */
export interface LogDirectoryOptions {
  readonly resources: LogResources;
  /** An absolute path; made where it is missing. */
  readonly directory: string;
  readonly identity: DirectoryIdentity;
  /** The settings of a topic; one object for all its partitions is enough. */
  readonly configOf: (topic: string) => LogConfig;
}

/** One partition of a log directory. */
export interface LoadedPartition {
  readonly id: PartitionId;
  /** Undefined when a crash came before it was written, or a Kafka before 2.8 made the folder. */
  readonly topicId: string | undefined;
  readonly log: PartitionLog;
  /** By the checkpoint, inside the log's bounds. */
  readonly highWatermark: number;
}

/** A folder that gets out of the way. */
export interface Retirement {
  readonly id: PartitionId;
  /** 32 hexadecimal digits that no other folder has. */
  readonly unique: string;
  /** `delete`: the topic is gone. `stray`: nobody told; a person decides. */
  readonly suffix: 'delete' | 'stray';
}

type CheckpointName = keyof typeof checkpointFiles;

/**
 * A broker's log directory: one folder a partition, and the checkpoints of all.
 *
 * Checkpoints are merged, never rebuilt from what happens to be loaded: a partition that is not open yet keeps
 * its entry. Source of that rule: Apache Kafka, KAFKA-1647.
 */
export class LogDirectory {
  readonly directory: string;
  /** Whether the last owner stopped cleanly. */
  readonly isClean: boolean;
  /** What was found broken and is being rebuilt: for the log of the broker. */
  readonly warnings: string[] = [];
  private readonly resources: LogResources;
  private readonly configOf: (topic: string) => LogConfig;
  private readonly logs = new Map<string, PartitionLog>();
  private readonly highWatermarks: OffsetsByPartition;
  private readonly recoveryPoints: OffsetsByPartition;
  private readonly logStartOffsets: OffsetsByPartition;
  private readonly saveLogCheckpoints = (): void => {
    this.checkpointLogs();
  };

  /** @throws {LogError} FILE_FOREIGN, FILE_BROKEN, FILE_NEWER */
  constructor({ resources, directory, identity, configOf }: LogDirectoryOptions) {
    this.resources = resources;
    this.directory = directory;
    this.configOf = configOf;
    this.files.makeDirectory(directory);
    this.claim(identity);
    const marker = `${directory}/${cleanShutdownFileName}`;
    this.isClean = this.files.exists(marker);
    this.highWatermarks = this.load('highWatermark');
    this.recoveryPoints = this.load('recoveryPoint');
    this.logStartOffsets = this.load('logStartOffset');
    // From here on the directory is in use: the next start is unclean unless `close` says otherwise.
    if (this.isClean) this.files.removeFile(marker);
    this.forgetGone();
    this.files.syncDirectory(directory);
  }

  /** The folders that hold a partition. @throws {LogError} FILE_FOREIGN on a folder that is none of ours */
  get partitions(): readonly PartitionId[] {
    const ids: PartitionId[] = [];
    for (const { name, folder } of this.folders()) {
      if (folder.kind === 'partition') ids.push(folder);
      if (folder.kind === 'future') this.warnings.push(`Ignores ${this.directory}/${name}`);
    }
    return ids;
  }

  /** Opens one partition after the other: the caller decides how many in a turn. @throws {LogError} */
  *loadAll(): Generator<LoadedPartition, void, undefined> {
    for (const id of this.partitions) yield this.loadOne(id);
  }

  logOf(id: PartitionId): PartitionLog | undefined {
    return this.logs.get(partitionName(id));
  }

  /** Makes the folder of a new partition, durably. */
  create(id: PartitionId, topicId: string): LoadedPartition {
    const name = partitionName(id);
    const directory = `${this.directory}/${name}`;
    assert(!this.logs.has(name), 'A partition is created once', { name });
    this.files.makeDirectory(directory);
    writeTopicId(this.files, directory, topicId);
    const loaded = this.loadOne(id);
    this.files.syncDirectory(directory);
    this.files.syncDirectory(this.directory);
    return loaded;
  }

  /** Renames folders out of the way, durably; `removeDeleted` frees their space. */
  retire(retirements: readonly Retirement[]): void {
    for (const { id, unique, suffix } of retirements) {
      const name = partitionName(id);
      this.logs.get(name)?.abandon();
      this.logs.delete(name);
      const path = `${this.directory}/${name}`;
      const target = `${this.directory}/${retiredName(id, { unique, suffix })}`;
      if (this.files.exists(path)) this.files.rename(path, target);
      for (const offsets of this.allOffsets) offsets.delete(name);
    }
    this.files.syncDirectory(this.directory);
    // A partition of the same name must not be trusted up to this one's recovery point.
    this.saveAll();
  }

  /** Removes the folders of deleted partitions. @returns how many there were */
  removeDeleted(): number {
    let count = 0;
    for (const { name, folder } of this.folders()) {
      if (folder.kind !== 'deleted') continue;
      this.files.removeDirectory(`${this.directory}/${name}`);
      count++;
    }
    return count;
  }

  /** Writes high watermarks; partitions that are not named keep theirs. */
  checkpointHighWatermarks(offsets: Iterable<readonly [PartitionId, number]>): void {
    let isChanged = false;
    for (const [id, offset] of offsets) {
      const name = partitionName(id);
      isChanged ||= this.highWatermarks.get(name) !== offset;
      this.highWatermarks.set(name, offset);
    }
    if (isChanged) this.save('highWatermark');
  }

  /** Writes recovery points and log starts of the open logs; others keep theirs. */
  checkpointLogs(): void {
    let arePointsChanged = false;
    let areStartsChanged = false;
    for (const [name, log] of this.logs) {
      const { recoveryPoint, logStartOffset } = log;
      arePointsChanged ||= this.recoveryPoints.get(name) !== recoveryPoint;
      this.recoveryPoints.set(name, recoveryPoint);
      // Only a start inside a segment needs a file: else the first segment's name tells it.
      const start = logStartOffset > log.firstSegmentOffset ? logStartOffset : undefined;
      areStartsChanged ||= this.logStartOffsets.get(name) !== start;
      if (start === undefined) this.logStartOffsets.delete(name);
      else this.logStartOffsets.set(name, start);
    }
    if (arePointsChanged) this.save('recoveryPoint');
    if (areStartsChanged) this.save('logStartOffset');
  }

  /** A clean end: every log is closed, then checkpoints, then the marker that the next start trusts. */
  close(): void {
    let isClean = true;
    for (const log of this.logs.values()) {
      isClean &&= !log.isFailed;
      log.close();
    }
    this.checkpointLogs();
    this.logs.clear();
    if (!isClean) return;
    replaceFile(this.files, {
      directory: this.directory,
      name: cleanShutdownFileName,
      bytes: utf8Encode('{"version":0,"brokerEpoch":-1}'),
      durable: true,
    });
  }

  private get files(): FileSystem {
    return this.resources.files;
  }

  private get allOffsets(): readonly OffsetsByPartition[] {
    return [this.highWatermarks, this.recoveryPoints, this.logStartOffsets];
  }

  private loadOne(id: PartitionId): LoadedPartition {
    const name = partitionName(id);
    const directory = `${this.directory}/${name}`;
    const topicId = readTopicId(this.files, directory);
    const log = openPartitionLog({
      resources: this.resources,
      directory,
      config: this.configOf(id.topic),
      recoveryPoint: this.recoveryPoints.get(name) ?? 0,
      logStartOffset: this.logStartOffsets.get(name) ?? 0,
      isClean: this.isClean,
      saveCheckpoints: this.saveLogCheckpoints,
    });
    this.logs.set(name, log);
    const known = this.highWatermarks.get(name) ?? 0;
    const highWatermark = Math.min(Math.max(known, log.logStartOffset), log.logEndOffset);
    return { id, topicId, log, highWatermark };
  }

  private claim(identity: DirectoryIdentity): void {
    const found = readIdentity(this.files, this.directory);
    const path = `${this.directory}/${identityFileName}`;
    if (found === undefined) {
      // Refuses a folder of another program before the first file is written into it.
      this.folders();
      writeIdentity(this.files, this.directory, identity);
      return;
    }
    const { brokerId, clusterId } = identity;
    if (found.brokerId === brokerId && found.clusterId === clusterId) return;
    throw new LogError(
      { code: 'FILE_FOREIGN', path },
      `Cannot use ${path}: it belongs to broker ${found.brokerId} of cluster ${found.clusterId}, ` +
        `not to broker ${brokerId} of cluster ${clusterId}`,
    );
  }

  private folders(): readonly {
    readonly name: string;
    readonly folder: ReturnType<typeof parseFolder>;
  }[] {
    const all = [];
    for (const name of this.files.list(this.directory)) {
      const folder = parseFolder(name);
      if (folder.kind !== 'foreign') all.push({ name, folder });
      else this.refuseForeign(name);
    }
    return all;
  }

  /** A folder may be told from a file by its content only: an empty one holds nothing to lose. */
  private refuseForeign(name: string): void {
    const path = `${this.directory}/${name}`;
    if (this.files.list(path).length === 0) return;
    throw new LogError(
      { code: 'FILE_FOREIGN', path },
      `Cannot use ${this.directory}: ${name} is not the folder of a partition`,
    );
  }

  private load(checkpoint: CheckpointName): OffsetsByPartition {
    try {
      return readOffsets(this.files, `${this.directory}/${checkpointFiles[checkpoint]}`);
    } catch (error) {
      // High watermarks come from the leaders, recovery points from a scan, starts from the segments.
      if (!(error instanceof LogError) || error.code !== 'FILE_BROKEN') throw error;
      this.warnings.push(error.message);
      return new Map();
    }
  }

  /** Drops entries whose folder is gone: a new partition of that name is another one. */
  private forgetGone(): void {
    const names = new Set(this.partitions.map(partitionName));
    let isChanged = this.warnings.length > 0;
    for (const offsets of this.allOffsets) {
      for (const name of [...offsets.keys()]) {
        if (!names.has(name)) isChanged = offsets.delete(name);
      }
    }
    if (isChanged) this.saveAll();
  }

  private saveAll(): void {
    this.save('highWatermark');
    this.save('recoveryPoint');
    this.save('logStartOffset');
  }

  private save(checkpoint: CheckpointName): void {
    const offsets = {
      highWatermark: this.highWatermarks,
      recoveryPoint: this.recoveryPoints,
      logStartOffset: this.logStartOffsets,
    }[checkpoint];
    const file = { directory: this.directory, name: checkpointFiles[checkpoint] };
    writeOffsets(this.files, file, offsets);
  }
}
