/**
 * The files that a log needs, small enough to have a simulated twin: torn at 512 bytes, with renames lost that
 * no `syncDirectory` followed.
 *
 * All calls are synchronous: writes go to the page cache, which costs microseconds; only the syncs wait for the
 * disk, and shells call those where nobody waits behind them. Paths are absolute, with `/` between names.
 *
 * @throws whatever the platform throws (ENOSPC, EIO…): the shell then stops acknowledging
 */
export interface FileSystem {
  /** Opens for reading and writing; creates the file where it is missing. */
  open(path: string): FileHandle;
  exists(path: string): boolean;
  /** The names in a folder, sorted; empty where there is no such folder. */
  list(path: string): readonly string[];
  /** Creates a folder and its parents. */
  makeDirectory(path: string): void;
  rename(from: string, to: string): void;
  removeFile(path: string): void;
  /** Removes a folder and everything in it. */
  removeDirectory(path: string): void;
  /** Makes creations, renames and removals in this folder durable. */
  syncDirectory(path: string): void;
}

/** One open file. */
export interface FileHandle {
  readonly path: string;
  /** In bytes, as this handle's writes left it. */
  readonly size: number;
  /** Appends all chunks at the end, in one write where the platform can. */
  append(chunks: readonly Uint8Array[]): void;
  /** Reads up to `length` bytes at `position`; fewer only at the end of the file. */
  read(position: number, length: number): Uint8Array;
  truncate(size: number): void;
  /** Makes the content durable. Waits for the disk. */
  sync(): void;
  close(): void;
}
