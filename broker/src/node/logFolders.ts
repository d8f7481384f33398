import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CodedError } from '@zookafka/base';
import {
  type DirectoryIdentity,
  type LoadedPartition,
  LogDirectory,
  type LogResources,
  readIdentity,
  type TailCache,
} from '@zookafka/partition-log';
import { FolderError, type FolderLock, lockFolder } from '@zookafka/runtime';
import { type LogSettings } from './logSettings.ts';

/** Why a log folder cannot be used. */
export type LogFolderRefusal =
  | { readonly code: 'UNUSABLE'; readonly folder: string }
  | { readonly code: 'OTHER_CLUSTER'; readonly folder: string; readonly clusterId: string };

/** A log folder that cannot be used, and why. */
export class LogFolderError extends CodedError<LogFolderRefusal> {
  override readonly name = 'LogFolderError';
}

/** What log folders are opened with. */
export interface LogFoldersOptions {
  readonly paths: readonly string[];
  readonly brokerId: number;
  readonly resources: LogResources;
  readonly settings: LogSettings;
}

interface Folder {
  readonly path: string;
  readonly lock: FolderLock;
  /** Undefined while it is nobody's: no cluster has been heard of. */
  directory: LogDirectory | undefined;
}

/** How many logs are opened before others have their turn. */
const openedATurn = 8;

/**
 * The folders of `log.dirs`: each held by this process alone, of one broker of one cluster.
 *
 * A new folder becomes the cluster's when the ensemble has told the cluster's id.
 */
export class LogFolders {
  private readonly options: LogFoldersOptions;
  private readonly folders: Folder[] = [];
  private clusterId: string | undefined;
  private isClaimed = false;

  private constructor(options: LogFoldersOptions) {
    this.options = options;
  }

  /** @throws {LogFolderError | FolderError | LogError} naming the folder */
  static open(options: LogFoldersOptions): LogFolders {
    const folders = new LogFolders(options);
    try {
      for (const path of options.paths) folders.take(path);
    } catch (error) {
      folders.release();
      throw error;
    }
    return folders;
  }

  /** What was found broken and is being rebuilt. */
  get warnings(): readonly string[] {
    return this.directories.flatMap(({ warnings }) => warnings);
  }

  get tailCache(): TailCache {
    return this.options.resources.tailCache;
  }

  get directories(): readonly LogDirectory[] {
    return this.folders.flatMap(({ directory }) => (directory === undefined ? [] : [directory]));
  }

  /** Opens all logs; what others wait for goes between them. @throws {LogError} */
  async *loadAll(): AsyncGenerator<{
    readonly directory: LogDirectory;
    readonly loaded: LoadedPartition;
  }> {
    let count = 0;
    for (const directory of this.directories) {
      for (const loaded of directory.loadAll()) {
        yield { directory, loaded };
        if (++count % openedATurn === 0) await nextTurn();
      }
    }
  }

  /**
   * The ensemble told whose cluster this is.
   *
   * @throws {LogFolderError} OTHER_CLUSTER
   */
  claim(clusterId: string): void {
    if (this.isClaimed) return;
    if (this.clusterId !== undefined && this.clusterId !== clusterId) {
      const folder = this.options.paths.join(',');
      throw new LogFolderError(
        { code: 'OTHER_CLUSTER', folder, clusterId: this.clusterId },
        `Cannot use ${folder}: it belongs to cluster ${this.clusterId}, the ensemble's is ${clusterId}`,
      );
    }
    this.isClaimed = true;
    this.clusterId = clusterId;
    for (const folder of this.folders) folder.directory ??= this.makeDirectory(folder, clusterId);
  }

  /** Where a new log goes: the folder with the fewest. */
  get emptiest(): LogDirectory {
    const [first, ...others] = this.directories;
    if (first === undefined) throw this.unclaimed();
    if (others.length === 0) return first;
    let least = first;
    for (const directory of others) {
      if (directory.partitions.length < least.partitions.length) least = directory;
    }
    return least;
  }

  /** Closes what is open, cleanly, and gives the folders back. */
  close(): void {
    try {
      for (const directory of this.directories) directory.close();
    } finally {
      this.release();
    }
  }

  /** Gives the folders back as they are. */
  release(): void {
    for (const { lock } of this.folders) lock.release();
    this.folders.length = 0;
  }

  private take(path: string): void {
    const { files } = this.options.resources;
    let lock: FolderLock;
    try {
      files.makeDirectory(path);
      lock = lockFolder(path);
    } catch (cause) {
      if (cause instanceof FolderError) throw cause;
      throw new LogFolderError(
        { code: 'UNUSABLE', folder: path },
        `Cannot use ${path} (log.dirs): ${(cause as Error).message}`,
        { cause },
      );
    }
    const folder: Folder = { path, lock, directory: undefined };
    this.folders.push(folder);
    const found = readIdentity(files, path);
    if (found === undefined) return;
    this.sameCluster(path, found);
    folder.directory = this.makeDirectory(folder, found.clusterId);
  }

  private sameCluster(path: string, { clusterId }: DirectoryIdentity): void {
    this.clusterId ??= clusterId;
    if (this.clusterId === clusterId) return;
    throw new LogFolderError(
      { code: 'OTHER_CLUSTER', folder: path, clusterId },
      `Cannot use ${path}: it belongs to cluster ${clusterId}, other log.dirs to ${this.clusterId}`,
    );
  }

  private makeDirectory({ path }: Folder, clusterId: string): LogDirectory {
    const { brokerId, resources, settings } = this.options;
    return new LogDirectory({
      resources,
      directory: path,
      identity: { brokerId, clusterId },
      configOf: () => settings.topic,
    });
  }

  private unclaimed(): LogFolderError {
    const folder = this.options.paths.join(',');
    return new LogFolderError(
      { code: 'UNUSABLE', folder },
      `Cannot use ${folder}: no cluster has been heard of`,
    );
  }
}

/** @returns 32 hexadecimal digits that no other folder has */
export function uniqueSuffix(): string {
  return randomUUID().replaceAll('-', '');
}
