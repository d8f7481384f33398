import { isAlive } from '../alive.ts';
import { PlainClient } from '../plainClient.ts';
import { eventually } from '../eventually.ts';
import { type ProcessCluster } from '../processCluster.ts';
import { portOf } from './ports.ts';
import { memoryOf } from './watchdog.ts';

const logLines = '20';

/** A process that frames are sent to. */
interface NodeProcess {
  readonly name: string;
  readonly pid: number;
}

/** The processes of a cluster. */
export function nodesOf({ ready }: ProcessCluster): readonly NodeProcess[] {
  return [...ready.coordinators, ...ready.brokers];
}

/** The memory of each process of its own, in bytes. */
export function memoryByNode(cluster: ProcessCluster): ReadonlyMap<string, number> {
  return new Map(nodesOf(cluster).map(({ name, pid }) => [name, memoryOf(pid) ?? 0]));
}

/** @returns a sentence for each process that ended, with the end of its log */
export async function deaths(cluster: ProcessCluster): Promise<readonly string[]> {
  const dead = nodesOf(cluster).filter(({ pid }) => !isAlive(pid));
  return Promise.all(
    dead.map(async ({ name }) => {
      const { stdout } = await cluster.run(['logs', name, '--lines', logLines]);
      return `${name} ended: ${stdout}`;
    }),
  );
}

/** @returns a sentence for each node that does not serve */
export async function idleNodes(cluster: ProcessCluster): Promise<readonly string[]> {
  const { ensemble, brokers } = await cluster.status();
  const members = ensemble.members.filter(({ state }) => state === 'down' || state === 'looking');
  const down = brokers.filter(({ state }) => state === 'down');
  return [...members, ...down].map(({ name, state }) => `${name} is ${state} afterwards`);
}

/** Waits until every member answers, one of them with what was written before. */
export async function membersServe(
  { ready }: ProcessCluster,
  path: string,
  text: string,
): Promise<void> {
  for (const [index, { client }] of ready.coordinators.entries()) {
    await eventually(`coordinator-${index + 1} serves again, and what was written is kept`, () =>
      serves(portOf(client), path, text),
    );
  }
}

async function serves(port: number, path: string, text: string): Promise<true | undefined> {
  try {
    const client = await PlainClient.open(port);
    try {
      await client.sync();
      return (await client.get(path)) === text ? true : undefined;
    } finally {
      client.close();
    }
  } catch {
    return undefined;
  }
}
