import { Admin } from '@zookafka/client';
import { eventually } from '../eventually.ts';
import { type ProcessCluster } from '../processCluster.ts';
import { type PartitionView, TopicView } from '../topicView.ts';
import { Flow } from './flow.ts';
import { picture } from './picture.ts';

/** What the example measured. Times in ms. */
export interface ExampleFigures {
  /** How many records were acknowledged, and how many of them were read: the same. */
  readonly produced: number;
  readonly consumed: number;
  /** From the kill until broker 2 led partition 0. */
  readonly leaderMs: number;
  /** From the kill until a record of partition 0 was acknowledged and read again. */
  readonly clientsMs: number;
  /** From the restart until broker 1 was in the in-sync replicas of all that it holds. */
  readonly inSyncMs: number;
}

const topic = 'user-logs';
/** The first replica of a partition is the one that leads it as long as it lives. */
const assignments = [
  { partitionIndex: 0, brokerIds: [1, 2] },
  { partitionIndex: 1, brokerIds: [2, 3] },
  { partitionIndex: 2, brokerIds: [3, 1] },
];
const waitMsMax = 30_000;
const warmUpCount = 1000;

/**
 * A topic of three partitions on three brokers, a producer and a consumer. The first broker is killed and comes back;
 * nobody tells the clients.
 *
 * @param tell is given the story, some lines at a time
 */
export async function runExample(
  cluster: ProcessCluster,
  tell: (text: string) => void,
): Promise<ExampleFigures> {
  const { bootstrap } = cluster.ready;
  const view = new TopicView(bootstrap);

  async function until(
    what: string,
    holds: (all: readonly PartitionView[]) => boolean,
  ): Promise<void> {
    const look = async (): Promise<true | undefined> => {
      const partitions = await view.partitions(topic);
      return partitions.length === assignments.length && holds(partitions) ? true : undefined;
    };
    await eventually(what, look, waitMsMax);
  }

  tell('\n== 1. The topic user-logs is created');
  await createTopic(bootstrap);
  await until('all replicas are in sync', (all) => all.every(({ isr }) => isr.length === 2));
  tell(await picture(view, topic));

  tell('\n== 2. A producer writes, a consumer reads from the leaders');
  const flow = await Flow.start(bootstrap, topic, assignments.length);
  await eventually('records flow', () => flow.consumed > warmUpCount || undefined, waitMsMax);
  tell(`${flow.consumed} records were written and read`);
  tell(await picture(view, topic));

  tell('\n== 3. Broker 1 is killed with -9');
  const killed = flow.mark();
  cluster.kill('broker-1');
  await until('broker 2 leads partition 0', ([first]) => first?.leader === 2);
  const leaderMs = killed.elapsedMs();
  tell(
    `Its session expires, the controller takes the next in-sync replica: after ${leaderMs} ms broker 2 leads P0`,
  );
  await until('broker 1 left the in-sync replicas', (all) =>
    all.every(({ isr }) => !isr.includes(1)),
  );
  await eventually('P0 flows', () => killed.hasPassed(0) || undefined, waitMsMax);
  const clientsMs = killed.elapsedMs();
  tell(`Producer and consumer found it by themselves: P0 flows again after ${clientsMs} ms`);
  tell(await picture(view, topic));

  tell('\n== 4. Broker 1 returns');
  const restarted = flow.mark();
  await cluster.restart('broker-1');
  await until('broker 1 is in sync again', (all) => all.every(({ isr }) => isr.length === 2));
  const inSyncMs = restarted.elapsedMs();
  tell(
    `It cut off what nobody acknowledged, copied what it had missed: in sync after ${inSyncMs} ms`,
  );
  tell(await picture(view, topic));

  const { produced, consumed } = await flow.finish();
  tell(`\nEach of ${produced} acknowledged records was read once, in the order of its partition`);
  view.close();
  return { produced, consumed, leaderMs, clientsMs, inSyncMs };
}

async function createTopic(bootstrap: string): Promise<void> {
  const admin = new Admin({ bootstrap });
  const wanted = {
    name: topic,
    numPartitions: -1,
    replicationFactor: -1,
    assignments,
    configs: [],
  };
  const answer = await admin.call('createTopics', { topics: [wanted] }, { kind: 'controller' });
  admin.close();
  const [created] = answer.topics;
  if (created?.errorCode !== 0) throw new Error(`Cannot create ${topic}: ${created?.errorMessage}`);
}
