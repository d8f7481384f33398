import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writevSync,
} from 'node:fs';
import { join } from 'node:path';

import { ByteReader, ByteWriter, crc32c } from '@zookafka/base';
import { StoreError } from './storeError.ts';

/** "ZKFS" */
const magic = 0x5a4b4653;
const version = 1;
const headBytes = 16;
const chunkHeadBytes = 8;
/** Stands where the next chunk's length would be. */
const endMark = -1;

/** @returns the name of the snapshot at `zxid` */
export function snapshotName(zxid: number): string {
  return `snapshot.${zxid.toString(16)}`;
}

/**
 * Writes a snapshot beside everything else: head (magic, version, zxid), chunks (length, CRC-32C, bytes), end mark.
 * Only `commit` gives it its name.
 */
export class SnapshotWriter {
  private readonly folder: string;
  private readonly name: string;
  private readonly temporary: string;
  private readonly file: number;

  constructor(folder: string, zxid: number) {
    this.folder = folder;
    this.name = snapshotName(zxid);
    this.temporary = join(folder, `${this.name}.tmp`);
    rmSync(this.temporary, { force: true });
    this.file = openSync(this.temporary, 'w');
    const head = new ByteWriter(headBytes);
    head.int32(magic);
    head.int32(version);
    head.int64(zxid);
    writevSync(this.file, [head.view()]);
  }

  chunk(bytes: Uint8Array): void {
    const head = new ByteWriter(chunkHeadBytes);
    head.int32(bytes.length);
    head.int32(crc32c(bytes));
    writevSync(this.file, [head.view(), bytes]);
  }

  /** Makes the snapshot durable under its name. @returns the name */
  commit(): string {
    const end = new ByteWriter(4);
    end.int32(endMark);
    writevSync(this.file, [end.view()]);
    fsyncSync(this.file);
    closeSync(this.file);
    renameSync(this.temporary, join(this.folder, this.name));
    syncFolder(this.folder);
    return this.name;
  }

  abort(): void {
    closeSync(this.file);
    rmSync(this.temporary, { force: true });
  }
}

/**
 * Reads a whole snapshot and checks every chunk.
 *
 * @throws {StoreError} BAD_SNAPSHOT when a byte of it is not as it was written, NEWER_FORMAT
 */
export function readSnapshot(path: string, zxid: number): readonly Uint8Array[] {
  const bad = (what: string): StoreError =>
    new StoreError({ code: 'BAD_SNAPSHOT', path }, `Cannot read ${path}: ${what}`);
  const reader = new ByteReader(readFileSync(path));
  const chunks: Uint8Array[] = [];
  try {
    if (reader.int32() !== magic) throw bad('it is no snapshot');
    const found = reader.int32();
    if (found !== version) {
      throw new StoreError(
        { code: 'NEWER_FORMAT', path },
        `Cannot read ${path}: its format is version ${found}, this program knows version ${version}`,
      );
    }
    if (reader.int64() !== zxid) throw bad('it is the snapshot of another zxid');
    for (let length = reader.int32(); length !== endMark; length = reader.int32()) {
      const crc = reader.uint32();
      const bytes = reader.view(length);
      if (crc32c(bytes) !== crc) throw bad(`the checksum of chunk ${chunks.length} is wrong`);
      chunks.push(bytes);
    }
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw bad('it ends too early');
  }
  return chunks;
}

/** Makes creations, renames and removals in a folder durable. */
export function syncFolder(folder: string): void {
  // Windows cannot open folders, and needs no such sync.
  if (process.platform === 'win32') return;
  const file = openSync(folder, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
