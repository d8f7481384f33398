import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defined } from '@zookafka/base';
import { encodeBatch } from '@zookafka/kafka-wire';
import { TailCache } from '@zookafka/partition-log';
import { Properties } from '@zookafka/runtime';
import { temporaryFolder } from '@zookafka/testkit';
import { type BrokerInput, type StoredLog } from '../../src/core/index.ts';
import { type LogFolders } from '../../src/node/logFolders.ts';
import { Logs } from '../../src/node/logs.ts';
import { readLogSettings } from '../../src/node/logSettings.ts';
import { LogUpkeep } from '../../src/node/logUpkeep.ts';
import { openFolders } from './openFolders.ts';

const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ';
const otherId = 'AAAAAAAAAAAAAAAAAAAAAg';
const clusterId = 'cluster-of-tests-00000';
const key = { topic: 'logs', topicId, partition: 0 };

const folder = temporaryFolder();
const opened: LogFolders[] = [];

afterEach(() => {
  for (const folders of opened.splice(0)) folders.release();
});

interface Rig {
  readonly logs: Logs;
  readonly folders: LogFolders;
  readonly inputs: BrokerInput[];
  readonly stored: readonly StoredLog[];
  readonly upkeep: LogUpkeep;
  /** What upkeep gave up over: a broker ends. */
  readonly failures: readonly unknown[];
  readonly cuts: string[];
  readonly tailCache: TailCache;
}

async function open(brokerId = 1): Promise<Rig> {
  const settings = readLogSettings(new Properties('', 'test'));
  const tailCache = new TailCache({ bytesMax: settings.tailCacheBytes, countMax: 1000 });
  const folders = openFolders(join(folder(), 'log'), { settings, tailCache, brokerId });
  opened.push(folders);
  const inputs: BrokerInput[] = [];
  const cuts: string[] = [];
  const failures: unknown[] = [];
  const submit = (input: BrokerInput): void => {
    inputs.push(input);
  };
  const logs = new Logs({
    folders,
    settings,
    tailCache,
    submit,
    lend: (chunk) => chunk,
    decompress: (_, records) => records,
    onFlushDue: (due) => {
      upkeep.onFlushDue(due);
    },
    onRetired: () => undefined,
    onReadFailed: (_, error) => {
      throw error;
    },
  });
  const stored = await logs.open((id, { cut }) => {
    cuts.push(`${id.topic}-${id.partition} ${cut?.offset}`);
  });
  const upkeep = new LogUpkeep({
    folders,
    logs,
    settings,
    producerExpirationMs: 1000,
    submit,
    wallMs: () => 10_000_000,
    onFailed: (error) => failures.push(error),
    onRemoved: () => undefined,
  });
  return { failures, logs, folders, inputs, stored, upkeep, cuts, tailCache };
}

async function openWithLog(): Promise<Rig> {
  const rig = await open();
  rig.logs.claim(clusterId);
  rig.logs.perform({ kind: 'createLog', token: 1, ...key, config: {} });
  rig.inputs.length = 0;
  return rig;
}

function batchOf(count: number, timestampMs = 1000): Uint8Array {
  const value = new Uint8Array(20).fill(7);
  return encodeBatch({
    records: Array.from({ length: count }, (_, index) => ({
      key: null,
      value,
      timestampMs: timestampMs + index,
    })),
  });
}

function append(rig: Rig, firstOffset: number, count: number, leaderEpoch = 0): void {
  const chunks = [batchOf(count, 1000 + firstOffset)];
  const token = 100 + firstOffset;
  rig.logs.perform({ kind: 'appendLog', token, ...key, chunks, firstOffset, leaderEpoch });
}

/** Five appends of four records, each a segment of its own. */
function fillSegments(rig: Rig, config: Readonly<Record<string, string>> = {}): void {
  const small = { 'segment.bytes': '200', ...config };
  rig.logs.perform({ kind: 'configureLog', ...key, config: small });
  for (let offset = 0; offset < 20; offset += 4) {
    append(rig, offset, 4);
    rig.logs.flush();
  }
}

const readAll = (offset: number, upToOffset = 1000) =>
  ({
    kind: 'readLog',
    token: 5,
    maxBytes: 1 << 20,
    reads: [{ ...key, offset, maxBytes: 1 << 20, upToOffset }],
  }) as const;

