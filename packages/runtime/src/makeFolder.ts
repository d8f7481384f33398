import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder, and those above it that are not there.
 *
 * Node's own recursive `mkdirSync` never ends where a folder is there and refuses to hold another with ENOENT, as
 * /proc does (seen on Node 20 and 24).
 *
 * @throws {Error} of the file system, when one cannot be made, or the path is a file's
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  let at = resolve(path);
  while (!isThere(at)) {
    missing.push(at);
    at = dirname(at);
  }
  for (const one of missing.reverse()) {
    try {
      mkdirSync(one);
    } catch (error) {
      // Somebody else made it in between.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  // A file with this name refuses, in the words of the file system.
  if (!statSync(path).isDirectory()) mkdirSync(path);
}

/** A path that leads through a file is not there: making it says why. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw error;
  }
}
