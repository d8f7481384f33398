import { performance } from 'node:perf_hooks';

import {
  type ClusterDescription,
  type ClusterLayout,
  dataDefault,
  findCluster,
} from '../cluster/layout.ts';
import { killNodes, pidOf } from '../cluster/nodeProcess.ts';
import { prepareCluster, startCluster, stopCluster } from '../cluster/start.ts';
import { usageError } from '../failure.ts';
import { counted, shellWord } from '../words.ts';
import { command, print, printJson, requireWithin, tell, withData, withJson } from './command.ts';

interface UpOptions {
  readonly data: string;
  readonly json: boolean;
  readonly coordinators: number | undefined;
  readonly brokers: number | undefined;
  readonly portOffset: number | undefined;
  readonly host: string | undefined;
  readonly detach: boolean;
}

const countMax = 99;
const portOffsetMax = 50_000;
const exitCodeForced = 130;

/** `zookafka up` */
export const upCommand = command<UpOptions>({
  command: 'up',
  describe: 'start a cluster, or resume the one in the data folder',
  builder: (yargs) =>
    withJson(withData(yargs))
      .option('coordinators', {
        type: 'number',
        requiresArg: true,
        describe: 'members of the ensemble (3)',
      })
      .option('brokers', { type: 'number', requiresArg: true, describe: 'brokers (3)' })
      .option('port-offset', {
        type: 'number',
        requiresArg: true,
        describe: 'added to every port (0)',
      })
      .option('host', {
        type: 'string',
        requiresArg: true,
        describe: 'address to listen on (127.0.0.1)',
      })
      .option('detach', {
        type: 'boolean',
        default: false,
        describe: 'end when the cluster is ready, and leave it running',
      }) as never,
  handler: runUp,
});

async function runUp(options: UpOptions): Promise<void> {
  const startMs = performance.now();
  const cluster = await prepareCluster(options.data, describeWanted(options));
  if (cluster.nodes.every((node) => pidOf(node) !== undefined)) {
    throw usageError(
      `The cluster in ${cluster.data} runs already: see "zookafka status", stop it with "zookafka down"`,
    );
  }
  const stopping = options.detach ? undefined : stopOnSignals(cluster);
  await startCluster(cluster, stopping?.hasBegun);
  if (stopping?.hasBegun() === true) {
    await stopping.done;
    return;
  }
  const readyMs = Math.round(performance.now() - startMs);
  if (options.json) printJson(readyLine(cluster, readyMs));
  else print(readyText(cluster, readyMs, options));
  await stopping?.done;
}

function describeWanted(options: UpOptions): ClusterDescription {
  const existing = findCluster(options.data)?.description;
  const { coordinators, brokers, portOffset } = options;
  requireWithin('--coordinators', coordinators, { min: 1, max: countMax });
  requireWithin('--brokers', brokers, { min: 0, max: countMax });
  requireWithin('--port-offset', portOffset, { min: 0, max: portOffsetMax });
  return {
    version: 1,
    host: options.host ?? existing?.host ?? '127.0.0.1',
    coordinators: coordinators ?? existing?.coordinators ?? 3,
    brokers: brokers ?? existing?.brokers ?? 3,
    portOffset: portOffset ?? existing?.portOffset ?? 0,
  };
}

interface Stopping {
  readonly hasBegun: () => boolean;
  /** Settles only when stopping failed: the process ends with the stop. */
  readonly done: Promise<void>;
}

/** The first signal stops brokers, then members; a second one stops everything at once. */
function stopOnSignals(cluster: ClusterLayout): Stopping {
  let isStopping = false;
  const done = new Promise<void>((_resolve, reject) => {
    const onSignal = (): void => {
      if (isStopping) {
        killNodes(cluster.nodes);
        process.exit(exitCodeForced);
      }
      isStopping = true;
      tell('Stopping: brokers, then coordinators (Ctrl-C again: at once)');
      stopCluster(cluster).then(() => process.exit(0), reject);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
    // Keeps the runner alive while its nodes run.
    setInterval(() => undefined, 1 << 30);
  });
  return { hasBegun: () => isStopping, done };
}

function readyLine(cluster: ClusterLayout, readyMs: number): object {
  return {
    zookeeper: cluster.zookeeper,
    bootstrap: cluster.bootstrap,
    coordinators: cluster.coordinators.map((node) => ({
      name: node.name,
      pid: pidOf(node) ?? null,
      client: node.address,
      websocket: `ws://${node.address}/zookeeper`,
    })),
    brokers: cluster.brokers.map((node) => ({
      name: node.name,
      id: node.id,
      pid: pidOf(node) ?? null,
      kafka: node.address,
    })),
    data: cluster.data,
    readyMs,
  };
}

/** What to try: commands that work as they are typed, on this cluster. */
function readyText(cluster: ClusterLayout, readyMs: number, options: UpOptions): string {
  const { coordinators, brokers, data } = cluster;
  const where = options.data === dataDefault ? '' : ` --data ${shellWord(options.data)}`;
  return [
    `Ready in ${readyMs} ms: ${counted(coordinators.length, 'coordinator')}, ${counted(brokers.length, 'broker')}, each a process of its own`,
    '',
    `  ZooKeeper  ${cluster.zookeeper}`,
    ...(brokers.length > 0 ? [`  Kafka      ${cluster.bootstrap}`] : []),
    `  WebSocket  ws://${coordinators[0]?.address ?? ''}/zookeeper`,
    `  Data       ${data}`,
    '',
    'Try next, in another terminal:',
    ...wordsToTry(brokers.length).map((words) => `  npx zookafka ${words}${where}`),
    '',
    options.detach
      ? `npx zookafka down${where} stops all of it.`
      : `Ctrl-C stops all of it; npx zookafka down${where} does so from elsewhere.`,
  ].join('\n');
}

function wordsToTry(brokerCount: number): readonly string[] {
  if (brokerCount === 0) return ['status', 'zk ls /', 'kill coordinator-leader', 'events'];
  const factor = Math.min(brokerCount, 3);
  return [
    'status',
    `topics --create --topic user-logs --partitions 3 --replication-factor ${factor}`,
    'produce --topic user-logs',
    'kill leader-of:user-logs-0',
    'events',
  ];
}
