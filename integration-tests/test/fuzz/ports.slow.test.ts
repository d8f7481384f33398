/**
 * Every port of real processes is sent what nobody should send. No process ends, others are answered meanwhile, and
 * nobody's memory grows. ZOOKAFKA_FUZZ_FRAMES says how much is sent, ZOOKAFKA_FUZZ_SEED repeats a run.
 */
import { Prng } from '@zookafka/base';
import { NodeProducer } from '@zookafka/client';
import { clusterTimeoutMs, type TestCluster, testCluster } from '../cluster.ts';
import { isAlive } from '../cli/alive.ts';
import { eventually } from '../../src/eventually.ts';
import { PlainClient } from '../coordinator/plainClient.ts';
import { brokerFrame } from './brokerFrames.ts';
import {
  connectFrame,
  connectHeadBytes,
  requestFrame,
  requestHeadBytes,
} from './coordinatorFrames.ts';
import { Lane, type LaneOptions } from './lane.ts';
import { disturb, mutate, noise } from './mutate.ts';
import { hello, peerHeadBytes, peerMessage } from './peerFrames.ts';
import { type Answers, memoryOf, Watchdog } from './watchdog.ts';
import { disturbedFrame, httpNoise, upgradeRequest, webSocketFrame } from './webSocketFrames.ts';

