import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ProcessCluster } from '../processCluster.ts';

/**
 * Compares the files of all replicas of a topic, byte by byte, as far as the shortest of each partition goes. Hold them
 * still, or all in sync under one leader: only then must they agree.
 *
 * @returns the bytes that all replicas have in common
 * @throws {Error} naming the partition and the first byte that differs
 */
export function compareReplicas(cluster: ProcessCluster, topic: string): number {
  const brokers = cluster.ready.brokers.map(({ name }) => name);
  const folders = brokers.map((name) => join(cluster.node(name).folder, 'log'));
  const partitions = new Set(folders.flatMap((folder) => partitionsIn(folder, topic)));
  let bytes = 0;
  for (const partition of partitions) {
    const logs = folders.map((folder) => logOf(join(folder, partition)));
    const held = logs.filter((log) => log !== undefined);
    const [first] = held;
    if (first === undefined) continue;
    const end = Math.min(...held.map(({ length }) => length));
    for (const [index, log] of held.entries()) {
      if (first.compare(log, 0, end, 0, end) === 0) continue;
      const at = first.findIndex((byte, position) => byte !== log[position]);
      throw new Error(`${partition}: replica ${index + 1} differs from the first at byte ${at}`);
    }
    bytes += end * held.length;
  }
  return bytes;
}

function partitionsIn(folder: string, topic: string): readonly string[] {
  return readdirSync(folder).filter((name) => name.replace(/-\d+$/, '') === topic);
}

/** All segments one behind the other, or undefined where there is no such partition. */
function logOf(folder: string): Buffer | undefined {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.log'));
    return Buffer.concat(names.sort().map((name) => readFileSync(join(folder, name))));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
