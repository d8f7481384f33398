import { ByteReader, ByteWriter, crc32c, type FileSystem } from '@zookafka/base';
import { int32At, putInt32 } from './batchHeader.ts';
import { fileBroken, LogError } from './logError.ts';
import { offsetFileName, offsetOfFileName } from './logNames.ts';
import { type ProducerEntry } from './producerState.ts';
import { readWhole, removeIfThere, replaceFile } from './wholeFile.ts';

const version = 1;
const headBytes = 10;
const checksummedFrom = 6;
const entryBytes = 46;

/** @returns the bytes of a snapshot. Source: Apache Kafka, `ProducerStateManager`, version 1 */
export function encodeProducers(entries: readonly ProducerEntry[]): Uint8Array {
  const writer = new ByteWriter(headBytes + entries.length * entryBytes);
  writer.int16(version);
  writer.int32(0);
  writer.int32(entries.length);
  for (const entry of entries) {
    writer.int64(entry.producerId);
    writer.int16(entry.producerEpoch);
    writer.int32(entry.lastSequence);
    writer.int64(entry.lastOffset);
    writer.int32(entry.offsetDelta);
    writer.int64(entry.timestamp);
    writer.int32(entry.coordinatorEpoch);
    writer.int64(entry.transactionFirstOffset);
  }
  const bytes = writer.copy();
  putInt32(bytes, 2, crc32c(bytes, checksummedFrom));
  return bytes;
}

/** @throws {LogError} FILE_BROKEN, FILE_NEWER */
export function decodeProducers(bytes: Uint8Array, path: string): readonly ProducerEntry[] {
  if (bytes.length < headBytes) throw fileBroken(path, 'it ends early');
  const reader = new ByteReader(bytes);
  const found = reader.int16();
  if (found !== version) {
    throw new LogError(
      { code: 'FILE_NEWER', path, version: String(found) },
      `Cannot use ${path}: its version is ${found}, this program knows ${version}`,
    );
  }
  const crc = reader.uint32();
  if (crc !== crc32c(bytes, checksummedFrom)) throw fileBroken(path, 'its checksum differs');
  const count = reader.int32();
  if (int32At(bytes, checksummedFrom) * entryBytes !== reader.remaining) {
    throw fileBroken(path, `it does not hold ${count} entries`);
  }
  return Array.from({ length: count }, () => ({
    producerId: reader.int64(),
    producerEpoch: reader.int16(),
    lastSequence: reader.int32(),
    lastOffset: reader.int64(),
    offsetDelta: reader.int32(),
    timestamp: reader.int64(),
    coordinatorEpoch: reader.int32(),
    transactionFirstOffset: reader.int64(),
  }));
}

/** Writes what is known of producers before `offset`. Its checksum finds a torn one out: nothing waits. */
export function writeSnapshot(
  files: FileSystem,
  { directory, offset }: { readonly directory: string; readonly offset: number },
  entries: readonly ProducerEntry[],
): void {
  const name = offsetFileName(offset, 'snapshot');
  replaceFile(files, { directory, name, bytes: encodeProducers(entries), durable: false });
}

/** @returns the offsets of the snapshots in a partition's folder, rising */
export function snapshotOffsets(files: FileSystem, directory: string): readonly number[] {
  const offsets: number[] = [];
  for (const name of files.list(directory)) {
    const offset = offsetOfFileName(name, 'snapshot');
    if (offset !== undefined) offsets.push(offset);
  }
  return offsets;
}

/**
 * Finds the newest snapshot that a state at `offsetMax` may start from. A broken one is removed: the log tells
 * the same, more slowly.
 */
export function newestSnapshot(
  files: FileSystem,
  { directory, offsetMax }: { readonly directory: string; readonly offsetMax: number },
): { readonly offset: number; readonly entries: readonly ProducerEntry[] } | undefined {
  for (const offset of snapshotOffsets(files, directory).toReversed()) {
    if (offset > offsetMax) continue;
    const path = `${directory}/${offsetFileName(offset, 'snapshot')}`;
    const bytes = readWhole(files, path);
    if (bytes === undefined) continue;
    try {
      return { offset, entries: decodeProducers(bytes, path) };
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      files.removeFile(path);
    }
  }
  return undefined;
}

/** Removes the snapshots whose offset `isGone` names. @returns whether any was there */
export function removeSnapshots(
  files: FileSystem,
  directory: string,
  isGone: (offset: number) => boolean,
): boolean {
  const gone = snapshotOffsets(files, directory).filter(isGone);
  for (const offset of gone) {
    removeIfThere(files, `${directory}/${offsetFileName(offset, 'snapshot')}`);
  }
  return gone.length > 0;
}
