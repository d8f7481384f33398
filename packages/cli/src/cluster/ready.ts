import { Admin } from '@zookafka/client';
import { controllerId, inspectMembers, withEnsemble } from './inspect.ts';
import { type ClusterLayout, type NodeLayout } from './layout.ts';
import { pidOf } from './nodeProcess.ts';

const probeTimeoutMs = 2000;

/**
 * Whether clients can be served: every member serves, a controller is elected, and every broker knows all of them.
 * An open port alone is not ready.
 */
export async function isReady(cluster: ClusterLayout): Promise<boolean> {
  // A node writes its pid file when it serves: cheap to ask first.
  if (cluster.nodes.some((node) => pidOf(node) === undefined)) return false;
  const members = await inspectMembers(cluster);
  if (members.some(({ state }) => state === 'looking' || state === 'down')) return false;
  if (cluster.brokers.length === 0) return true;
  if ((await withEnsemble(cluster, controllerId)) === undefined) return false;
  const known = await Promise.all(cluster.brokers.map(brokersKnownTo));
  return known.every((count) => count === cluster.brokers.length);
}

/** How many brokers one broker's metadata names, 0 while it does not answer or knows no controller. */
async function brokersKnownTo({ id, address }: NodeLayout): Promise<number> {
  const admin = new Admin({ bootstrap: address, requestTimeoutMs: probeTimeoutMs });
  try {
    const target = { kind: 'broker', id } as const;
    const { brokers, controllerId: controller } = await admin.call(
      'metadata',
      { topics: [] },
      target,
    );
    return controller < 0 ? 0 : brokers.length;
  } catch {
    return 0;
  } finally {
    admin.close();
  }
}
