import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@zookafka/base';

/** Why a folder cannot be taken. */
export interface FolderRefusal {
  readonly code: 'IN_USE';
  readonly folder: string;
  readonly pid: number;
}

/** A folder that another process holds. */
export class FolderError extends CodedError<FolderRefusal> {
  override readonly name = 'FolderError';
}

/** A folder that this process holds until `release`. */
export interface FolderLock {
  release(): void;
}

/** Who holds a folder. A process id is used again: with the time of its start it names one process. */
interface Holder {
  readonly pid: number;
  /** What the system says about the start of that process, or empty where it says nothing. */
  readonly start: string;
}

const attemptsMax = 5;

/**
 * Takes a folder for this process, by a file `lock` in it that names the process. A file that a dead process left is
 * taken over.
 *
 * @throws {FolderError} IN_USE, with the process that holds it
 */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, 'lock');
  const own = holderOf(process.pid);
  const text = `${JSON.stringify(own)}\n`;
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    try {
      writeFileSync(path, text, { flag: 'wx' });
      return {
        release: () => {
          if (readText(path) === text) rmSync(path, { force: true });
        },
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const found = readText(path);
    const holder = parseHolder(found);
    if (holder !== undefined && isAlive(holder)) throw inUse(folder, holder.pid);
    takeAway(path, found);
  }
  throw inUse(folder, parseHolder(readText(path))?.pid ?? 0);
}

function inUse(folder: string, pid: number): FolderError {
  return new FolderError(
    { code: 'IN_USE', folder, pid },
    `Cannot use ${folder}: process ${pid} holds it`,
  );
}

/** Removes a dead process's file; when another process was quicker, gives that one's file back. */
function takeAway(path: string, expected: string | undefined): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
    if (readText(aside) !== expected) linkSync(aside, path);
  } catch {
    // Another process removed it first: the next attempt sees what is there now.
  }
  rmSync(aside, { force: true });
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parseHolder(text: string | undefined): Holder | undefined {
  try {
    const { pid, start } = JSON.parse(text ?? '') as Partial<Holder>;
    return typeof pid === 'number' && typeof start === 'string' ? { pid, start } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, under another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return holder.start === holderOf(holder.pid).start && !isZombie(holder.pid);
}

/** One that is dead and waits for its parent to ask: it holds nothing any more. */
function isZombie(pid: number): boolean {
  const stat = readText(`/proc/${pid}/stat`) ?? '';
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}

function holderOf(pid: number): Holder {
  const stat = readText(`/proc/${pid}/stat`);
  const boot = readText('/proc/sys/kernel/random/boot_id');
  if (stat === undefined || boot === undefined) return { pid, start: '' };
  // The name in parentheses may hold blanks: fields are counted from behind it. The 22nd is the start in ticks.
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return { pid, start: `${boot.trim()} ${ticks}` };
}
