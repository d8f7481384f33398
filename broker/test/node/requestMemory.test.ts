import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { ByteReader } from '@zookafka/base';
import {
  decodeResponse,
  decodeResponseHead,
  encodeBatch,
  encodeRequestFrame,
  isIntact,
  readBatchHead,
  type RequestOf,
} from '@zookafka/kafka-wire';
import { TailCache } from '@zookafka/partition-log';
import { loadCodecs, processClock, Properties, silentLog } from '@zookafka/runtime';
import { temporaryFolder } from '@zookafka/testkit';
import fc from 'fast-check';
import { type BrokerInput, type RequestInput } from '../../src/core/index.ts';
import { FrameCutter } from '../../src/node/frameCutter.ts';
import { type LogFolders } from '../../src/node/logFolders.ts';
import { Logs } from '../../src/node/logs.ts';
import { readLogSettings } from '../../src/node/logSettings.ts';
import { ReadBuffers } from '../../src/node/readBuffers.ts';
import { RequestMemory } from '../../src/node/requestMemory.ts';
import { SocketServer } from '../../src/node/socketServer.ts';
import { ProduceJudge } from '../../src/node/verdicts.ts';
import { openFolders } from './openFolders.ts';

const kib = 1024;

/** Takes the whole of a chunk and gives it back, so often that every free one was written over. */
function overwriteFree(memory: RequestMemory): void {
  const taken = Array.from({ length: 8 * (memory.freeCount + 2) }, () => memory.take(128 * kib));
  for (const view of taken) view.fill(0xee);
  for (const view of taken) memory.giveBack(view);
}

