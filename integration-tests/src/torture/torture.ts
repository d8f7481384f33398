import { Prng } from '@zookafka/base';
import { type ProcessCluster } from '../processCluster.ts';
import { TopicView } from '../topicView.ts';
import { readWithKafkajs, readWithKcat } from './consumers.ts';
import {
  healed,
  highWatermarksOf,
  killAndHeal,
  type KillFigures,
  type Role,
  type Scene,
} from './kills.ts';
import { Pacer } from './pacer.ts';
import { produceWithKafkajs, produceWithKcat } from './producers.ts';
import { compareReplicas } from './replicas.ts';
import { realText } from './text.ts';
import { type ReadTopic } from './topicReading.ts';
import { judge, requireFlawless, type Verdict } from './verdict.ts';

/** How much torture. */
export interface TortureOptions {
  /** That each producer writes. */
  readonly lines: number;
  /** In each, every role is killed once; in the first, its victim stays away until another has taken over. */
  readonly rounds: number;
  /** Chooses the partition whose leader is killed; after the first round, which brokers start again at once. */
  readonly seed: number;
}

/** What came of it. */
export interface TortureFigures extends TortureOptions {
  readonly kills: readonly KillFigures[];
  /** Written with kcat, read with kafkajs. */
  readonly kcat: Verdict;
  /** Written with kafkajs, read with kcat. */
  readonly kafkajs: Verdict;
  /** That all replicas have in common at the end, in all copies. */
  readonly replicaBytes: number;
  readonly seconds: number;
}

const topics = { kcat: 'torture-kcat', kafkajs: 'torture-kafkajs' } as const;
const partitionCount = 6;
const roles: readonly Role[] = ['controller', 'partition leader', "ensemble's leader"];

/**
 * Two producers that we did not write, and one kill after the other.
 *
 * @param tell is given the progress, a line at a time
 * @throws {Error} when anything was lost, doubled, out of order, or did not heal
 */
export async function runTorture(
  cluster: ProcessCluster,
  options: TortureOptions,
  tell: (line: string) => void,
): Promise<TortureFigures> {
  const beganMs = performance.now();
  const { bootstrap } = cluster.ready;
  const view = new TopicView(bootstrap);
  const scene: Scene = {
    cluster,
    view,
    topics: Object.values(topics),
    partitionCount,
    prng: new Prng(options.seed),
  };
  for (const topic of scene.topics) await createTopic(cluster, topic);
  await healed(scene);

  const lineOf = realText();
  const pacers = [new Pacer(options.lines), new Pacer(options.lines)] as const;
  const common = { bootstrap, partitionCount, lineOf };
  const producing = Promise.all([
    produceWithKcat({ ...common, topic: topics.kcat, pacer: pacers[0] }),
    produceWithKafkajs({ ...common, topic: topics.kafkajs, pacer: pacers[1] }),
  ]);
  // A producer that gives up ends it all at once.
  const kills = await Promise.race([
    killAll(scene, { pacers, options, tell }),
    producing.then(() => new Promise<never>(() => undefined)),
  ]);
  for (const pacer of pacers) pacer.openAll();
  await producing;
  tell(`Both producers say that all of their ${options.lines} lines are acknowledged`);

  const read = async (topic: string): Promise<readonly number[]> => highWatermarksOf(view, topic);
  const ofKcat = { bootstrap, topic: topics.kcat, highWatermarks: await read(topics.kcat) };
  const ofKafkajs = {
    bootstrap,
    topic: topics.kafkajs,
    highWatermarks: await read(topics.kafkajs),
  };
  const byKafkajs = await readWithKafkajs(ofKcat);
  const kcat = judge(byKafkajs.partitions, options.lines, lineOf);
  tell(`Written with kcat, read with kafkajs: ${JSON.stringify(kcat)}${again(byKafkajs)}`);
  const byKcat = await readWithKcat(ofKafkajs);
  const kafkajs = judge(byKcat.partitions, options.lines, lineOf);
  tell(`Written with kafkajs, read with kcat: ${JSON.stringify(kafkajs)}${again(byKcat)}`);
  requireFlawless('What kcat wrote', kcat);
  requireFlawless('What kafkajs wrote', kafkajs);
  const replicaBytes = scene.topics.reduce(
    (sum, topic) => sum + compareReplicas(cluster, topic),
    0,
  );
  tell(`The files of all replicas are the same: ${replicaBytes} bytes`);
  view.close();
  const seconds = Math.round((performance.now() - beganMs) / 1000);
  return { ...options, kills, kcat, kafkajs, replicaBytes, seconds };
}

function again({ deliveredAgain }: ReadTopic): string {
  return deliveredAgain === 0 ? '' : `, and ${deliveredAgain} delivered a second time`;
}

interface Plan {
  readonly pacers: readonly Pacer[];
  readonly options: TortureOptions;
  readonly tell: (line: string) => void;
}

async function killAll(
  scene: Scene,
  { pacers, options, tell }: Plan,
): Promise<readonly KillFigures[]> {
  const acts = Array.from({ length: options.rounds }, (_, round) =>
    roles.map((role) => ({ role, isBounce: round > 0 && scene.prng.uint32() % 2 === 0 })),
  ).flat();
  const kills: KillFigures[] = [];
  for (const [index, act] of acts.entries()) {
    const share = Math.floor((options.lines * (index + 1)) / acts.length);
    for (const pacer of pacers) pacer.open(share);
    const figures = await killAndHeal(scene, act);
    kills.push(figures);
    const { victim, recordsPerSecond, replacedMs, flowsMs, backMs } = figures;
    const middle = act.isBounce ? 'started again at once' : `replaced after ${replacedMs} ms`;
    tell(
      `Killed the ${act.role}, ${victim}, at ${recordsPerSecond} records/s: ${middle}, ` +
        `all partitions flow after ${flowsMs} ms; back ${backMs} ms after its restart`,
    );
    const bytes = scene.topics.reduce(
      (sum, topic) => sum + compareReplicas(scene.cluster, topic),
      0,
    );
    tell(`   the replicas' files agree so far: ${bytes} bytes`);
  }
  return kills;
}

async function createTopic(cluster: ProcessCluster, topic: string): Promise<void> {
  await cluster.say([
    ...['topics', '--create', '--topic', topic, '--partitions', String(partitionCount)],
    ...['--replication-factor', '3', '--config', 'min.insync.replicas=2'],
  ]);
}
