import { type FileSystem } from '@zookafka/base';

/** @returns the bytes of a small file, or undefined where there is none */
export function readWhole(files: FileSystem, path: string): Uint8Array | undefined {
  if (!files.exists(path)) return undefined;
  const handle = files.open(path);
  try {
    return handle.read(0, handle.size);
  } finally {
    handle.close();
  }
}

/** What becomes of a small file: all of it, or what was there before. */
export interface Replacement {
  readonly directory: string;
  readonly name: string;
  readonly bytes: Uint8Array;
  /** False where a lost or torn file is found out and rebuilt: then nothing waits for the disk. */
  readonly durable: boolean;
}

/** Replaces a file under a temporary name: temporary, sync, rename, sync of the folder. */
export function replaceFile(files: FileSystem, replacement: Replacement): void {
  const { directory, name, bytes, durable } = replacement;
  const path = `${directory}/${name}`;
  const temporary = `${path}.tmp`;
  const handle = files.open(temporary);
  try {
    // A crash may have left an older temporary file.
    if (handle.size > 0) handle.truncate(0);
    handle.append([bytes]);
    if (durable) handle.sync();
  } finally {
    handle.close();
  }
  files.rename(temporary, path);
  if (durable) files.syncDirectory(directory);
}

/** Removes a file where it exists. */
export function removeIfThere(files: FileSystem, path: string): void {
  if (files.exists(path)) files.removeFile(path);
}

/** Makes the content of a file durable. Waits for the disk. */
export function syncFile(files: FileSystem, path: string): void {
  const handle = files.open(path);
  try {
    handle.sync();
  } finally {
    handle.close();
  }
}
