import { setTimeout as delay } from 'node:timers/promises';
import { Admin } from '@zookafka/client';
import { eventually } from '../eventually.ts';
import { Flow, type Mark } from '../example/flow.ts';
import { type ProcessCluster } from '../processCluster.ts';
import { type PartitionView, TopicView } from '../topicView.ts';
import { readWithKcat } from './consumers.ts';
import { healed } from './kills.ts';
import { compareReplicas } from './replicas.ts';
import { requireZnodes, ZnodeWriter } from './znodes.ts';

/** What was measured while members died. Times in ms. */
export interface EnsembleFigures {
  /** From the kill of the ensemble's leader until a write begun after it was acknowledged. */
  readonly writesMs: number;
  /** From the return of one member to an ensemble without a quorum until the same. */
  readonly quorumMs: number;
  /** From that return until the dead broker's partition was led by another and took records. */
  readonly electedMs: number;
  /** From the kill of all six processes until they serve again, and until all partitions flow. */
  readonly servesMs: number;
  readonly flowsMs: number;
  /** Acknowledged, and found: znodes on each member, records in their partitions. */
  readonly znodes: number;
  readonly records: number;
  readonly replicaBytes: number;
}

/** Everything that goes on while members die. */
interface Stage {
  readonly cluster: ProcessCluster;
  readonly view: TopicView;
  readonly flow: Flow;
  readonly znodes: ZnodeWriter;
  readonly tell: (line: string) => void;
  readonly quietMs: number;
}

const topic = 'ensemble-torture';
const lateTopic = 'ensemble-torture-late';
const assignment = '1:2,2:3,3:1';
const partitionCount = 3;
const waitMsMax = 60_000;
/** Longer than a broker's session lasts (6 s) and a member's tick: what its end would bring about has happened then. */
const quietMsDefault = 8500;
const registrationMs = 2500;
const creationMsMax = 1500;

/**
 * Kills members of the ensemble, then everything, under a producer, a consumer and a writer of znodes.
 *
 * @param tell is given the progress, a line at a time
 * @param quietMs how long each thing that must not happen without a quorum is given to happen
 * @throws {Error} when anything acknowledged is lost, or does not go on when it should, or goes on when it cannot
 */
export async function runEnsembleTorture(
  cluster: ProcessCluster,
  tell: (line: string) => void,
  quietMs = quietMsDefault,
): Promise<EnsembleFigures> {
  const { bootstrap, zookeeper } = cluster.ready;
  const view = new TopicView(bootstrap);
  await cluster.say(['topics', '--create', '--topic', topic, '--replica-assignment', assignment]);
  await healed({ cluster, view, topics: [topic], partitionCount });
  const flow = await Flow.start(bootstrap, topic, partitionCount);
  const znodes = await ZnodeWriter.start(zookeeper);
  const stage: Stage = { cluster, view, flow, znodes, tell, quietMs };
  await allFlow(flow.mark());

  const writesMs = await killLeader(stage);
  const { quorumMs, electedMs } = await loseQuorum(stage);
  const { servesMs, flowsMs } = await killEverything(stage);
  const kept = await requireKept(stage);
  view.close();
  return { writesMs, quorumMs, electedMs, servesMs, flowsMs, ...kept };
}

async function killLeader({ cluster, view, znodes, tell }: Stage): Promise<number> {
  const leader = await leaderOf(cluster);
  const mark = znodes.mark();
  cluster.kill(leader);
  await eventually('znodes are written again', () => mark.hasPassed() || undefined, waitMsMax);
  const writesMs = mark.elapsedMs();
  tell(`Killed the ensemble's leader, ${leader}: writes succeed again after ${writesMs} ms`);
  await cluster.restart(leader);
  await healed({ cluster, view, topics: [topic], partitionCount });
  return writesMs;
}

async function loseQuorum(stage: Stage): Promise<{ quorumMs: number; electedMs: number }> {
  const { cluster, view, flow, znodes, tell, quietMs } = stage;
  const leader = await leaderOf(cluster);
  const follower = cluster.ready.coordinators.find(({ name }) => name !== leader)?.name as string;
  cluster.kill(leader, follower);
  const lost = znodes.mark();
  tell(`Killed two of three members, ${leader} and ${follower}`);
  await delay(quietMs);
  await allFlow(flow.mark());
  tell(`After ${lost.elapsedMs()} ms all partitions still take records and give them`);

  const answer = await createLateTopic(stage);
  tell(`Creating a topic waits: ${answer}`);
  await killBrokerWithoutQuorum(stage);
  refuse(lost.hasPassed(), 'A znode was written without a quorum');

  const back = znodes.mark();
  const orphaned = flow.mark();
  await cluster.restart(follower);
  await eventually('znodes are written again', () => back.hasPassed() || undefined, waitMsMax);
  const quorumMs = back.elapsedMs();
  tell(`${follower} returned: writes succeed after ${quorumMs} ms`);
  await eventually('P0 takes records', () => orphaned.hasPassed(0) || undefined, waitMsMax);
  const electedMs = orphaned.elapsedMs();
  const first = await firstPartition(view);
  refuse(first.leader !== 2, `Broker ${first.leader} leads P0, not broker 2`);
  tell(
    `   broker-1 is given up and broker-2 leads its partition: it takes records after ${electedMs} ms`,
  );
  await cluster.restart('broker-1');
  await cluster.restart(leader);
  await healed({ cluster, view, topics: [topic], partitionCount });
  await cluster.say(['topics', '--create', '--if-not-exists', '--topic', lateTopic]);
  await eventually(
    'the late topic is led',
    async () => (await view.partitions(lateTopic)).some(({ leader }) => leader > 0) || undefined,
    waitMsMax,
  );
  tell('   the topic is created, broker-1 and the third member are back');
  return { quorumMs, electedMs };
}

