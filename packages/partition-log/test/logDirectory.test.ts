import { Prng, utf8Encode } from '@zookafka/base';
import { checkpointFiles, LogDirectory, type LogDirectoryOptions } from '@zookafka/partition-log';
import { appendBatch, resourcesOf, smallConfig, refusal } from './logFixture.ts';
import { MemoryDisk } from './memoryDisk.ts';

const home = '/data/kafka';
const id = { topic: 'words', partition: 0 };
const other = { topic: 'words', partition: 1 };
const topicId = 'abcdefghijklmnopqrstuv';
const unique = '0123456789abcdef0123456789abcdef';

function open(disk: MemoryDisk, more: Partial<LogDirectoryOptions> = {}): LogDirectory {
  return new LogDirectory({
    resources: resourcesOf(disk),
    directory: home,
    identity: { brokerId: 1, clusterId: 'c' },
    configOf: () => smallConfig,
    ...more,
  });
}

test('a directory in use refuses another broker, another cluster, and folders that are no partitions', () => {
  const disk = new MemoryDisk();
  open(disk);
  for (const identity of [
    { brokerId: 2, clusterId: 'c' },
    { brokerId: 1, clusterId: 'd' },
  ]) {
    expect(() => open(disk, { identity })).toThrow(/meta.properties: it belongs to broker 1/);
  }
  disk.makeDirectory(`${home}/photos`);
  disk.open(`${home}/photos/cat`);
  expect(() => open(disk)).toThrow(/photos is not the folder of a partition/);
});

test('a clean stop leaves its marker, which the next start takes away', () => {
  const disk = new MemoryDisk();
  const directory = open(disk);
  appendBatch(directory.create(id, topicId).log);
  directory.checkpointHighWatermarks([[id, 1]]);
  directory.close();
  expect(disk.exists(`${home}/.kafka_cleanshutdown`)).toBe(true);
  const again = open(disk);
  expect(again.isClean).toBe(true);
  expect([...again.loadAll()]).toMatchObject([{ id, topicId, highWatermark: 1 }]);
  expect(open(disk).isClean).toBe(false);
});

test('a partition that is not loaded keeps its checkpoints', () => {
  const disk = new MemoryDisk();
  const directory = open(disk);
  for (const partition of [id, other]) appendBatch(directory.create(partition, topicId).log);
  directory.checkpointHighWatermarks([
    [id, 1],
    [other, 1],
  ]);
  const again = open(disk);
  const [first] = again.loadAll();
  again.checkpointHighWatermarks([[first?.id ?? id, 0]]);
  again.checkpointLogs();
  expect([...open(disk).loadAll()].map(({ highWatermark }) => highWatermark)).toEqual([0, 1]);
});

test('a log start inside a segment is remembered, and the high watermark stays inside the log', () => {
  const disk = new MemoryDisk();
  const directory = open(disk);
  const { log } = directory.create(id, topicId);
  for (let count = 0; count < 5; count++) appendBatch(log);
  log.advanceLogStart(3);
  directory.checkpointHighWatermarks([[id, 99]]);
  directory.checkpointLogs();
  const [loaded] = open(disk).loadAll();
  expect(loaded?.log.logStartOffset).toBe(3);
  expect(loaded?.highWatermark).toBe(5);
});

test('a retired partition is forgotten at once, so that its successor is not trusted too far', () => {
  const disk = new MemoryDisk();
  const directory = open(disk);
  const { log } = directory.create(id, topicId);
  for (let count = 0; count < 5; count++) appendBatch(log);
  log.flush();
  directory.checkpointLogs();
  directory.retire([{ id, unique, suffix: 'delete' }]);
  expect(() => appendBatch(log)).toThrow(refusal('LOG_FAILED'));
  expect(directory.partitions).toEqual([]);
  const successor = directory.create(id, topicId).log;
  for (let count = 0; count < 5; count++) appendBatch(successor);
  const [again] = open(disk).loadAll();
  expect(again?.log.recoveryPoint).toBe(0);
  expect(directory.removeDeleted()).toBe(1);
  expect(disk.list(home).filter((name) => name.includes('delete'))).toEqual([]);
});

test('a checkpoint that was written survives every power cut', () => {
  for (let seed = 0; seed < 20; seed++) {
    const disk = new MemoryDisk();
    disk.makeDirectory('/data');
    disk.syncDirectory('/');
    const directory = open(disk);
    const { log } = directory.create(id, topicId);
    appendBatch(log);
    log.flush();
    directory.checkpointHighWatermarks([[id, 1]]);
    disk.powerCut(new Prng(seed));
    expect([...open(disk).loadAll()]).toMatchObject([{ id, topicId, highWatermark: 1 }]);
  }
});

test('a stray partition is kept under another name', () => {
  const disk = new MemoryDisk();
  const directory = open(disk);
  directory.create(id, topicId);
  directory.retire([{ id, unique, suffix: 'stray' }]);
  expect(directory.removeDeleted()).toBe(0);
  expect(open(disk).partitions).toEqual([]);
  expect(disk.exists(`${home}/words-0.${unique}-stray/partition.metadata`)).toBe(true);
});

test.each(Object.values(checkpointFiles))('a broken %s is named and rebuilt', (name) => {
  const disk = new MemoryDisk();
  const directory = open(disk);
  appendBatch(directory.create(id, topicId).log);
  directory.close();
  disk.overwrite(`${home}/${name}`, utf8Encode('0\n3\nrubbish\n'));
  const again = open(disk);
  expect(again.warnings.join()).toContain(name);
  expect([...again.loadAll()][0]?.log.logEndOffset).toBe(1);
  again.close();
  expect(open(disk).warnings).toEqual([]);
});

test('a newer checkpoint file is refused', () => {
  const disk = new MemoryDisk();
  open(disk);
  disk.overwrite(`${home}/replication-offset-checkpoint`, utf8Encode('1\n0\n'));
  expect(() => open(disk)).toThrow(/replication-offset-checkpoint: its version is 1/);
});

test('a broken epoch file is rebuilt from the log', () => {
  const disk = new MemoryDisk();
  const directory = open(disk);
  const { log } = directory.create(id, topicId);
  for (const epoch of [0, 0, 3, 7]) appendBatch(log, {}, epoch);
  const wanted = log.describe().epochs;
  directory.close();
  for (const bytes of [utf8Encode('0\n9\n'), new Uint8Array(50)]) {
    disk.overwrite(`${home}/words-0/leader-epoch-checkpoint`, bytes);
    const again = open(disk);
    expect([...again.loadAll()][0]?.log.describe().epochs).toEqual(wanted);
    again.close();
  }
});

test('few files stay open, however many partitions there are', () => {
  const disk = new MemoryDisk();
  const resources = resourcesOf(disk, 0);
  const directory = open(disk, { resources });
  const logs = Array.from({ length: 20 }, (_, partition) => {
    return directory.create({ topic: 'many', partition }, topicId).log;
  });
  for (let count = 0; count < 5; count++) for (const log of logs) appendBatch(log);
  expect(resources.pool.count).toBeLessThanOrEqual(3);
  for (const log of logs) expect(log.logEndOffset).toBe(5);
});
