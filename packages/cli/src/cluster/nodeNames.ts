import { failedError, usageError } from '../failure.ts';
import { controllerId, ensembleLeader, inspectPartitions, withEnsemble } from './inspect.ts';
import { type ClusterLayout, type NodeLayout } from './layout.ts';

/** A node, and the roles by which it was found or which it has. */
export interface FoundNode {
  readonly node: NodeLayout;
  readonly roles: readonly string[];
}

/** What a NODE may be, for messages. */
export const nodeForms =
  'a name such as broker-2 or coordinator-1, or a role: coordinator-leader, controller, leader-of:TOPIC-PARTITION';

/**
 * Finds a node by its name or by its role at this moment.
 *
 * @throws {CommandError} USAGE for an unknown name, FAILED when nobody has the role
 */
export async function findNode(cluster: ClusterLayout, text: string): Promise<FoundNode> {
  const named = cluster.nodes.find(({ name }) => name === text);
  if (named !== undefined) return { node: named, roles: await rolesOf(cluster, named) };
  if (text === 'coordinator-leader') {
    return { node: requireRole(await ensembleLeader(cluster), text), roles: [text] };
  }
  if (text === 'controller') return { node: await controllerOf(cluster), roles: [text] };
  const partition = /^leader-of:(.+)-(\d+)$/.exec(text);
  if (partition !== null) {
    const [, topic = '', index = ''] = partition;
    return { node: await leaderOf(cluster, topic, Number(index)), roles: [text] };
  }
  const names = cluster.nodes.map(({ name }) => name).join(', ');
  throw usageError(
    `There is no node "${text}": accepted is ${nodeForms}; this cluster has ${names}`,
  );
}

/** The broker with this id. @throws {CommandError} FAILED when the layout has none */
export function brokerOf({ brokers }: ClusterLayout, id: number): NodeLayout {
  const broker = brokers.find((node) => node.id === id);
  if (broker === undefined) throw failedError(`Broker ${id} is not of this cluster`);
  return broker;
}

async function controllerOf(cluster: ClusterLayout): Promise<NodeLayout> {
  const id = await withEnsemble(cluster, controllerId);
  return requireRole(id === undefined ? undefined : brokerOf(cluster, id), 'controller');
}

async function leaderOf(cluster: ClusterLayout, topic: string, index: number): Promise<NodeLayout> {
  const partitions = await withEnsemble(cluster, (client) => inspectPartitions(client, topic));
  const found = partitions.find(({ partition }) => partition === index);
  if (found === undefined) throw usageError(`There is no partition ${topic}-${index}`);
  if (found.leader < 0) throw failedError(`Nobody leads ${topic}-${index} at this moment`);
  return brokerOf(cluster, found.leader);
}

/** The roles that make a node's end interesting; what cannot be found out is left away. */
async function rolesOf(cluster: ClusterLayout, node: NodeLayout): Promise<readonly string[]> {
  if (node.kind === 'coordinator') {
    return (await ensembleLeader(cluster)) === node ? ['coordinator-leader'] : [];
  }
  if ((await ensembleLeader(cluster)) === undefined) return [];
  const id = await withEnsemble(cluster, controllerId);
  return id === node.id ? ['controller'] : [];
}

function requireRole(node: NodeLayout | undefined, role: string): NodeLayout {
  if (node === undefined) throw failedError(`Nobody is ${role} at this moment`);
  return node;
}
