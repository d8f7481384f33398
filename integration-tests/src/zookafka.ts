/** The command line as a process: what slow tests and scripts run, as a person would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a command of the command line said. */
export interface CommandAnswer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program itself, for those who start it in a way of their own. */
export const zookafkaProgram = join(__dirname, '..', '..', 'packages', 'cli', 'bin', 'zookafka.js');

const commandTimeoutMs = 90_000;

/** Runs the command line with these words. Its standard input is `input`, empty when there is none. */
export async function zookafka(words: readonly string[], input = ''): Promise<CommandAnswer> {
  const child = spawnZookafka(words);
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  return answerOf(child, words);
}

/** Starts the command line and leaves it to the caller. */
export function spawnZookafka(words: readonly string[]): ChildProcess {
  return spawn(process.execPath, [zookafkaProgram, ...words], {
    cwd: realpathSync(tmpdir()),
    stdio: 'pipe',
    detached: true,
  });
}

/** Waits for the end of a command and gathers what it says from now on. */
export async function answerOf(
  child: ChildProcess,
  words: readonly string[],
): Promise<CommandAnswer> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const timeout = setTimeout(() => child.kill('SIGKILL'), commandTimeoutMs);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timeout);
  if (signal === 'SIGKILL') {
    throw new Error(
      `zookafka ${words.join(' ')}: no end within ${commandTimeoutMs} ms\n${stdout}${stderr}`,
    );
  }
  return { code, stdout, stderr };
}
