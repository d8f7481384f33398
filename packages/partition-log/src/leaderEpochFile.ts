import { type FileSystem } from '@zookafka/base';
import { decodeCheckpoint, encodeCheckpoint, parseCount } from './checkpointText.ts';
import { type EpochEntry } from './leaderEpochCache.ts';
import { fileBroken } from './logError.ts';
import { readWhole, replaceFile } from './wholeFile.ts';

/** The file in a partition's folder that holds its leader epochs. */
export const leaderEpochFileName = 'leader-epoch-checkpoint';

/** @returns the bytes of the file: `<epoch> <start offset>` a line */
export function encodeEpochs(entries: readonly EpochEntry[]): Uint8Array {
  return encodeCheckpoint(entries.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`));
}

/** @throws {LogError} FILE_BROKEN, FILE_NEWER */
export function decodeEpochs(bytes: Uint8Array, path: string): readonly EpochEntry[] {
  const entries: EpochEntry[] = [];
  for (const [first, second] of decodeCheckpoint(bytes, { path, columns: 2 })) {
    const epoch = parseCount(first as string);
    const startOffset = parseCount(second as string);
    if (epoch === undefined || epoch > 0x7fff_ffff || startOffset === undefined) {
      throw fileBroken(path, 'a line is not an epoch and an offset');
    }
    const before = entries[entries.length - 1];
    if (before !== undefined && (before.epoch >= epoch || before.startOffset >= startOffset)) {
      throw fileBroken(path, 'its entries do not rise');
    }
    entries.push({ epoch, startOffset });
  }
  return entries;
}

/** @returns the entries, or undefined where there is no file. @throws {LogError} */
export function readEpochs(
  files: FileSystem,
  directory: string,
): readonly EpochEntry[] | undefined {
  const path = `${directory}/${leaderEpochFileName}`;
  const bytes = readWhole(files, path);
  return bytes === undefined ? undefined : decodeEpochs(bytes, path);
}

/** Replaces the file. A flush makes it durable: until then recovery finds the epochs in the log. */
export function writeEpochs(
  files: FileSystem,
  directory: string,
  entries: readonly EpochEntry[],
): void {
  replaceFile(files, {
    directory,
    name: leaderEpochFileName,
    bytes: encodeEpochs(entries),
    durable: false,
  });
}
