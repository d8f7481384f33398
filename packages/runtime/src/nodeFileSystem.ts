import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writevSync,
} from 'node:fs';

import { type FileHandle, type FileSystem } from '@zookafka/base';
import { syncFolder } from './snapshotFile.ts';

/** As many chunks as one call of the system takes (IOV_MAX). */
const chunksMax = 1024;

/** The platform's files. */
export const nodeFileSystem: FileSystem = {
  open: (path) => new NodeFile(path),
  exists: existsSync,
  list: (path) => (existsSync(path) ? readdirSync(path).sort() : []),
  makeDirectory: (path) => {
    mkdirSync(path, { recursive: true });
  },
  rename: renameSync,
  removeFile: (path) => {
    rmSync(path);
  },
  removeDirectory: (path) => {
    rmSync(path, { recursive: true, force: true });
  },
  syncDirectory: syncFolder,
};

class NodeFile implements FileHandle {
  readonly path: string;
  private readonly file: number;
  private bytes: number;

  constructor(path: string) {
    this.path = path;
    // Read and write, created where it is missing, never cut: what `w+` and `r+` each do half of.
    this.file = openSync(path, existsSync(path) ? 'r+' : 'w+');
    this.bytes = fstatSync(this.file).size;
  }

  get size(): number {
    return this.bytes;
  }

  append(chunks: readonly Uint8Array[]): void {
    for (let start = 0; start < chunks.length; start += chunksMax) {
      this.appendSome(chunks.slice(start, start + chunksMax));
    }
  }

  read(position: number, length: number): Uint8Array {
    const buffer = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, this.bytes - position)));
    let count = 0;
    while (count < buffer.length) {
      const got = readSync(this.file, buffer, count, buffer.length - count, position + count);
      if (got === 0) break;
      count += got;
    }
    return buffer.subarray(0, count);
  }

  truncate(size: number): void {
    ftruncateSync(this.file, size);
    this.bytes = size;
  }

  sync(): void {
    fsyncSync(this.file);
  }

  close(): void {
    closeSync(this.file);
  }

  private appendSome(chunks: readonly Uint8Array[]): void {
    let rest = chunks;
    while (rest.length > 0) {
      let written = writevSync(this.file, rest, this.bytes);
      this.bytes += written;
      let index = 0;
      while (index < rest.length && written >= (rest[index] as Uint8Array).length) {
        written -= (rest[index++] as Uint8Array).length;
      }
      // A disk that is nearly full takes a part; the next call tells why.
      rest = rest.slice(index);
      if (written > 0) rest = [(rest[0] as Uint8Array).subarray(written), ...rest.slice(1)];
    }
  }
}
