import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  decodeResponse,
  decodeResponseHead,
  encodeBatch,
  encodeRequestFrame,
} from '@zookafka/kafka-wire';
import { ByteReader } from '@zookafka/base';
import { loadCodecs, processClock, silentLog } from '@zookafka/runtime';
import { type BrokerInput, type RequestInput } from '../../src/core/index.ts';
import { FrameCutter } from '../../src/node/frameCutter.ts';
import { ReadBuffers } from '../../src/node/readBuffers.ts';
import { RequestMemory } from '../../src/node/requestMemory.ts';
import { SocketServer } from '../../src/node/socketServer.ts';
import { ProduceJudge } from '../../src/node/verdicts.ts';

/** Inputs that can be waited for. */
class Inputs {
  readonly all: BrokerInput[] = [];
  private wake: () => void = () => undefined;

  readonly submit = (input: BrokerInput): void => {
    this.all.push(input);
    this.wake();
  };

  async count(wanted: number): Promise<void> {
    while (this.all.length < wanted) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

const servers: SocketServer[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await server.stop();
});

interface Rig {
  readonly server: SocketServer;
  readonly inputs: Inputs;
  readonly client: Socket;
  readonly reasons: string[];
  readonly readBuffers: ReadBuffers;
}

async function start(requestsInFlightMax = 100): Promise<Rig> {
  const inputs = new Inputs();
  const reasons: string[] = [];
  const readBuffers = new ReadBuffers();
  const server = new SocketServer({
    listen: { host: '127.0.0.1', port: 0 },
    settings: {
      requestBytesMax: 1 << 20,
      connectionCountMax: 100,
      connectionsPerAddressMax: 3,
      idleMsMax: 0,
    },
    requestsInFlightMax,
    judge: new ProduceJudge({
      codecs: await loadCodecs(),
      messageBytesMaxOf: () => 1000,
      isCompacted: () => false,
    }),
    readBuffers,
    memory: new RequestMemory(),
    clock: processClock,
    log: {
      ...silentLog,
      warn: (_, fields) => {
        reasons.push(String(fields?.['reason']));
      },
    },
    submit: inputs.submit,
    gather: (bring) => {
      bring();
    },
  });
  servers.push(server);
  await server.listen();
  return { server, inputs, reasons, readBuffers, client: await dial(server) };
}

async function dial(server: SocketServer): Promise<Socket> {
  const client = connect({ host: '127.0.0.1', port: server.port });
  sockets.push(client);
  await once(client, 'connect');
  return client;
}

function apiVersionsRequest(correlationId: number, apiVersion = 3): Uint8Array {
  const head = { apiVersion, correlationId, clientId: 'test' };
  const body = { clientSoftwareName: 'test', clientSoftwareVersion: '1' };
  return Buffer.concat(encodeRequestFrame('apiVersions', head, body));
}

function answer(
  server: SocketServer,
  { connection, correlationId, apiVersion }: RequestInput,
): void {
  const body = { errorCode: 0, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 3 }] };
  const apiKey = 18;
  server.perform({ kind: 'respond', connection, correlationId, apiKey, apiVersion, body });
}

