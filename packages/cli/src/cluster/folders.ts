import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { usageError } from '../failure.ts';

/**
 * Makes a folder and those above it.
 *
 * One at a time: `mkdirSync` with `recursive` never returns where the system says ENOENT for a folder whose parent is
 * there, as /proc does.
 *
 * @throws {CommandError} USAGE with one sentence when that cannot be
 */
export function makeFolder(path: string): void {
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) mkdirSync(path);
  else if (!found.isDirectory()) throw usageError(`Cannot use ${path} as a folder: it is a file`);
}
