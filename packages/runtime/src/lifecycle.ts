import { renameSync, rmSync, writeFileSync } from 'node:fs';

/** A program that runs until it is told to stop. */
export interface Program {
  /** Stops cleanly. */
  stop(): Promise<void>;
}

/** A node ends with this code when it stopped by itself: a failed disk, a bug. */
export const exitCodeFailed = 1;

/**
 * Runs a program until SIGTERM or SIGINT, then stops it cleanly; a second signal ends the process at once.
 *
 * @param pidPath where the pid is written once the program runs, removed at a clean end
 */
export async function runProgram(
  start: () => Promise<Program>,
  { pidPath }: { readonly pidPath: string | undefined },
): Promise<void> {
  const program = await start();
  if (pidPath !== undefined) writePid(pidPath);
  let isStopping = false;
  const onSignal = (): void => {
    if (isStopping) process.exit(exitCodeFailed);
    isStopping = true;
    void program.stop().then(() => {
      if (pidPath !== undefined) rmSync(pidPath, { force: true });
      process.exit(0);
    });
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

function writePid(path: string): void {
  writeFileSync(`${path}.tmp`, `${process.pid}\n`);
  renameSync(`${path}.tmp`, path);
}
