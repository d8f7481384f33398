import { type Prng } from '@zookafka/base';
import { type ProcessCluster } from '../processCluster.ts';
import { brokerFrame, brokerFrameNames } from './brokerFrames.ts';
import { connectFrame, coordinatorFrameNames, requestFrame } from './coordinatorFrames.ts';
import { type LaneOptions } from './lane.ts';
import { disturb, mutate, noise, type Shot, shotOf } from './mutate.ts';
import { hello, peerFrameNames, peerMessage } from './peerFrames.ts';
import { httpNoise, inWebSocket, upgradeRequest, webSocketFrame } from './webSocketFrames.ts';

/** A port, what is sent there, and how much of all. */
export interface Port extends Pick<LaneOptions, 'port' | 'opening' | 'next' | 'sort'> {
  readonly share: number;
}

/** Everything that must have been sent mutated. */
export const frameNames: readonly string[] = [
  ...brokerFrameNames,
  ...coordinatorFrameNames,
  ...peerFrameNames,
];

const words = ['ruok', 'srvr', 'stat', 'mntr', 'cons', 'dump', 'wchs', 'isro', 'conf', 'envi'];
const firstPorts = { quorum: 2881, election: 3881 } as const;
/** No bit of it changed makes it the id of a member. */
const strangerId = 200;

/** The ports that clients and strangers reach. */
export function openPorts({ ready, portOffset }: ProcessCluster): readonly Port[] {
  return [
    ...ready.coordinators.flatMap(({ client }, index) => [
      ...clientPorts(portOf(client)),
      ...memberPorts(index, portOffset).flatMap(({ port, path }) => strangersPorts(port, path)),
    ]),
    ...ready.brokers.map(({ kafka }) => brokerPort(portOf(kafka))),
  ];
}

/** The ports between members, reached by one that says it is a member and is greeted as one. */
export function innerPorts({ ready, portOffset }: ProcessCluster): readonly Port[] {
  return ready.coordinators.flatMap((_, index) =>
    memberPorts(index, portOffset).map(({ port, path }): Port => {
      const upgrade = upgradeRequest(port, path);
      const otherId = ((index + 1) % ready.coordinators.length) + 1;
      return {
        sort: 'member',
        share: 1,
        port,
        opening: (prng) => [upgrade, webSocketFrame(hello(prng, otherId).bytes)],
        next: (prng) => unframed(peerMessage(prng), prng, 800),
      };
    }),
  );
}

/** The number behind the last colon of an address. */
export function portOf(address: string): number {
  return Number(address.split(':').at(-1));
}

function memberPorts(
  index: number,
  portOffset: number,
): readonly { readonly port: number; readonly path: string }[] {
  return (['quorum', 'election'] as const).map((name) => ({
    port: firstPorts[name] + index + portOffset,
    path: `/${name}`,
  }));
}

function clientPorts(port: number): readonly Port[] {
  const upgrade = upgradeRequest(port, '/zookeeper');
  return [
    {
      sort: 'jute',
      share: 8,
      port,
      opening: (prng) => [openingConnect(prng)],
      next: (prng) => disturb(requestFrame(prng), prng),
    },
    {
      sort: 'jute in WebSocket',
      share: 5,
      port,
      opening: (prng) => [upgrade, webSocketFrame(openingConnect(prng))],
      next: (prng) => inWebSocket(disturb(requestFrame(prng), prng), prng),
    },
    {
      sort: 'jute connect',
      share: 1,
      port,
      opening: () => [],
      next: (prng) => disturb(connectFrame(prng), prng),
    },
    {
      sort: 'words',
      share: 1,
      port,
      opening: () => [],
      next: (prng) =>
        prng.chance(700)
          ? { ...spoiled('words', Buffer.from(prng.pick(words))), kind: 'valid' }
          : spoiled('words', noise(prng, 6)),
    },
    { sort: 'http', share: 1, port, opening: () => [], next: (prng) => http(port, prng) },
  ];
}

function strangersPorts(port: number, path: string): readonly Port[] {
  const upgrade = upgradeRequest(port, path);
  return [
    {
      sort: 'peer',
      share: 2,
      port,
      opening: () => [upgrade],
      next: (prng) => unframed(hello(prng, strangerId), prng, 850),
    },
    {
      sort: 'http',
      share: 1,
      port,
      opening: () => [],
      next: (prng) => (prng.chance(500) ? http(port, prng) : spoiled('http', noise(prng, 200))),
    },
  ];
}

function brokerPort(port: number): Port {
  return {
    sort: 'kafka',
    share: 13,
    port,
    opening: () => [],
    next: (prng) => disturb(brokerFrame(prng), prng),
  };
}

/** A connect request, one in five of which is off. */
function openingConnect(prng: Prng): Buffer {
  const frame = connectFrame(prng);
  return prng.chance(800) ? frame.bytes : disturb(frame, prng).bytes;
}

/** A message between members: a WebSocket's frame tells its length. */
function unframed(message: ReturnType<typeof peerMessage>, prng: Prng, permille: number): Shot {
  const { bytes, headBytes } = message;
  if (!prng.chance(permille)) return inWebSocket(shotOf(message, 'valid', bytes), prng);
  const changed = mutate(bytes, prng, headBytes);
  const kind = changed.equals(bytes) ? 'valid' : 'mutated';
  return inWebSocket(shotOf(message, kind, changed), prng);
}

function http(port: number, prng: Prng): Shot {
  return spoiled('http', httpNoise(port, prng));
}

function spoiled(name: string, bytes: Buffer): Shot {
  return { name, kind: 'spoiled', bytes, hasBody: true };
}
