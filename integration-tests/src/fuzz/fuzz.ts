import { Prng } from '@zookafka/base';
import { PlainClient } from '../plainClient.ts';
import { ProcessCluster } from '../processCluster.ts';
import { tell, tellStep } from '../script.ts';
import { barrage } from './barrage.ts';
import { Bystanders } from './bystanders.ts';
import { deaths, idleNodes, membersServe, memoryByNode } from './nodes.ts';
import { type FuzzOptions } from './options.ts';
import { frameNames, innerPorts, openPorts, portOf, type Port } from './ports.ts';
import { Tally } from './tally.ts';
import { type Answers } from './watchdog.ts';

/** What a run found. */
export interface FuzzFindings {
  readonly tally: Tally;
  readonly bystanders: Readonly<Record<string, Answers>>;
  /** By process: how much its memory grew after the first part of the frames, in bytes. */
  readonly grownBytes: Readonly<Record<string, number>>;
  /** A sentence for each thing that went wrong. */
  readonly failures: readonly string[];
}

type Found = Pick<FuzzFindings, 'bystanders' | 'grownBytes'>;

/** How much of all goes to the ports between members, from one that says it is one of them. */
const innerPart = 0.1;
/** After so much of a run, whoever grows has grown. */
const warmUpPart = 0.25;
/** Frames between two lines of progress. */
const stepFrames = 5000;

/** Sends frames to every port of two clusters of processes, and tells what came of it. */
export class Fuzz {
  private readonly frames: number;
  private readonly prng: Prng;
  private readonly tally = new Tally();
  private readonly failures: string[] = [];

  constructor({ frames, seed }: FuzzOptions) {
    this.frames = frames;
    this.prng = new Prng(seed);
  }

  async run(): Promise<FuzzFindings> {
    const innerFrames = this.frames * innerPart;
    const found = await this.onCluster(3, (cluster) =>
      this.amongClients(cluster, this.frames - innerFrames),
    );
    await this.onCluster(0, (cluster) => this.amongMembers(cluster, innerFrames));
    const { tally, failures } = this;
    const counts = tally.counts(frameNames);
    const missing = frameNames.filter((name) => counts[name] === 0);
    if (missing.length > 0) failures.push(`Never sent mutated: ${missing.join(', ')}`);
    if (tally.frames.mutated * 2 < tally.total) {
      failures.push(`Only ${tally.frames.mutated} of ${tally.total} were valid but for their body`);
    }
    for (const [sort, { answer }] of Object.entries(tally.followed)) {
      if (answer === 0) failures.push(`Nothing was ever answered to ${sort}`);
    }
    return { tally, failures, ...(found ?? { bystanders: {}, grownBytes: {} }) };
  }

  private async onCluster<Value>(
    brokers: number,
    use: (cluster: ProcessCluster) => Promise<Value>,
  ): Promise<Value | undefined> {
    tellStep(`Three coordinators${brokers === 0 ? ' alone' : ` and ${brokers} brokers`}`);
    const cluster = await ProcessCluster.start({ coordinators: 3, brokers });
    try {
      return await use(cluster);
    } catch (error) {
      this.failures.push((error as Error).message);
      return undefined;
    } finally {
      this.failures.push(...(await deaths(cluster)));
      await cluster.stop();
    }
  }

  /** Every port as a client or a stranger reaches it, while others are served. */
  private async amongClients(cluster: ProcessCluster, frames: number): Promise<Found> {
    const ports = openPorts(cluster);
    const others = await Bystanders.start(cluster);
    try {
      await this.send(ports, frames * warmUpPart);
      const before = memoryByNode(cluster);
      await this.send(ports, frames * (1 - warmUpPart));
      const after = memoryByNode(cluster);
      const bystanders = await others.stop();
      this.failures.push(...(await idleNodes(cluster)));
      const grown = [...after].map(([name, bytes]) => [name, bytes - (before.get(name) ?? 0)]);
      return { bystanders, grownBytes: Object.fromEntries(grown) as Record<string, number> };
    } finally {
      others.leave();
    }
  }

  /** The ports between members, as a member: elections may follow, but what was written is kept. */
  private async amongMembers(cluster: ProcessCluster, frames: number): Promise<void> {
    const client = await PlainClient.open(portOf(cluster.ready.coordinators[0]?.client ?? ''));
    await client.create('/kept', 'before');
    client.close();
    await this.send(innerPorts(cluster), frames);
    await membersServe(cluster, '/kept', 'before');
  }

  private async send(ports: readonly Port[], frames: number): Promise<void> {
    for (let left = frames; left > 0; left -= stepFrames) {
      const { tally, prng, failures } = this;
      failures.push(...(await barrage(ports, Math.min(left, stepFrames), { prng, tally })));
      tell(
        `${tally.total} of ${this.frames} frames: ${tally.count('answer')} answered, ${tally.count('end')} connections ended by them`,
      );
      if (failures.length > 0) return;
    }
  }
}
