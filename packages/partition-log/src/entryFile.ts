import { assert, type FileSystem } from '@zookafka/base';
import { putInt32, putInt64 } from './batchHeader.ts';

const capacityFirst = 128;

/**
 * Entries of one size, in memory and in a file: one index of a segment.
 *
 * Entries reach the file at `save`, not one by one: an append costs one write, that of the log. What a crash
 * loses, recovery finds in the log.
 */
export class EntryFile {
  readonly path: string;
  readonly entryBytes: number;
  bytes: Uint8Array = new Uint8Array(0);
  count = 0;
  /** How many entries the file holds; -1 when what it holds is not known. */
  private countSaved: number;

  private constructor(path: string, entryBytes: number, countSaved: number) {
    this.path = path;
    this.entryBytes = entryBytes;
    this.countSaved = countSaved;
  }

  /** An index of a new segment, or one to be filled from the log. */
  static empty(path: string, entryBytes: number): EntryFile {
    return new EntryFile(path, entryBytes, -1);
  }

  /** @returns what the file holds; bytes of half an entry at its end are dropped at the next save */
  static load(files: FileSystem, path: string, entryBytes: number): EntryFile {
    if (!files.exists(path)) return EntryFile.empty(path, entryBytes);
    const handle = files.open(path);
    const bytes = handle.read(0, handle.size);
    handle.close();
    const count = Math.floor(bytes.length / entryBytes);
    const isWhole = count * entryBytes === bytes.length;
    const file = new EntryFile(path, entryBytes, isWhole ? count : -1);
    file.bytes = bytes;
    file.count = count;
    return file;
  }

  /** Makes room for one more entry. @returns where it is to be written in `bytes` */
  grow(): number {
    const at = this.count * this.entryBytes;
    if (at + this.entryBytes > this.bytes.length) {
      const grown = new Uint8Array(Math.max(capacityFirst * this.entryBytes, at * 2));
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
    }
    this.count++;
    return at;
  }

  /** Keeps the first `count` entries. */
  keep(count: number): void {
    assert(count <= this.count, 'An index shrinks', { count });
    this.count = count;
    if (this.countSaved > count) this.countSaved = -1;
  }

  /** Writes what the file lacks. */
  save(files: FileSystem): void {
    if (this.countSaved === this.count) return;
    const handle = files.open(this.path);
    try {
      const from = Math.max(0, this.countSaved) * this.entryBytes;
      if (handle.size !== from) handle.truncate(from);
      if (this.count * this.entryBytes > from) {
        handle.append([this.bytes.subarray(from, this.count * this.entryBytes)]);
      }
    } finally {
      handle.close();
    }
    this.countSaved = this.count;
  }
}

/** Adds an entry of the offset index: relative offset, position. */
export function addOffsetEntry(
  index: EntryFile,
  { relativeOffset, position }: { readonly relativeOffset: number; readonly position: number },
): void {
  const at = index.grow();
  putInt32(index.bytes, at, relativeOffset);
  putInt32(index.bytes, at + 4, position);
}

/** Adds an entry of the time index: timestamp, relative offset. */
export function addTimeEntry(
  index: EntryFile,
  { timestamp, relativeOffset }: { readonly timestamp: number; readonly relativeOffset: number },
): void {
  const at = index.grow();
  putInt64(index.bytes, at, timestamp);
  putInt32(index.bytes, at + 8, relativeOffset);
}

/** @returns how many leading entries `isBefore` holds for: a binary search */
export function countWhile(index: EntryFile, isBefore: (at: number) => boolean): number {
  let low = 0;
  let high = index.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle * index.entryBytes)) low = middle + 1;
    else high = middle;
  }
  return low;
}
