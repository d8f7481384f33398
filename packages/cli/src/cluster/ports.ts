import { createServer } from 'node:net';

import { usageError } from '../failure.ts';
import { peerPorts, type ClusterLayout } from './layout.ts';

/**
 * Refuses to start where another program already listens: found out before the first process starts.
 *
 * @throws {CommandError} USAGE naming the port and whose it would be
 */
export async function requireFreePorts(
  cluster: ClusterLayout,
  down: ReadonlySet<string>,
): Promise<void> {
  const { host, portOffset } = cluster.description;
  for (const node of cluster.nodes.filter(({ name }) => down.has(name))) {
    const { quorumPort, electionPort } = peerPorts(node.id, portOffset);
    const ports = node.kind === 'broker' ? [node.port] : [node.port, quorumPort, electionPort];
    for (const port of ports) {
      const refusal = await refusalOf(host, port);
      if (refusal === undefined) continue;
      throw usageError(
        refusal === 'EADDRINUSE'
          ? `Cannot start ${node.name}: port ${port} of ${host} is taken; stop what listens there, or move all ports with --port-offset`
          : `Cannot start ${node.name}: port ${port} of ${host} cannot be listened on (${refusal})`,
      );
    }
  }
}

function refusalOf(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
    server.listen({ host, port }, () => {
      server.close(() => {
        resolve(undefined);
      });
    });
  });
}
