import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { StoreError } from './storeError.ts';

/** A folder that only this process uses. */
export interface FolderLock {
  release(): void;
}

const lockName = '.lock';
const attemptsMax = 3;

/**
 * Claims a folder by a file that holds this process's pid. The file of a process that is gone does not count.
 *
 * @throws {StoreError} FOLDER_IN_USE naming the process that holds it
 */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, lockName);
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    if (tryCreate(path)) {
      return {
        release: () => {
          rmSync(path, { force: true });
        },
      };
    }
    const holder = holderOf(path);
    if (holder !== undefined) {
      throw new StoreError(
        { code: 'FOLDER_IN_USE', path: folder },
        `Cannot use ${folder}: the process with pid ${holder} uses it`,
      );
    }
    rmSync(path, { force: true });
  }
  throw new StoreError(
    { code: 'FOLDER_IN_USE', path: folder },
    `Cannot use ${folder}: its lock changes hands all the time`,
  );
}

function tryCreate(path: string): boolean {
  try {
    const file = openSync(path, 'wx');
    writeSync(file, `${process.pid} ${startTimeOf(process.pid)}\n`);
    closeSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** @returns the pid of the living process that wrote the lock, or undefined */
function holderOf(path: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const [pidText = '', startTime = ''] = text.trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  // A pid is given anew after a crash: its start time tells the two apart where the platform shows it.
  return startTimeOf(pid) === startTime ? pid : undefined;
}

/** The process's start in clock ticks, `-` where the platform does not show it. */
function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-';
  } catch {
    return '-';
  }
}
