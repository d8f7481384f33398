import { spawn } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { hrtime } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

import { failedError } from '../failure.ts';
import { type NodeLayout } from './layout.ts';

const pollMs = 20;
const stopTimeoutMs = 15_000;
/** How much of a node's output is shown when it could not start. */
const outputTailBytes = 2000;

/** @returns the pid of the node's process once it serves, or undefined */
export function pidOf(node: NodeLayout): number | undefined {
  return pidIn(node.pidPath, node);
}

/** @returns the pid of the node's process, whether it serves yet or not, or undefined when there is none */
export function runningPidOf(node: NodeLayout): number | undefined {
  return pidOf(node) ?? pidIn(node.startedPidPath, node);
}

function pidIn(path: string, node: NodeLayout): number | undefined {
  if (!existsSync(path)) return undefined;
  const pid = Number(readFileSync(path, 'utf8').trim());
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
  writeFileSync(node.startedPidPath, `${child.pid}\n`);
  appendEvent(node, 'nodeStarted', { pid: child.pid });
  return child.pid;
}

/** Sends a signal and remembers it as the beginning of whatever follows from it. */
export function signalNode(
  node: NodeLayout,
  signal: NodeJS.Signals,
  roles: readonly string[],
): number {
  const pid = runningPidOf(node);
  if (pid === undefined) throw failedError(`Cannot signal ${node.name}: it is down`);
  appendEvent(node, signalEvents[signal] ?? 'signalled', { pid, signal, roles });
  signalQuietly(pid, signal);
  return pid;
}

/** The process may have ended by itself in between. */
function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits until the process is gone. @returns false when it still runs after `timeoutMs` */
export async function waitForExit(node: NodeLayout, timeoutMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs;
  while (runningPidOf(node) !== undefined) {
    if (performance.now() > deadlineMs) return false;
    await delay(pollMs);
  }
  rmSync(node.pidPath, { force: true });
  return true;
}

/**
 * Ends a node as its program wishes to end; one that does not within `stopTimeoutMs` is killed.
 *
 * @param roles what the node was, for its story
 */
export async function stopNodes(
  nodes: readonly NodeLayout[],
  roles: readonly string[],
): Promise<void> {
  for (const node of nodes) {
    const pid = signalNode(node, 'SIGTERM', roles);
    // A paused process takes the signal only when it runs again.
    signalQuietly(pid, 'SIGCONT');
  }
  for (const node of nodes) {
    if (await waitForExit(node, stopTimeoutMs)) continue;
    signalNode(node, 'SIGKILL', roles);
    await waitForExit(node, stopTimeoutMs);
  }
}

/** Kills those of the nodes that run. */
export function killNodes(nodes: readonly NodeLayout[]): void {
  for (const node of nodes) if (runningPidOf(node) !== undefined) signalNode(node, 'SIGKILL', []);
}

/**
 * A node that ended before it wrote its pid file will never serve.
 *
 * @param pid of the process that was started
 * @throws {CommandError} FAILED with the end of what it wrote
 */
export function requireStarting(node: NodeLayout, pid: number): void {
  if (runningPidOf(node) === pid) return;
  const tail = outputTail(node);
  throw failedError(
    `${node.name} ended while it started${tail === '' ? '' : `; its last words:\n${tail}`}\nThe whole output: ${node.outputPath}`,
  );
}

/** The end of what the node wrote, for a person who must see why it did not start. */
function outputTail(node: NodeLayout): string {
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
