import { Admin } from '@zookafka/client';
import { type EnsembleClient } from '../cluster/ensembleClient.ts';
import {
  type BrokerStatus,
  controllerId,
  epochOfZxidText,
  inspectBrokers,
  inspectMembers,
  inspectPartitions,
  type MemberStatus,
  type PartitionState,
  withEnsemble,
} from '../cluster/inspect.ts';
import { type ClusterLayout, type NodeLayout, requireCluster } from '../cluster/layout.ts';
import { pidOf } from '../cluster/nodeProcess.ts';
import { tableText } from '../output/table.ts';
import { command, print, printJson, withData, withJson } from './command.ts';

interface TopicStatus {
  readonly name: string;
  readonly partitions: readonly (PartitionState & { readonly highWatermark: number | null })[];
}

interface ClusterStatus {
  readonly ensemble: {
    readonly leader: string | null;
    readonly epoch: number | null;
    readonly members: readonly MemberStatus[];
  };
  readonly controller: string | null;
  readonly controllerEpoch: number | null;
  readonly brokers: readonly BrokerStatus[];
  readonly topics: readonly TopicStatus[];
}

const offsetsTimeoutMs = 2000;
const latestTimestamp = -1;

/** `zookafka status` */
export const statusCommand = command<{ readonly data: string; readonly json: boolean }>({
  command: 'status',
  describe: 'who runs, who leads what',
  builder: (yargs) => withJson(withData(yargs)),
  handler: async ({ data, json }) => {
    const status = await statusOf(requireCluster(data));
    if (json) printJson(status);
    else print(statusText(status));
  },
});

/** Looks at everything; what cannot be asked because the ensemble has no leader is null or empty. */
async function statusOf(cluster: ClusterLayout): Promise<ClusterStatus> {
  const members = await inspectMembers(cluster);
  const leader = members.find(({ state }) => state === 'leading');
  const epoch = leader === undefined || leader.zxid === null ? null : epochOfZxidText(leader.zxid);
  const ensemble = { leader: leader?.name ?? null, epoch, members };
  if (leader === undefined) {
    const brokers = cluster.brokers.map((node) => {
      const pid = pidOf(node) ?? null;
      const state = pid === null ? ('down' as const) : ('up' as const);
      return { name: node.name, id: node.id, pid, state, brokerEpoch: null };
    });
    return { ensemble, controller: null, controllerEpoch: null, brokers, topics: [] };
  }
  return withEnsemble(cluster, async (client) => {
    const id = await controllerId(client);
    const epochNode = await client.dataOf('/controller_epoch');
    const brokers = await inspectBrokers(cluster, client);
    return {
      ensemble,
      controller: cluster.brokers.find((node) => node.id === id)?.name ?? null,
      controllerEpoch: numberOf(epochNode?.data ?? null),
      brokers,
      topics: await topicsOf(cluster, client),
    };
  });
}

function numberOf(data: Uint8Array | null): number | null {
  return data === null ? null : Number(Buffer.from(data).toString('utf8'));
}

async function topicsOf(
  cluster: ClusterLayout,
  client: EnsembleClient,
): Promise<readonly TopicStatus[]> {
  const names = await client.childrenOf('/brokers/topics');
  const states = await Promise.all(names.map((name) => inspectPartitions(client, name)));
  const highWatermarks = await highWatermarksOf(cluster, names, states);
  return names.map((name, index) => ({
    name,
    partitions: (states[index] ?? []).map((state) => ({
      partition: state.partition,
      leader: state.leader,
      leaderEpoch: state.leaderEpoch,
      replicas: state.replicas,
      isr: state.isr,
      highWatermark: highWatermarks.get(`${name}-${state.partition}`) ?? null,
    })),
  }));
}

/** The end of what consumers may read, asked of each leader; a leader that does not answer is left out. */
async function highWatermarksOf(
  cluster: ClusterLayout,
  names: readonly string[],
  states: readonly (readonly PartitionState[])[],
): Promise<ReadonlyMap<string, number>> {
  const byLeader = new Map<number, Map<string, number[]>>();
  names.forEach((name, index) => {
    for (const { leader, partition } of states[index] ?? []) {
      if (leader < 0) continue;
      const topics = byLeader.get(leader) ?? new Map<string, number[]>();
      byLeader.set(leader, topics.set(name, [...(topics.get(name) ?? []), partition]));
    }
  });
  const found = new Map<string, number>();
  await Promise.all(
    [...byLeader].map(async ([leader, topics]) => {
      const node = cluster.brokers.find(({ id }) => id === leader);
      if (node === undefined || pidOf(node) === undefined) return;
      for (const [key, offset] of await offsetsOf(node, topics)) found.set(key, offset);
    }),
  );
  return found;
}

async function offsetsOf(
  { id, address }: NodeLayout,
  topics: ReadonlyMap<string, readonly number[]>,
): Promise<readonly (readonly [string, number])[]> {
  const admin = new Admin({ bootstrap: address, requestTimeoutMs: offsetsTimeoutMs });
  try {
    const asked = [...topics].map(([name, partitions]) => ({
      name,
      partitions: partitions.map((partitionIndex) => ({
        partitionIndex,
        currentLeaderEpoch: -1,
        timestamp: latestTimestamp,
      })),
    }));
    const body = { replicaId: -1, isolationLevel: 0, topics: asked };
    const answer = await admin.call('listOffsets', body, { kind: 'broker', id });
    return answer.topics.flatMap(({ name, partitions }) =>
      partitions
        .filter(({ errorCode }) => errorCode === 0)
        .map(({ partitionIndex, offset }) => [`${name}-${partitionIndex}`, offset] as const),
    );
  } catch {
    return [];
  } finally {
    admin.close();
  }
}

function statusText(status: ClusterStatus): string {
  const { ensemble, brokers, topics } = status;
  const dash = (value: number | string | null): string => (value === null ? '-' : String(value));
  const members = ensemble.members.map((member) => [
    member.name,
    member.state,
    dash(member.pid),
    dash(member.zxid),
  ]);
  const brokerRows = brokers.map((broker) => [
    broker.name,
    broker.state + (broker.name === status.controller ? ', controller' : ''),
    dash(broker.pid),
    dash(broker.brokerEpoch),
  ]);
  const partitions = topics.flatMap(({ name, partitions: all }) =>
    all.map((one) => [
      `${name}-${one.partition}`,
      one.leader < 0 ? 'none' : `broker-${one.leader}`,
      String(one.leaderEpoch),
      one.replicas.join(','),
      one.isr.join(','),
      dash(one.highWatermark),
    ]),
  );
  const sections = [
    `Ensemble: leader ${dash(ensemble.leader)}, epoch ${dash(ensemble.epoch)}`,
    tableText([['  MEMBER', 'STATE', 'PID', 'ZXID'], ...members.map(indented)]),
    `Controller: ${dash(status.controller)}, epoch ${dash(status.controllerEpoch)}`,
    tableText([['  BROKER', 'STATE', 'PID', 'BROKER-EPOCH'], ...brokerRows.map(indented)]),
  ];
  if (partitions.length > 0) {
    const head = ['  PARTITION', 'LEADER', 'LEADER-EPOCH', 'REPLICAS', 'ISR', 'HIGH-WATERMARK'];
    sections.push('Topics:', tableText([head, ...partitions.map(indented)]));
  }
  return sections.join('\n');
}

function indented([first = '', ...rest]: readonly string[]): readonly string[] {
  return [`  ${first}`, ...rest];
}
