import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '@zookafka/runtime';

import { peerPorts, type ClusterLayout, type NodeLayout } from './layout.ts';

/** Writes each node's configuration file, in the keys of the program that it stands for. */
export function writeConfigurations(cluster: ClusterLayout): void {
  for (const node of cluster.nodes) {
    makeFolder(node.folder);
    if (node.kind === 'coordinator') {
      const dataDir = join(node.folder, 'data');
      makeFolder(dataDir);
      writeFileSync(join(dataDir, 'myid'), `${node.id}\n`);
      writeFileSync(node.configurationPath, zooCfg(cluster, node));
    } else {
      writeFileSync(node.configurationPath, serverProperties(cluster, node));
    }
  }
}

/** ZooKeeper's own keys. */
export function zooCfg({ coordinators, description }: ClusterLayout, node: NodeLayout): string {
  const { host, portOffset } = description;
  const servers = coordinators.map(({ id }) => {
    const { quorumPort, electionPort } = peerPorts(id, portOffset);
    return `server.${id}=${host}:${quorumPort}:${electionPort}`;
  });
  return lines([
    'tickTime=2000',
    'initLimit=10',
    'syncLimit=5',
    `dataDir=${join(node.folder, 'data')}`,
    `clientPort=${node.port}`,
    `clientPortAddress=${host}`,
    '4lw.commands.whitelist=*',
    ...servers,
  ]);
}

/** Kafka's own keys. */
export function serverProperties(cluster: ClusterLayout, node: NodeLayout): string {
  const { brokers, zookeeper } = cluster;
  return lines([
    `broker.id=${node.id}`,
    `listeners=PLAINTEXT://${node.address}`,
    `advertised.listeners=PLAINTEXT://${node.address}`,
    `log.dirs=${join(node.folder, 'log')}`,
    `zookeeper.connect=${zookeeper}`,
    'zookeeper.session.timeout.ms=6000',
    'zookeeper.transport=websocket',
    `offsets.topic.replication.factor=${Math.min(3, brokers.length)}`,
    'group.initial.rebalance.delay.ms=0',
  ]);
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
