import { assert, crc32c, type Prng } from '@zookafka/base';
import {
  type BrokerEffect,
  type BrokerInput,
  gatherSlices,
  type LogReadWanted,
  type LogSlice,
  type PartitionKey,
  type StoredLog,
} from '@zookafka/broker/core';
import {
  assignOffsets,
  FilePool,
  logConfigDefault,
  LogDirectory,
  LogError,
  partitionName,
  type PartitionLog,
  type RecoveredLog,
  TailCache,
} from '@zookafka/partition-log';
import { SimulatedFileSystem } from './simulatedFileSystem.ts';

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

interface OpenLog {
  readonly key: PartitionKey;
  readonly log: PartitionLog;
}

const logFolder = '/log';
const offsetOutOfRange = 1;
const unknownPartition = 3;

/**
 * A broker's logs: the very files and their recovery, on a simulated disk. Everything is done at once, as the page
 * cache does it.
 */
export class SimulatedLogs {
  private readonly files = new SimulatedFileSystem();
  private readonly broker: number;
  private readonly open = new Map<string, OpenLog>();
  private directory: LogDirectory | undefined;
  private retiredCount = 0;

  constructor(broker: number) {
    this.broker = broker;
    this.files.makeDirectory(logFolder);
    this.files.syncDirectory('/');
  }

  /** The process died: what was written stays, open files do not. */
  kill(): void {
    this.files.kill();
    this.open.clear();
    this.directory = undefined;
  }

  /** The machine lost its power: of what was not synced, some is gone. */
  powerCut(prng: Prng): void {
    this.kill();
    this.files.powerCut(prng);
  }

  /** Opens all logs again. */
  load(): readonly StoredLog[] {
    this.directory = this.openDirectory();
    const stored: StoredLog[] = [];
    for (const { id, topicId, log, highWatermark } of this.directory.loadAll()) {
      if (topicId === undefined) continue;
      const key = { ...id, topicId };
      this.open.set(partitionName(id), { key, log });
      stored.push({ ...key, log: log.describe(), highWatermark });
    }
    return stored;
  }

  /** The whole batches of a log from an offset to below another: for checkers. */
  bytesOf(
    topic: string,
    partition: number,
    { fromOffset, upToOffset }: { readonly fromOffset: number; readonly upToOffset: number },
  ): readonly Uint8Array[] {
    const open = this.open.get(partitionName({ topic, partition }));
    if (open === undefined) return [];
    const offset = Math.max(fromOffset, open.log.describe().logStartOffset);
    if (upToOffset <= offset) return [];
    return open.log.read({ offset, maxBytes: 1 << 28, minOneBatch: true, upToOffset }).chunks;
  }

  perform(effect: LogEffect, feed: (input: BrokerInput) => void): void {
    switch (effect.kind) {
      case 'appendLog':
        this.append(effect);
        feed({ kind: 'appended', token: effect.token });
        return;
      case 'readLog': {
        const slices = gatherSlices(effect, this.readSlice);
        feed({ kind: 'logRead', token: effect.token, slices });
        return;
      }
      case 'findTimestamps': {
        const found = effect.searches.map(() => ({ offset: -1, timestamp: -1 }));
        feed({ kind: 'timestampsFound', token: effect.token, found });
        return;
      }
      case 'createLog':
        feed({ kind: 'logChanged', token: effect.token, log: this.create(effect) });
        return;
      case 'truncateLog': {
        const log = this.require(effect).truncateTo(effect.offset);
        feed({ kind: 'logChanged', token: effect.token, log });
        return;
      }
      case 'restartLog': {
        const log = this.require(effect).truncateFullyAndStartAt(effect.offset);
        feed({ kind: 'logChanged', token: effect.token, log });
        return;
      }
      default:
        this.performQuiet(effect);
    }
  }

  private performQuiet(
    effect: Exclude<
      LogEffect,
      {
        readonly kind:
          'appendLog' | 'readLog' | 'findTimestamps' | 'createLog' | 'truncateLog' | 'restartLog';
      }
    >,
  ): void {
    if (effect.kind === 'advanceLogStart') this.require(effect).advanceLogStart(effect.offset);
    else if (effect.kind === 'assignEpoch') {
      this.require(effect).assignEpoch(effect.epoch, effect.startOffset);
    } else if (effect.kind === 'deleteLog') this.retire(effect, 'delete');
    else if (effect.kind === 'markStray') this.retire(effect, 'stray');
    else if (effect.kind === 'checkpointHighWatermarks') {
      this.directory?.checkpointHighWatermarks(
        effect.moved.map(({ topic, partition, highWatermark }) => [
          { topic, partition },
          highWatermark,
        ]),
      );
    }
  }

  private append(effect: Extract<LogEffect, { kind: 'appendLog' }>): void {
    let offsetNext = effect.firstOffset;
    // A shell's buffers are its own: what is appended here must not be what somebody else still holds.
    const chunks = effect.chunks.map((chunk) => chunk.slice());
    if (effect.leaderEpoch >= 0) {
      for (const chunk of chunks) {
        offsetNext =
          assignOffsets(chunk, { offsetNext, leaderEpoch: effect.leaderEpoch }).lastOffset + 1;
      }
    }
    this.require(effect).append(chunks);
  }

  private readonly readSlice = (
    { topic, partition, offset, upToOffset }: LogReadWanted,
    limits: { readonly maxBytes: number; readonly minOneBatch: boolean },
  ): LogSlice => {
    const open = this.open.get(partitionName({ topic, partition }));
    if (open === undefined) return { chunks: [], bytes: 0, errorCode: unknownPartition };
    try {
      const { chunks, bytes } = open.log.read({ ...limits, offset, upToOffset });
      return { chunks, bytes, errorCode: 0 };
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      return { chunks: [], bytes: 0, errorCode: offsetOutOfRange };
    }
  };

  private create({ topic, topicId, partition }: PartitionKey): RecoveredLog {
    const name = partitionName({ topic, partition });
    const before = this.open.get(name);
    if (before?.key.topicId === topicId) return before.log.describe();
    if (before !== undefined) this.retire(before.key, 'stray');
    this.directory ??= this.openDirectory();
    const { log } = this.directory.create({ topic, partition }, topicId);
    this.open.set(name, { key: { topic, topicId, partition }, log });
    return log.describe();
  }

  private retire({ topic, topicId, partition }: PartitionKey, suffix: 'delete' | 'stray'): void {
    const name = partitionName({ topic, partition });
    if (this.open.get(name)?.key.topicId !== topicId) return;
    this.open.delete(name);
    const unique = (this.retiredCount++).toString(16).padStart(32, '0');
    this.directory?.retire([{ id: { topic, partition }, unique, suffix }]);
  }

  private require({ topic, topicId, partition }: PartitionKey): PartitionLog {
    const open = this.open.get(partitionName({ topic, partition }));
    assert(open?.key.topicId === topicId, 'The core names logs that are open', {
      topic,
      partition,
    });
    return open.log;
  }

  private openDirectory(): LogDirectory {
    return new LogDirectory({
      directory: logFolder,
      identity: { brokerId: this.broker, clusterId: 'simulated' },
      configOf: () => logConfigDefault,
      resources: {
        files: this.files,
        checksum: crc32c,
        pool: new FilePool({ countMax: 100, bytesMax: 1 << 24 }),
        tailCache: new TailCache({ bytesMax: 1 << 22, countMax: 1000 }),
      },
    });
  }
}