describe('SocketServer', () => {
  it('decodes requests in the pieces in which they come', async () => {
    const { inputs, client } = await start();
    const bytes = Buffer.concat([apiVersionsRequest(1), apiVersionsRequest(2, 0)]);
    client.write(bytes.subarray(0, 3));
    await new Promise((resolve) => setImmediate(resolve));
    client.write(bytes.subarray(3, 20));
    client.write(bytes.subarray(20));
    await inputs.count(2);
    expect(inputs.all).toMatchObject([
      {
        kind: 'request',
        correlationId: 1,
        apiKey: 18,
        apiVersion: 3,
        clientId: 'test',
        clientHost: '127.0.0.1',
        body: { clientSoftwareName: 'test' },
      },
      { kind: 'request', correlationId: 2, apiVersion: 0 },
    ]);
  });

  it('hands on a version that nobody serves without a body, and answers it in the first', async () => {
    const { server, inputs, client } = await start();
    const bytes = apiVersionsRequest(7);
    new DataView(bytes.buffer, bytes.byteOffset).setInt16(6, 99);
    client.write(bytes);
    await inputs.count(1);
    const request = inputs.all[0] as RequestInput;
    expect(request).toMatchObject({ apiKey: 18, apiVersion: 99, body: null });
    answer(server, request);
    const [data] = (await once(client, 'data')) as [Buffer];
    const reader = new ByteReader(data, 4);
    expect(decodeResponseHead('apiVersions', 0, reader)).toBe(7);
    expect(decodeResponse('apiVersions', 0, reader).apiKeys).toHaveLength(1);
    expect(reader.remaining).toBe(0);
  });

  it('judges the records of a Produce request', async () => {
    const { inputs, client } = await start();
    const record = { key: null, value: new Uint8Array(5), timestampMs: 9 };
    const records = [record];
    const good = encodeBatch({ records, producerId: 5, producerEpoch: 1, baseSequence: 0 });
    const bad = good.slice();
    bad[bad.length - 1] = 1;
    const large = encodeBatch({ records: [{ ...record, value: new Uint8Array(2000) }] });
    const two = encodeBatch({ records: [record, record] });
    const body = {
      acks: -1,
      timeoutMs: 1000,
      topicData: [
        {
          name: 't',
          partitionData: [good, bad, large, two].map((chunk, index) => ({
            index,
            records: chunk,
          })),
        },
      ],
    };
    const head = { apiVersion: 9, correlationId: 1, clientId: null };
    for (const chunk of encodeRequestFrame('produce', head, body)) client.write(chunk);
    await inputs.count(1);
    expect((inputs.all[0] as RequestInput).verdicts).toMatchObject([
      { kind: 'valid', bytes: good.length, lastOffsetDelta: 0, producerId: 5, producerEpoch: 1 },
      { kind: 'refused', errorCode: 2 },
      { kind: 'refused', errorCode: 10 },
      { kind: 'valid', lastOffsetDelta: 1 },
    ]);
  });

  it('reads no further while enough requests of a connection wait', async () => {
    const { server, inputs, client } = await start(2);
    client.write(Buffer.concat([1, 2, 3, 4, 5].map((id) => apiVersionsRequest(id))));
    await inputs.count(2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(inputs.all).toHaveLength(2);
    answer(server, inputs.all[0] as RequestInput);
    expect(inputs.all).toHaveLength(3);
    const { connection, correlationId } = inputs.all[1] as RequestInput;
    server.perform({ kind: 'noResponse', connection, correlationId });
    expect(inputs.all).toHaveLength(4);
    for (const index of [2, 3]) answer(server, inputs.all[index] as RequestInput);
    expect(inputs.all).toHaveLength(5);
  });

  it('sends what a turn answered in one piece', async () => {
    const { server, inputs, client } = await start();
    client.write(Buffer.concat([1, 2].map((id) => apiVersionsRequest(id))));
    await inputs.count(2);
    for (const input of inputs.all) answer(server, input as RequestInput);
    const [data] = (await once(client, 'data')) as [Buffer];
    const cutter = new FrameCutter(1000, new RequestMemory());
    cutter.push(data);
    expect([cutter.next(), cutter.next()].every((frame) => frame !== undefined)).toBe(true);
  });

  it.each([
    ['a negative length', Buffer.from([0xff, 0xff, 0xff, 0xff]), 'its length is -1'],
    ['a length that is too large', Buffer.from([0x7f, 0, 0, 0]), 'at most 1048576 is taken'],
    ['an empty frame', Buffer.from([0, 0, 0, 0]), 'Cannot read'],
    [
      'a body that ends early',
      Buffer.from([0, 0, 0, 10, 0, 3, 0, 1, 0, 0, 0, 1, 0, 0]),
      'Cannot read',
    ],
  ])('closes the connection over %s, and serves others', async (_, bytes, reason) => {
    const { server, inputs, client, reasons } = await start();
    const closed = once(client, 'close');
    client.on('error', () => undefined);
    client.write(bytes);
    await closed;
    await inputs.count(1);
    expect(inputs.all).toMatchObject([{ kind: 'connectionClosed' }]);
    expect(reasons.join()).toContain(reason);
    const other = await dial(server);
    other.write(apiVersionsRequest(1));
    await inputs.count(2);
  });

  it('uses memory of an answer again only once it has left', async () => {
    const { server, inputs, client, readBuffers } = await start();
    client.write(apiVersionsRequest(1));
    await inputs.count(1);
    const { connection, correlationId } = inputs.all[0] as RequestInput;
    client.pause();
    // More than the sockets of both ends take.
    const chunks = [8, 8, 8, 8].map((size) => readBuffers.take(size << 20).fill(7));
    const buffers = new Set(chunks.map(({ buffer }) => buffer));
    const partitions = chunks.map((records, partitionIndex) => ({
      partitionIndex,
      errorCode: 0,
      highWatermark: 0,
      abortedTransactions: null,
      records: [records],
    }));
    const body = { responses: [{ topic: 't', partitions }] };
    server.perform({
      kind: 'respond',
      connection,
      correlationId,
      apiKey: 1,
      apiVersion: 12,
      body,
    });
    await new Promise((resolve) => setImmediate(resolve));
    server.onTurnOver();
    expect(buffers.has(readBuffers.take(8 << 20).buffer)).toBe(false);
    let received = 0;
    client.on('data', (data: Buffer) => (received += data.length));
    client.resume();
    while (received < 32 << 20) await once(client, 'data');
    server.onTurnOver();
    expect(buffers.has(readBuffers.take(8 << 20).buffer)).toBe(true);
  });

  it('closes a connection when the core wants it, after what was answered', async () => {
    const { server, inputs, client } = await start();
    client.write(apiVersionsRequest(1));
    await inputs.count(1);
    const request = inputs.all[0] as RequestInput;
    const received: Buffer[] = [];
    client.on('data', (data: Buffer) => received.push(data));
    answer(server, request);
    server.perform({ kind: 'closeConnection', connection: request.connection, reason: 'test' });
    await once(client, 'close');
    expect(received.length).toBeGreaterThan(0);
    await inputs.count(2);
    expect(inputs.all[1]).toEqual({ kind: 'connectionClosed', connection: request.connection });
  });

  it('takes only so many connections from one address', async () => {
    const { server, client } = await start();
    const more = await Promise.all([dial(server), dial(server), dial(server)]);
    await Promise.race(more.map((socket) => once(socket, 'close')));
    expect(client.destroyed).toBe(false);
  });

  it('says which address is taken', async () => {
    const { server } = await start();
    const { port } = server;
    const second = new SocketServer({
      ...(server as unknown as { options: ConstructorParameters<typeof SocketServer>[0] }).options,
      listen: { host: '127.0.0.1', port },
    });
    await expect(second.listen()).rejects.toThrow(
      `Cannot listen on 127.0.0.1:${port} (listeners): the port is in use`,
    );
  });
});