describe('Logs', () => {
  it('confirms all appends of a turn with the last of them, then reads', async () => {
    const rig = await openWithLog();
    append(rig, 0, 3);
    rig.logs.perform(readAll(0));
    append(rig, 3, 2);
    expect(rig.inputs).toEqual([]);
    rig.logs.flush();
    expect(rig.inputs).toHaveLength(2);
    expect(rig.inputs[0]).toEqual({ kind: 'appended', token: 103 });
    expect(rig.inputs[1]).toMatchObject({ kind: 'logRead', token: 5, slices: [{ errorCode: 0 }] });
    const file = join(folder(), 'log', 'logs-0', '00000000000000000000.log');
    const { slices } = rig.inputs[1] as Extract<BrokerInput, { kind: 'logRead' }>;
    expect(slices[0]?.bytes).toBe(batchOf(3).length + batchOf(2).length);
    expect(existsSync(file)).toBe(true);
  });

  it('appends what was asked for before a truncation before it', async () => {
    const rig = await openWithLog();
    append(rig, 0, 1);
    append(rig, 1, 1);
    rig.logs.perform({ kind: 'truncateLog', token: 9, ...key, offset: 1 });
    expect(rig.inputs.map(({ kind }) => kind)).toEqual(['appended', 'logChanged']);
    expect(rig.inputs[1]).toMatchObject({ token: 9, log: { logEndOffset: 1 } });
  });

  it('keeps in memory what a leader appended, and nothing of a follower', async () => {
    const rig = await openWithLog();
    const fetched = batchOf(2);
    append(rig, 0, 2);
    rig.logs.flush();
    const held = rig.tailCache.bytesHeld;
    expect(held).toBeGreaterThan(0);
    new DataView(fetched.buffer).setInt32(4, 2);
    new DataView(fetched.buffer).setInt32(12, 0);
    const chunks = [fetched];
    const append2 = { kind: 'appendLog', token: 7, ...key, chunks, firstOffset: 2 } as const;
    rig.logs.perform({ ...append2, leaderEpoch: -1 });
    rig.logs.flush();
    expect(rig.tailCache.bytesHeld).toBe(held);
    rig.inputs.length = 0;
    rig.logs.perform(readAll(0));
    rig.logs.flush();
    expect(rig.inputs[0]).toMatchObject({ slices: [{ bytes: 2 * fetched.length }] });
  });

  it("answers a read beyond the log's end with Kafka's code", async () => {
    const rig = await openWithLog();
    rig.logs.perform(readAll(5));
    rig.logs.perform({ ...readAll(0), reads: [{ ...readAll(0).reads[0], topic: 'gone' }] });
    rig.logs.flush();
    expect(rig.inputs).toMatchObject([
      { slices: [{ errorCode: 1, bytes: 0 }] },
      { slices: [{ errorCode: 3, bytes: 0 }] },
    ]);
  });

  it('finds records by time', async () => {
    const rig = await openWithLog();
    append(rig, 0, 3);
    append(rig, 3, 3);
    const searches = [1001, 1004, -3, 5000].map((timestamp) => ({ ...key, timestamp }));
    rig.logs.perform({ kind: 'findTimestamps', token: 8, searches });
    expect(rig.inputs[1]).toMatchObject({
      token: 8,
      found: [
        { offset: 1, timestamp: 1001 },
        { offset: 4, timestamp: 1004 },
        { offset: 5, timestamp: 1005 },
        { offset: -1, timestamp: -1 },
      ],
    });
  });

  it('makes no folder before the cluster is known', async () => {
    const rig = await open();
    rig.logs.perform({ kind: 'createLog', token: 1, ...key, config: {} });
    rig.logs.flush();
    expect(rig.inputs).toEqual([]);
    rig.logs.claim(clusterId);
    expect(rig.inputs).toMatchObject([{ kind: 'logChanged', token: 1, log: { logEndOffset: 0 } }]);
  });

  it('opens after a clean end what was there, with its high watermark', async () => {
    const rig = await openWithLog();
    append(rig, 0, 4);
    rig.logs.perform({ kind: 'checkpointHighWatermarks', moved: [{ ...key, highWatermark: 3 }] });
    rig.folders.close();
    const again = await open();
    expect(again.stored).toMatchObject([{ ...key, highWatermark: 3, log: { logEndOffset: 4 } }]);
    expect(again.cuts).toEqual([]);
  });

  it('cuts a torn end off, and says so', async () => {
    const rig = await openWithLog();
    append(rig, 0, 4);
    rig.logs.flush();
    rig.folders.release();
    const file = join(folder(), 'log', 'logs-0', '00000000000000000000.log');
    appendFileSync(file, batchOf(3).subarray(0, 50));
    const again = await open();
    expect(again.stored).toMatchObject([{ log: { logEndOffset: 4 } }]);
    expect(again.cuts).toEqual(['logs-0 4']);
  });

  it("sets another topic's log of the same name aside", async () => {
    const rig = await openWithLog();
    append(rig, 0, 4);
    const renewed = { ...key, topicId: otherId };
    rig.logs.perform({ kind: 'createLog', token: 2, ...renewed, config: {} });
    expect(rig.inputs[1]).toMatchObject({ kind: 'logChanged', log: { logEndOffset: 0 } });
    const names = readdirSync(join(folder(), 'log'));
    expect(names.filter((name) => name.endsWith('-stray'))).toHaveLength(1);
    // A deletion of the topic that had the name before leaves the new one alone.
    rig.logs.perform({ kind: 'deleteLog', ...key });
    expect(readdirSync(join(folder(), 'log'))).toContain('logs-0');
  });

  it('removes old segments, and tells where the log starts', async () => {
    const rig = await openWithLog();
    fillSegments(rig, { 'retention.ms': '1' });
    rig.upkeep.applyRetention();
    expect(rig.inputs.some(({ kind }) => kind === 'logStartMoved')).toBe(false);
    rig.logs.perform({ kind: 'checkpointHighWatermarks', moved: [{ ...key, highWatermark: 12 }] });
    rig.upkeep.applyRetention();
    expect(rig.inputs.at(-1)).toEqual({ kind: 'logStartMoved', ...key, logStartOffset: 12 });
    await rig.upkeep.stop();
  });

  it('lets a topic go whose complete segment is being synced while more is appended', async () => {
    const rig = await openWithLog();
    fillSegments(rig);
    rig.logs.perform({ kind: 'deleteLog', ...key });
    await rig.upkeep.idle();
    expect(rig.failures).toEqual([]);
  });

  it('gives up when a log failed whose segment is to be synced', async () => {
    const rig = await openWithLog();
    fillSegments(rig);
    const { log } = defined([...rig.logs.all][0], 'A log is open');
    rmSync(log.directory, { recursive: true });
    expect(() => log.truncateTo(8)).toThrow('ENOENT');
    await rig.upkeep.idle();
    expect(rig.failures.map(String)).toEqual([expect.stringContaining('an earlier write failed')]);
  });
});

