import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { CommandError, failedError, usageError } from '../failure.ts';
import { counted } from '../words.ts';
import { writeConfigurations } from './configuration.ts';
import {
  findCluster,
  layOut,
  writeDescription,
  type ClusterDescription,
  type ClusterLayout,
  type NodeLayout,
} from './layout.ts';
import { killNodes, requireStarting, runningPidOf, startNode, stopNodes } from './nodeProcess.ts';
import { requireFreePorts } from './ports.ts';
import { isReady } from './ready.ts';

const readyPollMs = 15;
const readyTimeoutMs = 60_000;

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
 * @param isStopping whether to wait no longer, because the cluster is being stopped meanwhile
 * @throws {CommandError} when a port is taken, a node ended, or the cluster is not ready in time
 */
export async function startCluster(
  cluster: ClusterLayout,
  isStopping: () => boolean = () => false,
): Promise<void> {
  const down = cluster.nodes.filter((node) => runningPidOf(node) === undefined);
  await requireFreePorts(cluster, new Set(down.map(({ name }) => name)));
  const pids = new Map<NodeLayout, number>();
  for (const node of down) {
    rmSync(node.pidPath, { force: true });
    pids.set(node, startNode(node));
  }
  try {
    await waitUntilReady(cluster, pids, isStopping);
  } catch (error) {
    // Half a cluster is of no use to anybody: nothing that this command started stays.
    killNodes(down);
    throw error;
  }
}

async function waitUntilReady(
  cluster: ClusterLayout,
  pids: ReadonlyMap<NodeLayout, number>,
  isStopping: () => boolean,
): Promise<void> {
  const deadlineMs = performance.now() + readyTimeoutMs;
  while (!(await isReady(cluster))) {
    if (isStopping()) return;
    for (const [node, pid] of pids) requireStarting(node, pid);
    if (performance.now() > deadlineMs) {
      throw failedError(
        `The cluster in ${cluster.data} is not ready after ${readyTimeoutMs / 1000} s: see "zookafka logs"`,
      );
    }
    await delay(readyPollMs);
  }
}

/** Stops all nodes, brokers before members, so that brokers can still say goodbye to the ensemble. */
export async function stopCluster(cluster: ClusterLayout): Promise<readonly string[]> {
  const stopped: string[] = [];
  for (const nodes of [cluster.brokers, cluster.coordinators]) {
    const running = nodes.filter((node) => runningPidOf(node) !== undefined);
    await stopNodes(running, []);
    stopped.push(...running.map(({ name }) => name));
  }
  return stopped;
}

function refuseOtherShape({ data, description }: ClusterLayout, wanted: ClusterDescription): void {
  const shape = ({ coordinators, brokers, portOffset, host }: ClusterDescription): string =>
    `${counted(coordinators, 'coordinator')} and ${counted(brokers, 'broker')} on ${host} with port offset ${portOffset}`;
  if (shape(description) === shape(wanted)) return;
  throw usageError(
    `${data} holds a cluster of ${shape(description)}, not of ${shape(wanted)}: name another folder with --data, or leave these options away to resume it`,
  );
}