/** @returns what the brokers answered, which must not be that it is done */
async function createLateTopic({ cluster, view }: Stage): Promise<string> {
  const admin = new Admin({
    bootstrap: cluster.ready.bootstrap,
    requestTimeoutMs: 2 * creationMsMax,
  });
  const wanted = {
    name: lateTopic,
    numPartitions: 1,
    replicationFactor: 3,
    assignments: [],
    configs: [],
  };
  const body = { topics: [wanted], timeoutMs: creationMsMax };
  const answer = await admin
    .call('createTopics', body, { kind: 'controller' })
    .then(({ topics }) => topics[0])
    .catch((error: unknown) => error as Error);
  admin.close();
  if (answer instanceof Error) return answer.message;
  refuse(answer?.errorCode === 0, 'A topic was created without a quorum');
  refuse((await view.partitions(lateTopic)).length > 0, 'A topic appeared without a quorum');
  return answer?.errorMessage ?? `error ${answer?.errorCode}`;
}

/** A broker's death is not noticed, its registration is not taken, its partition waits. */
async function killBrokerWithoutQuorum(stage: Stage): Promise<void> {
  const { cluster, view, flow, tell, quietMs } = stage;
  cluster.kill('broker-1');
  const killed = flow.mark();
  await delay(quietMs);
  const first = await firstPartition(view);
  refuse(first.leader !== 1, `Without a quorum, broker ${first.leader} was made leader of P0`);
  refuse(killed.hasPassed(0), 'A partition whose leader is dead took a record');
  await eventually('P1 flows', () => killed.hasPassed(1) || undefined, waitMsMax);
  tell(
    `Killed broker-1: after ${killed.elapsedMs()} ms its partition waits for a leader, P1 flows`,
  );
  const restarting = cluster.run(['restart', 'broker-1']);
  await delay(registrationMs);
  const { brokers } = await cluster.status();
  refuse(brokers[0]?.state !== 'down', 'A broker registered without a quorum');
  tell('Started broker-1: its registration waits; killed it again');
  cluster.kill('broker-1');
  await restarting;
}

async function killEverything(stage: Stage): Promise<{ servesMs: number; flowsMs: number }> {
  const { cluster, view, flow, znodes, tell } = stage;
  const { coordinators, brokers } = cluster.ready;
  const killed = flow.mark();
  const written = znodes.mark();
  cluster.kill(...[...coordinators, ...brokers].map(({ name }) => name));
  await cluster.resume();
  const servesMs = killed.elapsedMs();
  await allFlow(killed);
  await eventually('znodes are written again', () => written.hasPassed() || undefined, waitMsMax);
  const flowsMs = killed.elapsedMs();
  tell(
    `Killed all six at once, started them at once: they serve after ${servesMs} ms, all flows after ${flowsMs} ms`,
  );
  await healed({ cluster, view, topics: [topic], partitionCount });
  return { servesMs, flowsMs };
}

async function requireKept(
  stage: Stage,
): Promise<{ records: number; znodes: number; replicaBytes: number }> {
  const { cluster, view, flow, tell } = stage;
  const acknowledged = await stage.znodes.finish();
  for (const { client } of cluster.ready.coordinators) await requireZnodes(client, acknowledged);
  tell(`All ${acknowledged.length} acknowledged znodes are on each member`);
  const { consumed } = await flow.finish();
  const partitions = await view.partitions(topic);
  const highWatermarks = partitions.map(() => 0);
  const { bootstrap } = cluster.ready;
  const again = await readWithKcat({ bootstrap, topic, highWatermarks });
  refuse(
    JSON.stringify(again.partitions) !== JSON.stringify(flow.lines),
    'What kcat reads from the start is not what was read while it was written',
  );
  tell(`All ${consumed} acknowledged records are there, once each, in order: kcat reads the same`);
  const replicaBytes = compareReplicas(cluster, topic);
  tell(`The files of all replicas are the same: ${replicaBytes} bytes`);
  return { records: consumed, znodes: acknowledged.length, replicaBytes };
}

/** Waits until a record that was sent since then is acknowledged and read in each partition. */
async function allFlow(mark: Mark): Promise<void> {
  await eventually(
    'records flow in each partition',
    () => [0, 1, 2].every((partition) => mark.hasPassed(partition)) || undefined,
    waitMsMax,
  );
}

async function firstPartition(view: TopicView): Promise<PartitionView> {
  const look = async (): Promise<PartitionView | undefined> => (await view.partitions(topic))[0];
  return eventually('a broker tells who leads P0', look, waitMsMax);
}

async function leaderOf(cluster: ProcessCluster): Promise<string> {
  const look = async (): Promise<string | undefined> =>
    (await cluster.status()).ensemble.leader ?? undefined;
  return eventually('the ensemble has a leader', look, waitMsMax);
}

function refuse(isWrong: boolean, sentence: string): void {
  if (isWrong) throw new Error(sentence);
}
