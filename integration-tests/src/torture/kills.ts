import { type Prng } from '@zookafka/base';
import { eventually } from '../eventually.ts';
import { type ProcessCluster, type StatusLine } from '../processCluster.ts';
import { type PartitionView, type TopicView } from '../topicView.ts';

/** Whom to kill. */
export type Role = 'controller' | 'partition leader' | "ensemble's leader";

/** What a kill did. Times in ms. */
export interface KillFigures {
  readonly role: Role;
  readonly victim: string;
  /** Records that were readable before it, and how many came a second. */
  readonly readable: number;
  readonly recordsPerSecond: number;
  readonly isBounce: boolean;
  /** From the kill until there was another in the role; null when nobody waited for that. */
  readonly replacedMs: number | null;
  /** From the kill until each partition took new records. */
  readonly flowsMs: number;
  /** From its restart until the victim was back in all in-sync replicas, or in the quorum. */
  readonly backMs: number;
}

/** Where the kills happen. */
export interface Scene {
  readonly cluster: ProcessCluster;
  readonly view: TopicView;
  readonly topics: readonly string[];
  readonly partitionCount: number;
  readonly prng: Prng;
}

const waitMsMax = 60_000;
const sampleMs = 250;

/** Whom to kill, and how. */
export interface Kill {
  readonly role: Role;
  /** Started again at once, inside the timeout of its session: perhaps nobody takes over. */
  readonly isBounce: boolean;
}

/** Kills who has the role, under load, and waits until all is well again. */
export async function killAndHeal(scene: Scene, { role, isBounce }: Kill): Promise<KillFigures> {
  const { cluster } = scene;
  const victim = await holderOf(scene, role);
  const { readable, recordsPerSecond } = await flowing(scene);
  const before = await allPartitions(scene);
  const killedMs = performance.now();
  cluster.kill(victim);
  let replacedMs: number | null = null;
  let flowsMs = 0;
  if (!isBounce) {
    if (role === "ensemble's leader") await holderOf(scene, role);
    else await replaced(scene, before, cluster.node(victim).id);
    replacedMs = since(killedMs);
    await newRecords(scene);
    flowsMs = since(killedMs);
  }
  const restartedMs = performance.now();
  await cluster.restart(victim);
  await healed(scene);
  const backMs = since(restartedMs);
  if (isBounce) {
    await newRecords(scene);
    flowsMs = since(killedMs);
  }
  return { role, victim, isBounce, readable, recordsPerSecond, replacedMs, flowsMs, backMs };
}

/** Waits until other brokers lead what the victim led. */
async function replaced(
  scene: Scene,
  before: readonly PartitionView[],
  victim: number,
): Promise<void> {
  await eventually(
    'other brokers lead',
    async () => {
      const partitions = await allPartitions(scene);
      const isReplaced = partitions.every(({ leader, leaderEpoch }, at) => {
        const led = before[at] as PartitionView;
        return led.leader !== victim || (leader > 0 && leaderEpoch > led.leaderEpoch);
      });
      return (partitions.length === before.length && isReplaced) || undefined;
    },
    waitMsMax,
  );
}

/** Waits until every replica is in sync, every member in the quorum, every broker registered. */
export async function healed(scene: Omit<Scene, 'prng'>): Promise<void> {
  await eventually(
    'all replicas are in sync and all members follow',
    async () => {
      const { ensemble, brokers } = await scene.cluster.status();
      const isQuorate = ensemble.members.every(({ state }) => /^(leading|following)$/.test(state));
      const partitions = await allPartitions(scene);
      const isWhole =
        partitions.length === scene.topics.length * scene.partitionCount &&
        partitions.every(
          ({ leader, isr, replicas }) => leader > 0 && isr.length === replicas.length,
        );
      return (isQuorate && isWhole && brokers.every(({ state }) => state === 'up')) || undefined;
    },
    waitMsMax,
  );
}

/** The high watermarks of a topic's partitions. */
export async function highWatermarksOf(view: TopicView, topic: string): Promise<readonly number[]> {
  const partitions = await view.partitions(topic);
  const ends = await Promise.all(partitions.map((one) => view.highWatermark(topic, one)));
  return ends.map((end) => end ?? 0);
}

/** Waits until both topics grow. */
async function flowing(
  scene: Scene,
): Promise<{ readonly readable: number; readonly recordsPerSecond: number }> {
  const look = async (): Promise<readonly number[]> => {
    const tops = scene.topics.map((topic) => highWatermarksOf(scene.view, topic));
    return (await Promise.all(tops)).map(sumOf);
  };
  return eventually(
    'records flow before the kill',
    async () => {
      const before = await look();
      const beganMs = performance.now();
      await new Promise((resolve) => setTimeout(resolve, sampleMs));
      const after = await look();
      if (!after.every((count, at) => count > (before[at] as number))) return undefined;
      const growth = sumOf(after) - sumOf(before);
      return {
        readable: sumOf(after),
        recordsPerSecond: Math.round((1000 * growth) / (performance.now() - beganMs)),
      };
    },
    waitMsMax,
  );
}

/** Waits until each partition has records that it has not now. */
async function newRecords({ view, topics }: Scene): Promise<void> {
  for (const topic of topics) {
    const before = await highWatermarksOf(view, topic);
    let now = before;
    await eventually(
      `each partition of ${topic} takes new records`,
      async () => {
        now = await highWatermarksOf(view, topic);
        return now.every((end, at) => end > (before[at] ?? 0)) || undefined;
      },
      waitMsMax,
    ).catch((error: unknown) => {
      const states = `${before.join(', ')}, then ${now.join(', ')}`;
      throw new Error(`The high watermarks of ${topic} were ${states}`, { cause: error });
    });
  }
}

async function allPartitions({
  view,
  topics,
}: Omit<Scene, 'prng'>): Promise<readonly PartitionView[]> {
  return (await Promise.all(topics.map((topic) => view.partitions(topic)))).flat();
}

async function holderOf(scene: Scene, role: Role): Promise<string> {
  return eventually(`there is a ${role}`, () => holderOrNone(scene, role), waitMsMax);
}

async function holderOrNone(scene: Scene, role: Role): Promise<string | undefined> {
  const status: StatusLine = await scene.cluster.status();
  if (role === 'controller') return status.controller ?? undefined;
  if (role === "ensemble's leader") return status.ensemble.leader ?? undefined;
  const partitions = await allPartitions(scene);
  const leader = partitions[scene.prng.uint32() % partitions.length]?.leader;
  return status.brokers.find(({ id }) => id === leader)?.name;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}

function since(ms: number): number {
  return Math.round(performance.now() - ms);
}
