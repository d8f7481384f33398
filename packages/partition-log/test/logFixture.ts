import { ByteWriter, crc32c } from '@zookafka/base';
import {
  assignOffsets,
  FilePool,
  type LogConfig,
  logConfigDefault,
  type LogOpening,
  type LogResources,
  openPartitionLog,
  type PartitionLog,
  TailCache,
} from '@zookafka/partition-log';
import { MemoryDisk } from './memoryDisk.ts';

/** What a test wants in a batch. */
export interface BatchWish {
  readonly records?: number;
  readonly valueBytes?: number;
  readonly timestamp?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly fill?: number;
  readonly compression?: number;
}

/** A batch as a producer sends it: offsets from 0, leader epoch -1. */
export function batchOf(wish: BatchWish = {}): Uint8Array {
  const count = wish.records ?? 1;
  const timestamp = wish.timestamp ?? 1000;
  const writer = new ByteWriter(256);
  writer.int64(0);
  writer.int32(0);
  writer.int32(-1);
  writer.int8(2);
  writer.int32(0);
  writer.int16(wish.compression ?? 0);
  writer.int32(count - 1);
  writer.int64(timestamp);
  writer.int64(timestamp + count - 1);
  writer.int64(wish.producerId ?? -1);
  writer.int16(wish.producerEpoch ?? (wish.producerId === undefined ? -1 : 0));
  writer.int32(wish.baseSequence ?? -1);
  writer.int32(count);
  const value = new Uint8Array(wish.valueBytes ?? 10).fill(wish.fill ?? 7);
  for (let index = 0; index < count; index++) writeRecord(writer, index, value);
  const bytes = writer.copy();
  const view = new DataView(bytes.buffer);
  view.setInt32(8, bytes.length - 12);
  view.setUint32(17, crc32c(bytes, 21));
  return bytes;
}

/** A batch with its place in the log. */
export function placedBatch(offsetNext: number, leaderEpoch: number, wish?: BatchWish): Uint8Array {
  const bytes = batchOf(wish);
  assignOffsets(bytes, { offsetNext, leaderEpoch });
  return bytes;
}

function writeRecord(writer: ByteWriter, index: number, value: Uint8Array): void {
  const record = new ByteWriter(64);
  record.int8(0);
  record.varlong(index);
  record.varint(index);
  record.varint(-1);
  record.varint(value.length);
  record.raw(value);
  record.varint(0);
  writer.varint(record.length);
  writer.raw(record.view());
}

/** Small segments and a dense index, so that few batches show much. */
export const smallConfig: LogConfig = {
  ...logConfigDefault,
  segmentBytes: 1000,
  indexIntervalBytes: 100,
};

export function resourcesOf(files: MemoryDisk, tailBytes = 1 << 20): LogResources {
  return {
    files,
    checksum: crc32c,
    pool: new FilePool({ countMax: 3, bytesMax: 1 << 20 }),
    tailCache: new TailCache({ bytesMax: tailBytes, countMax: 1000 }),
  };
}

export const directory = '/data/topic-0';

export function newDisk(): MemoryDisk {
  const disk = new MemoryDisk();
  disk.makeDirectory('/data');
  disk.makeDirectory(directory);
  disk.syncDirectory('/data');
  return disk;
}

export function openLog(files: MemoryDisk, opening: Partial<LogOpening> = {}): PartitionLog {
  return openPartitionLog({
    resources: resourcesOf(files),
    directory,
    config: smallConfig,
    recoveryPoint: 0,
    logStartOffset: 0,
    isClean: false,
    saveCheckpoints: () => undefined,
    ...opening,
  });
}

/** Appends one batch as a leader does. */
export function appendBatch(log: PartitionLog, wish?: BatchWish, leaderEpoch = 0): Uint8Array {
  const bytes = placedBatch(log.logEndOffset, leaderEpoch, wish);
  log.append([bytes]);
  return bytes;
}

/** Everything from `offset`, read in steps. */
export function readAll(
  log: PartitionLog,
  offset = log.logStartOffset,
  maxBytes = 300,
): Uint8Array {
  const all = new ByteWriter(1024);
  let next = offset;
  for (;;) {
    const read = log.read({
      offset: next,
      maxBytes,
      minOneBatch: true,
      upToOffset: Number.MAX_SAFE_INTEGER,
    });
    if (read.bytes === 0) return all.copy();
    for (const chunk of read.chunks) all.raw(chunk);
    next = read.offsetNext;
  }
}

/** What `toThrow` compares with a `LogError` of this code. */
export function refusal(code: string): Error {
  return expect.objectContaining({ code }) as Error;
}
