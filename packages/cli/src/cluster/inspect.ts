import { epochOf } from '@zookafka/zookeeper-wire';
import { EnsembleClient } from './ensembleClient.ts';
import { askFourLetterWord, memberStateOf, type MemberState } from './fourLetterWord.ts';
import { type ClusterLayout, type NodeLayout } from './layout.ts';
import { pidOf } from './nodeProcess.ts';

/** A member, as `status` shows it. */
export interface MemberStatus {
  readonly name: string;
  readonly pid: number | null;
  readonly state: MemberState['state'];
  readonly zxid: string | null;
}

/** A broker, as `status` shows it. */
export interface BrokerStatus {
  readonly name: string;
  readonly id: number;
  readonly pid: number | null;
  readonly state: 'up' | 'down';
  /** The czxid of its registration; null while it is not registered. */
  readonly brokerEpoch: number | null;
}

/** The state of a partition's znode. */
export interface PartitionState {
  readonly partition: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

/** Asks every member what it is. */
export function inspectMembers(cluster: ClusterLayout): Promise<readonly MemberStatus[]> {
  const { host } = cluster.description;
  return Promise.all(
    cluster.coordinators.map(async (node) => {
      const pid = pidOf(node) ?? null;
      const answer = await askFourLetterWord({ host, port: node.port }, 'srvr');
      const { state, zxid } = memberStateOf(answer);
      // A paused process still has a pid, and answers nothing: to the others it is down.
      return { name: node.name, pid, state, zxid: zxid ?? null };
    }),
  );
}

/** The leader of the ensemble, or undefined. */
export async function ensembleLeader(cluster: ClusterLayout): Promise<NodeLayout | undefined> {
  const members = await inspectMembers(cluster);
  const index = members.findIndex(({ state }) => state === 'leading');
  return cluster.coordinators[index];
}

/** The epoch of a member's last transaction, as `srvr` wrote its zxid. */
export function epochOfZxidText(zxid: string): number {
  return epochOf(Number.parseInt(zxid, 16));
}

/** Opens a session of the cluster's ensemble for one command. */
export async function withEnsemble<Result>(
  cluster: ClusterLayout,
  run: (client: EnsembleClient) => Promise<Result>,
): Promise<Result> {
  const client = new EnsembleClient({ connect: cluster.zookeeper });
  try {
    return await run(client);
  } finally {
    await client.close();
  }
}

/** The id of the controlling broker, or undefined. */
export async function controllerId(client: EnsembleClient): Promise<number | undefined> {
  const { brokerid } = (await jsonOf(client, '/controller')) as { brokerid?: number };
  return brokerid;
}

/** Every broker of the layout, registered or not. */
export function inspectBrokers(
  cluster: ClusterLayout,
  client: EnsembleClient,
): Promise<readonly BrokerStatus[]> {
  return Promise.all(
    cluster.brokers.map(async (node) => {
      const registration = await client.dataOf(`/brokers/ids/${node.id}`);
      const pid = pidOf(node) ?? null;
      const state = registration === undefined || pid === null ? 'down' : 'up';
      const brokerEpoch = registration?.stat.czxid ?? null;
      return { name: node.name, id: node.id, pid, state, brokerEpoch } as const;
    }),
  );
}

/** The partitions of a topic, from its znodes. */
export async function inspectPartitions(
  client: EnsembleClient,
  topic: string,
): Promise<readonly PartitionState[]> {
  const path = `/brokers/topics/${topic}`;
  const { partitions = {} } = (await jsonOf(client, path)) as {
    partitions?: Readonly<Record<string, readonly number[]>>;
  };
  const ids = Object.keys(partitions).map(Number);
  ids.sort((left, right) => left - right);
  return Promise.all(
    ids.map(async (partition) => {
      const state = (await jsonOf(client, `${path}/partitions/${partition}/state`)) as {
        leader?: number;
        leader_epoch?: number;
        isr?: readonly number[];
      };
      return {
        partition,
        leader: state.leader ?? -1,
        leaderEpoch: state.leader_epoch ?? -1,
        replicas: partitions[String(partition)] ?? [],
        isr: state.isr ?? [],
      };
    }),
  );
}

async function jsonOf(client: EnsembleClient, path: string): Promise<object> {
  const node = await client.dataOf(path);
  if (node?.data === undefined || node.data === null || node.data.length === 0) return {};
  try {
    return JSON.parse(Buffer.from(node.data).toString('utf8')) as object;
  } catch {
    return {};
  }
}
