import { rmSync, existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { CommandError, failedError, usageError } from '../failure.ts';
import { writeConfigurations } from './configuration.ts';
import {
  findCluster,
  layOut,
  writeDescription,
  type ClusterDescription,
  type ClusterLayout,
  type NodeLayout,
} from './layout.ts';
import { outputTail, pidOf, signalNode, startNode, waitForExit } from './nodeProcess.ts';
import { requireFreePorts } from './ports.ts';
import { isReady } from './ready.ts';

const readyPollMs = 15;
const readyTimeoutMs = 60_000;
const stopTimeoutMs = 15_000;

/**
 * Lays a cluster out in `data`, or takes up the one that is there. Nothing is written when a port is taken: the same
 * folder can be used with other ports.
 *
 * @throws {CommandError} USAGE when the folder holds a cluster of another shape or cannot be used, or a port is taken
 */
export async function prepareCluster(
  data: string,
  wanted: ClusterDescription,
): Promise<ClusterLayout> {
  const existing = findCluster(data);
  if (existing !== undefined) {
    refuseOtherShape(existing, wanted);
    return existing;
  }
  const cluster = layOut(data, wanted);
  await requireFreePorts(cluster, new Set(cluster.nodes.map(({ name }) => name)));
  try {
    writeDescription(cluster);
    writeConfigurations(cluster);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw usageError(`Cannot use ${cluster.data} as the data folder: ${(error as Error).message}`);
  }
  return cluster;
}

/**
 * Starts every node that is down, members first, and waits until the cluster can serve.
 *
 * @returns the nodes that were started
 * @throws {CommandError} when a port is taken, a node ended, or the cluster is not ready in time
 */
export async function startCluster(cluster: ClusterLayout): Promise<readonly NodeLayout[]> {
  const down = cluster.nodes.filter((node) => pidOf(node) === undefined);
  await requireFreePorts(cluster, new Set(down.map(({ name }) => name)));
  const pids = new Map<NodeLayout, number>();
  for (const node of down) {
    rmSync(node.pidPath, { force: true });
    pids.set(node, startNode(node));
  }
  const deadlineMs = performance.now() + readyTimeoutMs;
  while (!(await isReady(cluster))) {
    for (const [node, pid] of pids) requireRunning(node, pid);
    if (performance.now() > deadlineMs) {
      throw failedError(
        `The cluster in ${cluster.data} is not ready after ${readyTimeoutMs / 1000} s: see "zookafka status" and "zookafka logs"`,
      );
    }
    await delay(readyPollMs);
  }
  return down;
}

/** Stops all nodes, brokers before members, so that brokers can still say goodbye to the ensemble. */
export async function stopCluster(cluster: ClusterLayout): Promise<readonly string[]> {
  const stopped: string[] = [];
  for (const nodes of [cluster.brokers, cluster.coordinators]) {
    const running = nodes.filter((node) => pidOf(node) !== undefined);
    for (const node of running) {
      signalNode(node, 'SIGTERM', []);
      // A paused process takes the signal only when it runs again.
      signalNode(node, 'SIGCONT', []);
    }
    for (const node of running) {
      if (!(await waitForExit(node, stopTimeoutMs))) {
        signalNode(node, 'SIGKILL', []);
        await waitForExit(node, stopTimeoutMs);
      }
      stopped.push(node.name);
    }
  }
  return stopped;
}

/** Stops all nodes at once. */
export function killCluster(cluster: ClusterLayout): void {
  for (const node of cluster.nodes) if (pidOf(node) !== undefined) signalNode(node, 'SIGKILL', []);
}

/** A node that ended before it wrote its pid file will never be ready. */
function requireRunning(node: NodeLayout, pid: number): void {
  if (pidOf(node) === pid || isAlive(pid)) return;
  const tail = outputTail(node);
  throw failedError(
    `${node.name} ended while it started${tail === '' ? '' : `; its last words:\n${tail}`}\nThe whole output: ${node.outputPath}`,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // An ended child of ours that was not waited for still has its pid.
    return !existsSync('/proc') || existsSync(`/proc/${pid}/exe`);
  } catch {
    return false;
  }
}

function refuseOtherShape({ data, description }: ClusterLayout, wanted: ClusterDescription): void {
  const shape = ({ coordinators, brokers, portOffset, host }: ClusterDescription): string =>
    `${coordinators} coordinators and ${brokers} brokers on ${host} with port offset ${portOffset}`;
  if (shape(description) === shape(wanted)) return;
  throw usageError(
    `${data} holds a cluster of ${shape(description)}, not of ${shape(wanted)}: name another folder with --data, or leave these options away to resume it`,
  );
}