describe('LogFolders', () => {
  it('refuses a folder that a process holds, naming it', async () => {
    await openWithLog();
    await expect(open()).rejects.toThrow(`process ${process.pid} holds it`);
  });

  it("refuses another broker's folder", async () => {
    const rig = await openWithLog();
    rig.folders.close();
    await expect(open(2)).rejects.toThrow('it belongs to broker 1 of cluster');
  });

  it("refuses another cluster's folder before anything is changed", async () => {
    const rig = await openWithLog();
    rig.folders.close();
    const again = await open();
    again.logs.perform({ kind: 'markStray', ...key });
    expect(() => {
      again.logs.claim('another-cluster');
    }).toThrow(`it belongs to cluster ${clusterId}, the ensemble's is another-cluster`);
    expect(readdirSync(join(folder(), 'log'))).toContain('logs-0');
  });

  it('refuses a path that is no folder', async () => {
    writeFileSync(join(folder(), 'log'), '');
    await expect(open()).rejects.toThrow(/^Cannot use .*log \(log\.dirs\)/);
  });

  it("refuses a folder with another program's files", async () => {
    mkdirSync(join(folder(), 'log', 'mysql'), { recursive: true });
    writeFileSync(join(folder(), 'log', 'mysql', 'ibdata1'), 'x');
    const rig = await open();
    expect(() => {
      rig.logs.claim(clusterId);
    }).toThrow('mysql');
  });
});
