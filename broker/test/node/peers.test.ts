import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { crc32c } from '@zookafka/base';
import { encodeBatch, encodeResponseFrame } from '@zookafka/kafka-wire';
import { processClock, silentLog } from '@zookafka/runtime';
import { type BrokerInput } from '../../src/core/index.ts';
import { Peers } from '../../src/node/peers.ts';

const servers: Server[] = [];
const running: Peers[] = [];

afterEach(async () => {
  for (const peers of running.splice(0)) peers.stop();
  for (const server of servers.splice(0)) {
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A broker that gives each request this answer. */
async function leader(reply: (socket: Socket, count: number) => void): Promise<number> {
  let count = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => {
      reply(socket, ++count);
    });
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function makePeers(): { readonly peers: Peers; readonly next: () => Promise<BrokerInput> } {
  const waiting: ((input: BrokerInput) => void)[] = [];
  const arrived: BrokerInput[] = [];
  const peers = new Peers({
    brokerId: 1,
    checksum: crc32c,
    clock: processClock,
    log: silentLog,
    submit: (input) => {
      const first = waiting.shift();
      if (first === undefined) arrived.push(input);
      else first(input);
    },
    gather: (bring) => {
      bring();
    },
  });
  running.push(peers);
  const next = async (): Promise<BrokerInput> =>
    arrived.shift() ?? (await new Promise((resolve) => waiting.push(resolve)));
  return { peers, next };
}

const fetchBody = { replicaId: 1, maxWaitMs: 1, minBytes: 1, topics: [] };

function send(peers: Peers, port: number, correlationId: number): void {
  peers.perform({
    kind: 'sendPeer',
    broker: 2,
    host: '127.0.0.1',
    port,
    correlationId,
    apiKey: 1,
    apiVersion: 12,
    body: fetchBody,
  });
}

function fetched(correlationId: number, parts: readonly (Uint8Array | null)[]): Uint8Array {
  const partitions = parts.map((records, partitionIndex) => ({
    partitionIndex,
    errorCode: 0,
    highWatermark: 0,
    abortedTransactions: null,
    records: records ?? new Uint8Array(0),
  }));
  const body = { responses: [{ topic: 't', partitions }] };
  return Buffer.concat(encodeResponseFrame('fetch', { apiVersion: 12, correlationId }, body));
}

const records = [{ key: null, value: new Uint8Array(50), timestampMs: 5 }];
const good = encodeBatch({ records });
const bad = good.slice();
bad[bad.length - 3] = 1;

describe('Peers', () => {
  it('tells which partitions of an answer failed their checksum', async () => {
    const answer = fetched(7, [good, bad, null, Buffer.concat([good, bad]), good.subarray(0, 70)]);
    const port = await leader((socket) => socket.write(answer));
    const { peers, next } = makePeers();
    send(peers, port, 7);
    expect(await next()).toMatchObject({
      kind: 'peerResponse',
      broker: 2,
      correlationId: 7,
      body: { responses: [{ topic: 't' }] },
      corrupt: [
        { topic: 0, partition: 1 },
        { topic: 0, partition: 3 },
      ],
    });
  });

  it('uses one connection for what is sent to one address', async () => {
    let connections = 0;
    const seen = new Set<Socket>();
    const port = await leader((socket, count) => {
      if (!seen.has(socket)) connections++;
      seen.add(socket);
      socket.write(fetched(count, []));
    });
    const { peers, next } = makePeers();
    send(peers, port, 1);
    await next();
    peers.onTurnOver();
    send(peers, port, 2);
    expect(await next()).toMatchObject({ correlationId: 2 });
    expect(connections).toBe(1);
  });

  it('tells when nobody answers, and connects anew afterwards', async () => {
    const port = await leader((socket, count) => {
      if (count === 1) socket.destroy();
      else socket.write(fetched(2, []));
    });
    const { peers, next } = makePeers();
    send(peers, port, 1);
    expect(await next()).toMatchObject({ kind: 'peerClosed', broker: 2 });
    send(peers, port, 2);
    expect(await next()).toMatchObject({ kind: 'peerResponse', correlationId: 2 });
  });

  it('ends a connection whose answers are not in order', async () => {
    const port = await leader((socket) => socket.write(fetched(8, [])));
    const { peers, next } = makePeers();
    send(peers, port, 7);
    expect(await next()).toMatchObject({
      kind: 'peerClosed',
      reason: 'Cannot use an answer of broker 2: it answers 8, expected is 7',
    });
  });

  it('ends a connection whose answers cannot be read', async () => {
    const port = await leader((socket) => socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 7])));
    const { peers, next } = makePeers();
    send(peers, port, 7);
    expect(await next()).toMatchObject({ kind: 'peerClosed' });
  });

  it('tells nothing of a connection that the core closed', async () => {
    const port = await leader((socket, count) => socket.write(fetched(count + 1, [])));
    const { peers, next } = makePeers();
    send(peers, port, 1);
    peers.perform({ kind: 'closePeer', broker: 2 });
    send(peers, port, 2);
    expect(await next()).toMatchObject({ kind: 'peerResponse', correlationId: 2 });
  });
});
