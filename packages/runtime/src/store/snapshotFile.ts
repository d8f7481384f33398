import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { ByteReader, ByteWriter } from '@zookafka/base';
import { syncDirectory } from '../nodeFileSystem.ts';
import { type SnapshotReader, StoreError, type SyncAside } from './storeTypes.ts';

/** `ZKFS`, the format's version, the zxid. */
const magic = 0x5a4b4653;
const formatVersion = 1;
const headBytes = 16;
const sliceBytes = 1 << 20;

/** What the index keeps of a snapshot. */
export interface SnapshotIndexRow {
  readonly id: number;
  readonly zxid: number;
  readonly file: string;
  readonly size: number;
  /** SHA-256 of the whole file, hexadecimal. */
  readonly digest: string;
}

/** A snapshot that is being written, under a name that does not count. */
export class SnapshotWriter {
  readonly zxid: number;
  private readonly path: string;
  private readonly descriptor: number;
  private readonly hash = createHash('sha256');
  private size = 0;
  private isDone = false;

  constructor(path: string, zxid: number) {
    this.path = path;
    this.zxid = zxid;
    this.descriptor = openSync(`${path}.new`, 'w');
    const head = new ByteWriter(headBytes);
    head.int32(magic);
    head.int32(formatVersion);
    head.int64(zxid);
    this.write(head.finish());
  }

  write(bytes: Uint8Array): void {
    this.hash.update(bytes);
    this.size += bytes.length;
    let done = 0;
    while (done < bytes.length) done += writeSync(this.descriptor, bytes, done);
  }

  /** Gives the file its name and makes it durable, waiting for the disk. */
  finish(id: number): SnapshotIndexRow {
    fsyncSync(this.descriptor);
    return this.settle(id);
  }

  /** As `finish`, but `sync` waits for the disk elsewhere. Not called back after `abort`. */
  finishAside(id: number, sync: SyncAside, done: (result: SnapshotIndexRow | Error) => void): void {
    sync(this.descriptor, (error) => {
      if (this.isDone) return;
      try {
        done(error ?? this.settle(id));
      } catch (cause) {
        done(cause as Error);
      }
    });
  }

  /** Removes what was written. */
  abort(): void {
    if (this.isDone) return;
    this.isDone = true;
    closeSync(this.descriptor);
    rmSync(`${this.path}.new`, { force: true });
  }

  private settle(id: number): SnapshotIndexRow {
    this.isDone = true;
    closeSync(this.descriptor);
    renameSync(`${this.path}.new`, this.path);
    syncDirectory(dirname(this.path));
    const { zxid, size } = this;
    return { id, zxid, file: basename(this.path), size, digest: this.hash.digest('hex') };
  }
}

/** @returns whether the file is what the index says. @throws {StoreError} FORMAT_TOO_NEW */
export function isSnapshotWhole(path: string, row: SnapshotIndexRow): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    const hash = createHash('sha256');
    const slice = Buffer.allocUnsafeSlow(sliceBytes);
    let size = 0;
    for (;;) {
      const count = readSync(descriptor, slice, 0, sliceBytes, size);
      if (count === 0) break;
      hash.update(slice.subarray(0, count));
      size += count;
    }
    if (size !== row.size || hash.digest('hex') !== row.digest) return false;
    checkHead(descriptor);
    return true;
  } finally {
    closeSync(descriptor);
  }
}

/** Opens a snapshot that `isSnapshotWhole` found good. */
export function openSnapshot(path: string, { zxid, size }: SnapshotIndexRow): SnapshotReader {
  const descriptor = openSync(path, 'r');
  let position = headBytes;
  return {
    zxid,
    contentBytes: size - headBytes,
    read: (length) => {
      const bytes = new Uint8Array(Math.min(length, size - position));
      const count = readSync(descriptor, bytes, 0, bytes.length, position);
      position += count;
      return bytes.subarray(0, count);
    },
    close: () => {
      closeSync(descriptor);
    },
  };
}

function checkHead(descriptor: number): void {
  const head = new Uint8Array(headBytes);
  readSync(descriptor, head, 0, headBytes, 0);
  const reader = new ByteReader(head);
  const found = reader.int32() === magic ? reader.int32() : -1;
  if (found === formatVersion) return;
  throw new StoreError(
    { code: 'FORMAT_TOO_NEW', found, supported: formatVersion },
    `Cannot read a snapshot: its format is ${found}, this program knows ${formatVersion}`,
  );
}
