import { type FileSystem } from '@zookafka/base';
import { decodeCheckpoint, encodeCheckpoint, parseCount } from './checkpointText.ts';
import { fileBroken } from './logError.ts';
import { partitionName } from './logNames.ts';
import { readWhole, replaceFile } from './wholeFile.ts';

/** The checkpoint files of a log directory. */
export const checkpointFiles = {
  highWatermark: 'replication-offset-checkpoint',
  recoveryPoint: 'recovery-point-offset-checkpoint',
  logStartOffset: 'log-start-offset-checkpoint',
} as const;

/** One offset a partition, by the partition's folder name (`topic-0`). */
export type OffsetsByPartition = Map<string, number>;

/** @returns the bytes of a checkpoint file: `<topic> <partition> <offset>` a line */
export function encodeOffsets(offsets: ReadonlyMap<string, number>): Uint8Array {
  const lines: string[] = [];
  for (const [name, offset] of offsets) {
    const dash = name.lastIndexOf('-');
    lines.push(`${name.slice(0, dash)} ${name.slice(dash + 1)} ${offset}`);
  }
  return encodeCheckpoint(lines);
}

/** @throws {LogError} FILE_BROKEN, FILE_NEWER */
export function decodeOffsets(bytes: Uint8Array, path: string): OffsetsByPartition {
  const offsets: OffsetsByPartition = new Map();
  for (const [topic, partition, offset] of decodeCheckpoint(bytes, { path, columns: 3 })) {
    const index = parseCount(partition as string);
    const value = parseCount(offset as string);
    if (index === undefined || value === undefined) {
      throw fileBroken(path, 'a line is not a topic, a partition and an offset');
    }
    const name = partitionName({ topic: topic as string, partition: index });
    if (offsets.has(name)) throw fileBroken(path, `it names ${name} twice`);
    offsets.set(name, value);
  }
  return offsets;
}

/** @returns the offsets of a checkpoint file; none where there is no file */
export function readOffsets(files: FileSystem, path: string): OffsetsByPartition {
  const bytes = readWhole(files, path);
  return bytes === undefined ? new Map<string, number>() : decodeOffsets(bytes, path);
}

/** Replaces a checkpoint file, durably. */
export function writeOffsets(
  files: FileSystem,
  file: { readonly directory: string; readonly name: string },
  offsets: ReadonlyMap<string, number>,
): void {
  replaceFile(files, { ...file, bytes: encodeOffsets(offsets), durable: true });
}