describe('RequestMemory', () => {
  it('uses a chunk again once all of it was given back', () => {
    const memory = new RequestMemory();
    const buffers = new Set<ArrayBufferLike>();
    for (let count = 0; count < 1000; count++) {
      const view = memory.take(16 * kib);
      buffers.add(view.buffer);
      memory.giveBack(view);
    }
    expect(buffers.size).toBe(2);
  });

  it('keeps no more free chunks than its bound', () => {
    const memory = new RequestMemory();
    const taken = Array.from({ length: 400 }, () => memory.take(128 * kib));
    for (const view of taken) memory.giveBack(view);
    expect(memory.freeCount).toBe(32);
  });

  it('counts a view that is given back twice, or was never lent, once or not at all', () => {
    const memory = new RequestMemory();
    const kept = memory.take(16 * kib).fill(1);
    const other = memory.take(16 * kib);
    memory.giveBack(other);
    memory.giveBack(other);
    memory.giveBack(kept.subarray(0));
    overwriteFree(memory);
    expect(kept).toEqual(new Uint8Array(16 * kib).fill(1));
  });

  it('lends what is no chunk of its own as it is', () => {
    const memory = new RequestMemory();
    const view = new Uint8Array(512 * kib);
    expect(memory.lend(view)).toBe(view);
    expect(memory.isLent(view)).toBe(false);
    memory.letGo(view.buffer);
    expect(memory.freeCount).toBe(0);
  });

  it('never gives out memory that somebody still refers to, whatever is done in which order', () => {
    const step = fc.tuple(fc.nat(5), fc.nat(1 << 20));
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 300 }), (steps) => {
        const memory = new RequestMemory();
        const live: { view: Uint8Array; mark: number; end: () => void }[] = [];
        let mark = 0;
        for (const [kind, number] of steps) {
          const one = live[number % Math.max(1, live.length)];
          if (kind <= 1 || one === undefined) {
            const view = memory.take(8 * kib + (number % (120 * kib))).fill(++mark);
            live.push({
              view,
              mark: mark & 0xff,
              end: () => {
                memory.giveBack(view);
              },
            });
          } else if (kind === 2) {
            const view = memory.lend(one.view.subarray(number % one.view.length));
            live.push({
              view,
              mark: one.mark,
              end: () => {
                memory.giveBack(view);
              },
            });
          } else if (kind === 3) {
            const { buffer } = one.view;
            memory.hold(buffer);
            live.push({
              ...one,
              end: () => {
                memory.letGo(buffer);
              },
            });
          } else {
            one.end();
            live.splice(live.indexOf(one), 1);
          }
        }
        overwriteFree(memory);
        for (const { view, mark: wanted } of live) {
          expect(view.every((byte) => byte === wanted)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});

const folder = temporaryFolder();
const topic = 'flow';
const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ';
const key = { topic, topicId, partition: 0 };

/** A port and a log as a broker has them, with a core that appends whatever comes. */
class Leader {
  readonly memory = new RequestMemory();
  readonly logs: Logs;
  readonly server: SocketServer;
  private readonly folders: LogFolders;
  private inputs: BrokerInput[] = [];
  private readonly read: BrokerInput[] = [];
  private offset = 0;
  private turn: NodeJS.Immediate | undefined;
  /** Offsets up to here were read. */
  private readTo = 0;
  reader = -1;

  constructor(codecs: Awaited<ReturnType<typeof loadCodecs>>, tailCacheBytes: number) {
    const { memory } = this;
    const settings = readLogSettings(new Properties('', 'test'));
    const tailCache = new TailCache({
      bytesMax: tailCacheBytes,
      countMax: 1000,
      onKept: (buffer) => {
        memory.hold(buffer);
      },
      onDropped: (buffer) => {
        memory.letGo(buffer);
      },
    });
    this.folders = openFolders(join(folder(), 'log'), { settings, tailCache });
    const submit = (input: BrokerInput): void => {
      if (input.kind === 'request') this.inputs.push(input);
      else this.read.push(input);
      this.turn ??= setImmediate(() => {
        this.step();
      });
    };
    this.logs = new Logs({
      folders: this.folders,
      settings,
      tailCache,
      submit,
      lend: (chunk) => memory.lend(chunk),
      decompress: (_, records) => records,
      onFlushDue: () => undefined,
      onRetired: () => undefined,
      onReadFailed: (_, error) => {
        throw error;
      },
    });
    this.server = new SocketServer({
      listen: { host: '127.0.0.1', port: 0 },
      settings: {
        requestBytesMax: 1 << 20,
        connectionCountMax: 10,
        connectionsPerAddressMax: 10,
        idleMsMax: 0,
      },
      requestsInFlightMax: 100,
      judge: new ProduceJudge({
        codecs,
        messageBytesMaxOf: () => 1 << 20,
        isCompacted: () => false,
      }),
      readBuffers: new ReadBuffers(),
      memory,
      clock: processClock,
      log: silentLog,
      submit,
      gather: (bring) => {
        bring();
      },
    });
  }

  async start(): Promise<void> {
    await this.logs.open(() => undefined);
    this.logs.claim('cluster-of-tests-00000');
    this.logs.perform({ kind: 'createLog', token: 1, ...key, config: {} });
    await this.server.listen();
  }

  async stop(): Promise<void> {
    clearImmediate(this.turn);
    await this.server.stop();
    this.folders.release();
  }

  private step(): void {
    this.turn = undefined;
    const { inputs } = this;
    this.inputs = [];
    this.server.onStepped();
    for (const input of this.read.splice(0)) this.answer(input);
    for (const input of inputs) this.take(input as RequestInput);
    if (this.readTo < this.offset && this.reader !== -1) this.readOn();
    this.logs.flush();
    this.server.onTurnOver();
  }

  private readOn(): void {
    const { readTo: offset } = this;
    const reads = [{ ...key, offset, maxBytes: 1 << 20, upToOffset: Infinity }];
    this.logs.perform({ kind: 'readLog', token: 2, maxBytes: 1 << 20, reads });
  }

  private take({ connection, correlationId, apiKey, body, verdicts }: RequestInput): void {
    this.server.perform({ kind: 'noResponse', connection, correlationId });
    if (apiKey !== 0) {
      this.reader = connection;
      return;
    }
    expect(verdicts).toMatchObject([{ kind: 'valid' }]);
    const { topicData } = body as RequestOf<'produce'>;
    const chunks = [topicData[0]?.partitionData[0]?.records as Uint8Array];
    const firstOffset = this.offset++;
    const token = 100 + firstOffset;
    this.logs.perform({ kind: 'appendLog', token, ...key, chunks, firstOffset, leaderEpoch: 0 });
  }

  private answer(input: BrokerInput): void {
    if (input.kind !== 'logRead' || this.reader === -1) return;
    const records = input.slices[0]?.chunks ?? [];
    if (records.length === 0) return;
    for (const chunk of records) this.readTo += batchCount(chunk);
    this.server.perform({
      kind: 'respond',
      connection: this.reader,
      correlationId: 1,
      apiKey: 1,
      apiVersion: 12,
      body: {
        responses: [
          {
            topic,
            partitions: [
              {
                partitionIndex: 0,
                errorCode: 0,
                highWatermark: 0,
                abortedTransactions: null,
                records,
              },
            ],
          },
        ],
      },
    });
  }
}

function batchCount(chunk: Uint8Array): number {
  let count = 0;
  let head = readBatchHead(chunk);
  for (; head !== undefined; head = readBatchHead(chunk, head.start + head.size)) count++;
  return count;
}

/** One record of 15 KiB, of which every byte tells which it is. */
function produceRequest(index: number): Uint8Array {
  const value = new Uint8Array(15 * kib).fill(index);
  const records = encodeBatch({ records: [{ key: null, value, timestampMs: index }] });
  const body = {
    acks: 1,
    timeoutMs: 1000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
  };
  const head = { apiVersion: 9, correlationId: index, clientId: null };
  return Buffer.concat(encodeRequestFrame('produce', head, body));
}

describe('records in memory that is used again', () => {
  const leaders: Leader[] = [];
  const sockets: Socket[] = [];

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const leader of leaders.splice(0)) await leader.stop();
  });

  async function dial({ server }: Leader): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port: server.port });
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  it.each([
    ['a tail cache that keeps hardly anything', 600 * kib],
    ['a tail cache that keeps much', 4096 * kib],
  ])('reach a reader that is slow as they were, with %s', async (_, tailCacheBytes) => {
    const leader = new Leader(await loadCodecs(), tailCacheBytes);
    leaders.push(leader);
    await leader.start();
    const [writer, reader] = [await dial(leader), await dial(leader)];
    const head = { apiVersion: 3, correlationId: 0, clientId: 'test' };
    const hello = { clientSoftwareName: 'test', clientSoftwareVersion: '1' };
    reader.write(Buffer.concat(encodeRequestFrame('apiVersions', head, hello)));
    const countAll = 1500;
    const cutter = new FrameCutter(4 << 20, new RequestMemory());
    let countRead = 0;
    const check = (data: Buffer): void => {
      cutter.push(data);
      for (let frame = cutter.next(); frame !== undefined; frame = cutter.next()) {
        countRead += checkAnswer(frame, countRead);
      }
    };
    reader.pause();
    reader.on('data', check);
    reader.pause();
    for (let index = 0; index < countAll; index++) {
      if (!writer.write(produceRequest(index))) await once(writer, 'drain');
      // More than the sockets of both ends take: answers wait while what they tell is dropped by the cache.
      if (index === 1200) reader.resume();
    }
    reader.resume();
    while (countRead < countAll) await once(reader, 'data');
    expect(countRead).toBe(countAll);
  });

  /** @returns how many batches the answer holds, each of which must be the next one */
  function checkAnswer(frame: Uint8Array, countBefore: number): number {
    const reader = new ByteReader(frame);
    decodeResponseHead('fetch', 12, reader);
    const body = decodeResponse('fetch', 12, reader);
    const records = body.responses[0]?.partitions[0]?.records as Uint8Array;
    let count = 0;
    let found = readBatchHead(records);
    while (found !== undefined) {
      expect(found.baseOffset).toBe(countBefore + count);
      expect(isIntact(records, found)).toBe(true);
      expect(records[found.start + found.size - 100]).toBe((countBefore + count) & 0xff);
      count++;
      found = readBatchHead(records, found.start + found.size);
    }
    return count;
  }
});
