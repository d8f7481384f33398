import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { CodedError } from '@zookafka/base';

/** What a program that runs can be told. */
export interface RunningProgram {
  /** Ends in order: what was promised is kept, files and ports are given back. */
  stop(): Promise<void>;
}

/** A program's main part. */
export interface MainOptions {
  /** What it is called in its last sentence. */
  readonly name: string;
  /** Throws a `CodedError` for what a person can put right. */
  readonly start: (control: MainControl) => Promise<RunningProgram>;
  /**
   * By how much the heap may grow before V8 marks it, for a program through which many bytes flow: they count as growth of
   * a small heap, which is then marked several times a second. After 64 MB of new buffers it is marked all the same.
   */
  readonly heapGrowingPercent?: number;
  /** Writes what is left, synchronously, before the process goes. */
  readonly onExit?: () => void;
}

/** How a running program ends itself. */
export interface MainControl {
  /** Stops at once, with one sentence and exit code 1: nothing is acknowledged any more. */
  readonly crash: (error: unknown) => void;
}

/** What a process gives back to whoever started it. */
export const exitCodes = { clean: 0, crashed: 1, unusable: 2, interrupted: 130 } as const;

/**
 * Runs a program until SIGTERM or SIGINT, which stop it in order; a second one ends it at once. Whatever nobody caught
 * ends it with one clear sentence on stderr.
 */
export function runMain({ name, start, heapGrowingPercent, onExit }: MainOptions): void {
  if (heapGrowingPercent !== undefined) {
    setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`);
  }
  let program: RunningProgram | undefined;
  let isStopping = false;

  const exit = (code: number): void => {
    try {
      onExit?.();
    } finally {
      process.exit(code);
    }
  };
  const crash = (error: unknown): void => {
    process.stderr.write(`${name}: ${crashText(error)}\n`);
    exit(
      error instanceof CodedError && program === undefined ? exitCodes.unusable : exitCodes.crashed,
    );
  };
  const stop = (): void => {
    if (isStopping) {
      exit(exitCodes.interrupted);
      return;
    }
    isStopping = true;
    // Still starting: what began by then is taken back by the end of the process.
    const stopped = program?.stop() ?? Promise.resolve();
    stopped.then(() => {
      exit(exitCodes.clean);
    }, crash);
  };

  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  start({ crash }).then((running) => {
    program = running;
  }, crash);
}

/** One sentence for a refusal; for a bug, its trace too. */
export function crashText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof CodedError) return error.message;
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? (error.stack ?? error.message) : error.message;
}

/** Writes this process's id into a file. @returns what removes it again, if it is still ours */
export function writePidFile(path: string): () => void {
  const text = `${process.pid}\n`;
  writeFileSync(path, text);
  return () => {
    try {
      if (readFileSync(path, 'utf8') === text) rmSync(path);
    } catch {
      // Somebody else removed it: nothing is left to do.
    }
  };
}
