import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hrtime } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

import { failedError } from '../failure.ts';
import { type NodeLayout } from './layout.ts';

const pollMs = 20;
/** How much of a node's output is shown when it could not start. */
const outputTailBytes = 2000;

/** @returns the pid of the node's running process, or undefined when it is down */
export function pidOf(node: NodeLayout): number | undefined {
  if (!existsSync(node.pidPath)) return undefined;
  const pid = Number(readFileSync(node.pidPath, 'utf8').trim());
  return Number.isSafeInteger(pid) && pid > 0 && isRunning(pid, node) ? pid : undefined;
}

/**
 * Starts the node's program as a process of its own, in a process group of its own: Ctrl-C in a terminal reaches
 * the runner only, which then stops the nodes in order.
 */
export function startNode(node: NodeLayout): number {
  const output = openSync(node.outputPath, 'a');
  const child = spawn(
    process.execPath,
    [join(__dirname, '..', '..', 'bin', 'zookafka.js'), node.kind, node.configurationPath],
    { detached: true, stdio: ['ignore', output, output], cwd: node.folder },
  );
  closeSync(output);
  if (child.pid === undefined)
    throw failedError(`Cannot start ${node.name}: no process could be made`);
  child.unref();
  appendEvent(node, 'nodeStarted', { pid: child.pid });
  return child.pid;
}

/** Sends a signal and remembers it as the beginning of whatever follows from it. */
export function signalNode(
  node: NodeLayout,
  signal: NodeJS.Signals,
  roles: readonly string[],
): number {
  const pid = pidOf(node);
  if (pid === undefined) throw failedError(`Cannot signal ${node.name}: it is down`);
  appendEvent(node, signalEvents[signal] ?? 'signalled', { pid, signal, roles });
  process.kill(pid, signal);
  return pid;
}

/** Waits until the process is gone. @returns false when it still runs after `timeoutMs` */
export async function waitForExit(node: NodeLayout, timeoutMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs;
  while (pidOf(node) !== undefined) {
    if (performance.now() > deadlineMs) return false;
    await delay(pollMs);
  }
  rmSync(node.pidPath, { force: true });
  return true;
}

/** The end of what the node wrote, for a person who must see why it did not start. */
export function outputTail(node: NodeLayout): string {
  if (!existsSync(node.outputPath)) return '';
  return readFileSync(node.outputPath, 'utf8').slice(-outputTailBytes).trim();
}

/** What a command did to a node belongs to that node's story: the runner writes it into the same file. */
export function appendEvent(
  node: NodeLayout,
  event: string,
  facts: Readonly<Record<string, unknown>>,
): void {
  const line = {
    wallTime: new Date().toISOString(),
    // The same clock as the nodes' own: since the machine started, on every platform that Node runs on.
    monotonicMs: Number(hrtime.bigint() / 1_000n) / 1000,
    node: node.name,
    source: 'command',
    event,
    ...facts,
  };
  appendFileSync(node.eventsPath, `${JSON.stringify(line)}\n`);
}

const signalEvents: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGKILL: 'killed',
  SIGTERM: 'stopRequested',
  SIGSTOP: 'paused',
  SIGCONT: 'resumed',
};

function isRunning(pid: number, node: NodeLayout): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return isNodeOf(pid, node);
}

/** A pid can be given to another program after a crash: where /proc tells, look at what runs under it. */
function isNodeOf(pid: number, node: NodeLayout): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    // A process that ended and was not waited for has an empty command line.
    return command.includes(node.configurationPath);
  } catch {
    return !existsSync('/proc/self/cmdline');
  }
}