const framesTotal = Number(process.env['ZOOKAFKA_FUZZ_FRAMES'] ?? 20_000);
const seed = Number(process.env['ZOOKAFKA_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const lanesPerPort = 4;
const eventsShown = 40;
const answerMsMax = 1000;
const memoryGrowthMax = 64 << 20;
/** After so much of a run, whoever grows has grown. */
const warmUpPart = 0.25;

jest.setTimeout(clusterTimeoutMs + framesTotal * 10);

type Port = Pick<LaneOptions, 'port' | 'opening' | 'next'> & {
  /** What is sent there. */
  readonly sort: string;
  readonly share: number;
};
/** By sort of port: how often an answer, the end of the connection, or nothing followed. */
type Followed = Record<string, Lane['followed']>;

const words = ['ruok', 'srvr', 'stat', 'mntr', 'cons', 'dump', 'wchs', 'isro', 'conf', 'envi'];
/** No bit of it changed makes it the id of a member. */
const strangerId = 200;

function coordinatorPorts(clientPort: number, quorumPort: number): readonly Port[] {
  const electionPort = quorumPort + 1000;
  const upgrade = upgradeRequest(clientPort, '/zookeeper');
  const peers = [
    { port: quorumPort, path: '/quorum' },
    { port: electionPort, path: '/election' },
  ];
  return [
    {
      sort: 'jute',
      share: 8,
      port: clientPort,
      opening: (prng) => [openingConnect(prng)],
      next: (prng) => disturb(requestFrame(prng), requestHeadBytes, prng),
    },
    {
      sort: 'jute in WebSocket',
      share: 5,
      port: clientPort,
      opening: (prng) => [upgrade, webSocketFrame(openingConnect(prng))],
      next: (prng) => disturbedFrame(disturb(requestFrame(prng), requestHeadBytes, prng), prng),
    },
    {
      sort: 'words',
      share: 1,
      port: clientPort,
      opening: () => [],
      next: (prng) => (prng.chance(700) ? Buffer.from(prng.pick(words)) : noise(prng, 6)),
    },
    {
      sort: 'http',
      share: 1,
      port: clientPort,
      opening: () => [],
      next: (prng) => httpNoise(clientPort, prng),
    },
    ...peers.map(({ port, path }): Port => {
      const opening = upgradeRequest(port, path);
      return {
        sort: 'peer',
        share: 2,
        port,
        opening: () => [opening],
        next: (prng) => disturbedFrame(mutate(hello(prng, strangerId), prng, peerHeadBytes), prng),
      };
    }),
    ...peers.map(({ port }): Port => ({
      sort: 'http',
      share: 1,
      port,
      opening: () => [],
      next: (prng) => (prng.chance(500) ? httpNoise(port, prng) : noise(prng, 200)),
    })),
  ];
}

/** A connect request, one in five of which is off. */
function openingConnect(prng: Prng): Buffer {
  const frame = connectFrame(prng);
  return prng.chance(800) ? frame : disturb(frame, connectHeadBytes, prng);
}

function brokerPort(port: number): Port {
  return {
    sort: 'kafka',
    share: 13,
    port,
    opening: () => [],
    next: (prng) => {
      const { frame, headBytes } = brokerFrame(prng);
      return disturb(frame, headBytes, prng);
    },
  };
}

async function send(ports: readonly Port[], count: number, prng: Prng): Promise<Followed> {
  const shares = ports.reduce((sum, { share }) => sum + share, 0);
  const followed: Followed = {};
  const lanes = await Promise.allSettled(
    ports.flatMap(({ sort, share, ...port }) =>
      Array.from({ length: lanesPerPort }, async () => {
        const lane = new Lane({ ...port, prng: prng.fork() });
        await lane.run(Math.ceil((count * share) / shares / lanesPerPort));
        const sum = (followed[sort] ??= { answer: 0, end: 0, nothing: 0 });
        for (const what of ['answer', 'end', 'nothing'] as const) sum[what] += lane.followed[what];
      }),
    ),
  );
  const failed = lanes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
  expect({ seed, failures: failed.map(({ reason }) => String(reason)) }).toEqual({
    seed,
    failures: [],
  });
  return followed;
}

interface Victim {
  readonly name: string;
  readonly pid: number;
}

function victimsOf({ ready }: TestCluster): readonly Victim[] {
  return [...ready.coordinators, ...ready.brokers];
}

async function expectAlive(cluster: TestCluster): Promise<void> {
  const dead = victimsOf(cluster).filter(({ pid }) => !isAlive(pid));
  const logs = await Promise.all(
    dead.map(({ name }) => cluster.say(['logs', name, '--lines', '40'])),
  );
  expect({ seed, dead, logs }).toEqual({ seed, dead: [], logs: [] });
}

function portOf(address: string): number {
  return Number(address.split(':').at(-1));
}

function portsOf({ ready, portOffset }: TestCluster): readonly Port[] {
  return [
    ...ready.coordinators.flatMap(({ client }, index) =>
      coordinatorPorts(portOf(client), 2881 + index + portOffset),
    ),
    ...ready.brokers.map(({ kafka }) => brokerPort(portOf(kafka))),
  ];
}

describe('every port of a cluster', () => {
  const cluster = testCluster({ coordinators: 3, brokers: 2 });
  process.stdout.write(`fuzz: ZOOKAFKA_FUZZ_SEED=${seed} ZOOKAFKA_FUZZ_FRAMES=${framesTotal}\n`);

  it('survives frames that are nearly right, while others are served', async () => {
    const { ready } = cluster();
    const create = ['topics', '--create', '--topic', 'well-behaved'];
    await cluster().say([...create, '--partitions', '2', '--replication-factor', '2']);
    const plain = await PlainClient.open(portOf(ready.coordinators[0]?.client ?? ''));
    expect(await plain.create('/well-behaved', '')).toBe(0);
    const producer = new NodeProducer({ bootstrap: ready.bootstrap, lingerMs: 0 });
    await producer.send({ topic: 'well-behaved', value: 'first' });
    // The groups' own topic has fifty partitions: it is made before time is taken.
    const consume = ['consume', '--topic', 'well-behaved', '--from-beginning', '--group', 'first'];
    await cluster().say([...consume, '--max-messages', '1', '--timeout-ms', '20000']);
    const member = new Watchdog(async (turn) => {
      const data = Buffer.from(String(turn));
      await plain.request({ op: 'setData', path: '/well-behaved', data, version: -1 });
      expect(await plain.get('/well-behaved')).toBe(String(turn));
    });
    const broker = new Watchdog(async (turn) => {
      await producer.send({ topic: 'well-behaved', partition: turn % 2, value: String(turn) });
    });

    const prng = new Prng(seed);
    const ports = portsOf(cluster());
    const memory = (): readonly number[] =>
      victimsOf(cluster()).map(({ pid }) => memoryOf(pid) ?? 0);
    let before: readonly number[] = [];
    let after: readonly number[] = [];
    let followed: Followed | undefined;
    try {
      await send(ports, framesTotal * warmUpPart, prng);
      await expectAlive(cluster());
      before = memory();
      followed = await send(ports, framesTotal * (1 - warmUpPart), prng);
      await expectAlive(cluster());
      after = memory();
    } finally {
      await Promise.allSettled([member.stop(), broker.stop()]);
      plain.close();
      producer.close().catch(() => undefined);
    }

    const answers = { member: await member.stop(), broker: await broker.stop() };
    const growth = victimsOf(cluster()).map(({ name }, index) => ({
      name,
      grownBytes: (after[index] as number) - (before[index] as number),
    }));
    process.stdout.write(
      `${JSON.stringify({ seed, frames: framesTotal, answers, growth, followed })}\n`,
    );
    expect({ seed, slow: slowOf(answers, cluster()) }).toEqual({ seed, slow: [] });
    const unheard = Object.keys(followed).filter((sort) => followed[sort]?.answer === 0);
    expect({ seed, unheard }).toEqual({ seed, unheard: [] });
    const grown = growth.filter(({ grownBytes }) => grownBytes > memoryGrowthMax);
    expect({ seed, grown }).toEqual({ seed, grown: [] });
    const { ensemble, brokers } = await cluster().status();
    expect(ensemble.members.every(({ state }) => state !== 'down' && state !== 'looking')).toBe(
      true,
    );
    expect(brokers.map(({ state }) => state)).toEqual(['up', 'up']);
  });
});

/** Who waited too long, and what the cluster noted in that time. */
function slowOf(
  answers: Readonly<Record<string, Answers>>,
  within: TestCluster,
): readonly (Answers & { readonly name: string; readonly events: readonly string[] })[] {
  return Object.entries(answers)
    .filter(([, { maxMs }]) => maxMs > answerMsMax)
    .map(([name, one]) => {
      const endMs = Date.parse(one.slowestEnd);
      const events = within.events().filter(({ wallTime }) => {
        const wallMs = Date.parse(wallTime);
        return wallMs >= endMs - one.maxMs - 200 && wallMs <= endMs;
      });
      return {
        name,
        ...one,
        events: events.slice(-eventsShown).map((event) => JSON.stringify(event)),
      };
    });
}

describe('the ports between members', () => {
  const cluster = testCluster({ coordinators: 3, brokers: 0 });

  it('survive a stranger that says it is a member', async () => {
    const plain = await PlainClient.open(portOf(cluster().ready.coordinators[0]?.client ?? ''));
    expect(await plain.create('/kept', 'before')).toBe(0);
    plain.close();
    const ports = [1, 2, 3].flatMap((id) =>
      ['/quorum', '/election'].map((path): Port => {
        const first = path === '/quorum' ? 2881 : 3881;
        const port = first + id - 1 + cluster().portOffset;
        const opening = upgradeRequest(port, path);
        const other = (id % 3) + 1;
        return {
          sort: 'member',
          share: 1,
          port,
          opening: (prng) => [opening, webSocketFrame(hello(prng, other))],
          next: (prng) => {
            const message = peerMessage(prng);
            return webSocketFrame(
              prng.chance(200) ? message : mutate(message, prng, peerHeadBytes),
            );
          },
        };
      }),
    );
    await send(ports, framesTotal / 10, new Prng(seed));
    await expectAlive(cluster());
    const kept = await eventually('the members serve again', async () => {
      try {
        const client = await PlainClient.open(
          portOf(cluster().ready.coordinators[2]?.client ?? ''),
        );
        const code = await client.create(`/after-${seed}`, '');
        const text = await client.get('/kept');
        client.close();
        return code === 0 || code === -110 ? text : undefined;
      } catch {
        return undefined;
      }
    });
    expect(kept).toBe('before');
    await expectAlive(cluster());
  });
});
