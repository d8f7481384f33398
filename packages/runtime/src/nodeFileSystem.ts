import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
  writevSync,
  constants,
} from 'node:fs';
import { type FileHandle, type FileSystem } from '@zookafka/base';
import { makeFolder } from './makeFolder.ts';

/** How many chunks one `writev` takes: the limit of Linux. */
const chunkCountMax = 1024;

/** Gives the memory that a read goes into: of that size, whatever it holds. */
export type ReadAllocator = (bytes: number) => Uint8Array;

/** The files of this machine, behind the interface that pure logs are written against. */
export class NodeFileSystem implements FileSystem {
  private readonly allocate: ReadAllocator;

  /** @param allocate for a caller that uses memory again; without it, each read has its own */
  constructor(allocate: ReadAllocator = (bytes) => Buffer.allocUnsafeSlow(bytes)) {
    this.allocate = allocate;
  }

  open(path: string): FileHandle {
    const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
    return new NodeFileHandle(path, descriptor, this.allocate);
  }

  exists(path: string): boolean {
    return existsSync(path);
  }

  list(path: string): readonly string[] {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    return isFolder ? readdirSync(path).sort() : [];
  }

  makeDirectory(path: string): void {
    makeFolder(path);
  }

  rename(from: string, to: string): void {
    renameSync(from, to);
  }

  removeFile(path: string): void {
    unlinkSync(path);
  }

  removeDirectory(path: string): void {
    rmSync(path, { recursive: true, force: true });
  }

  syncDirectory(path: string): void {
    syncDirectory(path);
  }
}

/** Makes creations, renames and removals in a folder durable; where folders cannot be synced, it does nothing. */
export function syncDirectory(path: string): void {
  // Windows has no such call: its file systems write names in order.
  if (process.platform === 'win32') return;
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

class NodeFileHandle implements FileHandle {
  readonly path: string;
  size: number;
  private readonly descriptor: number;
  private readonly allocate: ReadAllocator;

  constructor(path: string, descriptor: number, allocate: ReadAllocator) {
    this.path = path;
    this.descriptor = descriptor;
    this.allocate = allocate;
    this.size = fstatSync(descriptor).size;
  }

  append(chunks: readonly Uint8Array[]): void {
    for (let index = 0; index < chunks.length; index += chunkCountMax) {
      const some =
        chunks.length <= chunkCountMax ? chunks : chunks.slice(index, index + chunkCountMax);
      this.appendSome(some);
    }
  }

  read(position: number, length: number): Uint8Array {
    const wanted = Math.max(0, Math.min(length, this.size - position));
    const bytes = this.allocate(wanted);
    let done = 0;
    while (done < wanted) {
      const count = readSync(this.descriptor, bytes, done, wanted - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return new Uint8Array(bytes.buffer, bytes.byteOffset, done);
  }

  truncate(size: number): void {
    ftruncateSync(this.descriptor, size);
    this.size = size;
  }

  sync(): void {
    fdatasyncSync(this.descriptor);
  }

  close(): void {
    closeSync(this.descriptor);
  }

  /** A write may take less than it was given, on a full disk before it fails: the rest is tried again. */
  private appendSome(chunks: readonly Uint8Array[]): void {
    let rest = chunks;
    while (rest.length > 0) {
      let written = writeAt(this.descriptor, rest, this.size);
      this.size += written;
      let whole = 0;
      while (whole < rest.length && written >= (rest[whole] as Uint8Array).length) {
        written -= (rest[whole++] as Uint8Array).length;
      }
      rest = rest.slice(whole);
      if (written > 0) rest = [(rest[0] as Uint8Array).subarray(written), ...rest.slice(1)];
    }
  }
}

/** One write: of a single chunk the plain call, which costs less. */
function writeAt(descriptor: number, chunks: readonly Uint8Array[], position: number): number {
  const first = chunks[0] as Uint8Array;
  return chunks.length === 1
    ? writeSync(descriptor, first, 0, first.length, position)
    : writevSync(descriptor, chunks, position);
}
