import { bytesToHex, crc32c, utf8Decode, utf8Encode } from '@zookafka/base';
import {
  decodeEpochs,
  decodeIdentity,
  decodeOffsets,
  decodeProducers,
  decodeTopicId,
  encodeEpochs,
  encodeIdentity,
  encodeOffsets,
  encodeProducers,
  encodeTopicId,
  logConfigDefault,
  offsetFileName,
  parseFolder,
  retiredName,
} from '@zookafka/partition-log';
import { appendBatch, directory, newDisk, openLog, refusal } from './logFixture.ts';

const path = '/data/file';
const producers = [
  {
    producerId: 4000,
    producerEpoch: 2,
    lastSequence: 9,
    lastOffset: 41,
    offsetDelta: 4,
    timestamp: 1_700_000_000_000,
    coordinatorEpoch: -1,
    transactionFirstOffset: -1,
  },
];
const epochs = [
  { epoch: 0, startOffset: 0 },
  { epoch: 5, startOffset: 1234 },
];
const offsets = new Map([
  ['user-logs-0', 17],
  ['words-12', 9_000_000_000],
]);
const identity = { brokerId: 3, clusterId: 'Zm9vYmFyYmF6cXV4MTIzNA' };
const topicId = 'dGhpcyBpcyBhIHRvcGljIA';

/** The text as Kafka's reader sees it, which drops white space at the end of a line. */
function asRead(bytes: Uint8Array): string {
  return utf8Decode(bytes).replaceAll(/[ \t]+$/gm, '');
}

describe('the bytes of', () => {
  test('an offset checkpoint', () => {
    const bytes = encodeOffsets(offsets);
    expect(asRead(bytes)).toBe('0\n2\nuser-logs 0 17\nwords 12 9000000000\n');
    expect(utf8Decode(bytes)).toMatch(/^0\n2\nuser-logs 0 17\nwords 12 9000000000[ \t]{32}\n$/);
    expect(utf8Decode(encodeOffsets(new Map()))).toBe('0\n0\n');
  });

  test('a leader epoch checkpoint', () => {
    expect(asRead(encodeEpochs(epochs))).toBe('0\n2\n0 0\n5 1234\n');
  });

  test('a producer snapshot', () => {
    const body =
      '00000001' + '0000000000000fa0' + '0002' + '00000009' + '0000000000000029' + '00000004';
    const rest = '0000018bcfe56800' + 'ffffffff' + 'ffffffffffffffff';
    const checksummed = Uint8Array.from(
      (body + rest).match(/../g)?.map((hex) => Number.parseInt(hex, 16)) ?? [],
    );
    const crc = crc32c(checksummed).toString(16).padStart(8, '0');
    expect(bytesToHex(encodeProducers(producers))).toBe(`0001${crc}${body}${rest}`);
  });

  test('partition.metadata and meta.properties', () => {
    expect(asRead(encodeTopicId(topicId))).toBe(`version: 0\ntopic_id: ${topicId}`);
    expect(utf8Decode(encodeIdentity(identity))).toMatch(
      /^#crc32c=[0-9a-f]{8}\nversion=0\nbroker.id=3\ncluster.id=Zm9vYmFyYmF6cXV4MTIzNA\n$/,
    );
  });

  test('both indexes: the last offset of the batch at a position, the largest timestamp so far', () => {
    const disk = newDisk();
    const log = openLog(disk, { config: { ...logConfigDefault, indexIntervalBytes: 150 } });
    log.truncateFullyAndStartAt(100);
    for (const timestamp of [50, 90, 70, 60, 60]) appendBatch(log, { timestamp, records: 2 });
    log.close();
    const size = (log.bytes / 5).toString(16).padStart(8, '0');
    const third = ((2 * log.bytes) / 5).toString(16).padStart(8, '0');
    const fifth = ((4 * log.bytes) / 5).toString(16).padStart(8, '0');
    expect(size).toBe('0000005f');
    const base = `${directory}/00000000000000000100`;
    expect(bytesToHex(disk.bytesOf(`${base}.index`))).toBe(`00000005${third}00000009${fifth}`);
    expect(bytesToHex(disk.bytesOf(`${base}.timeindex`))).toBe('000000000000005b' + '00000003');
  });
});

describe('files of Kafka, without our checksums, are read:', () => {
  test('checkpoints', () => {
    expect(decodeOffsets(utf8Encode('0\n1\na-b 4 77\n'), path)).toEqual(new Map([['a-b-4', 77]]));
    expect(decodeEpochs(utf8Encode('0\n1\n3 8\n'), path)).toEqual([{ epoch: 3, startOffset: 8 }]);
  });

  test('partition.metadata and meta.properties', () => {
    expect(decodeTopicId(utf8Encode(`version: 0\ntopic_id: ${topicId}`), path)).toBe(topicId);
    const text = '#\n#Mon Jan 01 00:00:00 UTC 2024\ncluster.id=abc\nversion=0\nbroker.id=1\n';
    expect(decodeIdentity(utf8Encode(text), path)).toEqual({ brokerId: 1, clusterId: 'abc' });
  });
});

describe('a newer version is refused by name:', () => {
  test.each([
    ['checkpoint', () => decodeOffsets(utf8Encode('1\n0\n'), path)],
    ['epochs', () => decodeEpochs(utf8Encode('7\n0\n'), path)],
    ['topic id', () => decodeTopicId(utf8Encode(`version: 1\ntopic_id: ${topicId}`), path)],
    ['identity', () => decodeIdentity(utf8Encode('version=1\nnode.id=1\ncluster.id=a\n'), path)],
    ['snapshot', () => decodeProducers(Uint8Array.of(0, 2, 0, 0, 0, 0, 0, 0, 0, 0), path)],
  ])('%s', (_, decode) => {
    expect(decode).toThrow(refusal('FILE_NEWER'));
    expect(decode).toThrow(path);
  });
});

describe('every flipped bit and every shortened file is found, or harmless:', () => {
  test.each([
    ['offset checkpoint', encodeOffsets(offsets), (b: Uint8Array) => decodeOffsets(b, path)],
    ['empty checkpoint', encodeOffsets(new Map()), (b: Uint8Array) => decodeOffsets(b, path)],
    ['epoch checkpoint', encodeEpochs(epochs), (b: Uint8Array) => decodeEpochs(b, path)],
    ['snapshot', encodeProducers(producers), (b: Uint8Array) => decodeProducers(b, path)],
    ['topic id', encodeTopicId(topicId), (b: Uint8Array) => decodeTopicId(b, path)],
    ['identity', encodeIdentity(identity), (b: Uint8Array) => decodeIdentity(b, path)],
  ] as const)('%s', (_, good, decode) => {
    const wanted = decode(good);
    const serve = (bytes: Uint8Array): unknown => {
      try {
        return decode(bytes);
      } catch (error) {
        expect(error).toMatchObject({ name: 'LogError' });
        return wanted;
      }
    };
    for (let at = 0; at < good.length; at++) {
      expect(serve(good.slice(0, at))).toEqual(wanted);
      for (let bit = 0; bit < 8; bit++) {
        const bad = good.slice();
        bad[at] = (bad[at] as number) ^ (1 << bit);
        expect(serve(bad)).toEqual(wanted);
      }
    }
  });
});

test('names of files and folders are those of Kafka', () => {
  expect(offsetFileName(42, 'log')).toBe('00000000000000000042.log');
  const id = { topic: 'user-logs', partition: 0 };
  const unique = '0123456789abcdef0123456789abcdef';
  const deleted = retiredName(id, { unique, suffix: 'delete' });
  expect(deleted).toBe(`user-logs-0.${unique}-delete`);
  expect(retiredName({ ...id, topic: 'x'.repeat(249) }, { unique, suffix: 'stray' })).toHaveLength(
    255,
  );
  expect(parseFolder('user-logs-0')).toEqual({ kind: 'partition', ...id });
  expect(parseFolder(deleted)).toEqual({ kind: 'deleted' });
  expect(parseFolder(`a-0.${unique}-stray`)).toEqual({ kind: 'stray' });
  for (const name of ['version-2', 'lost+found', '-1', 'a-01', 'a-b', 'a']) {
    expect(parseFolder(name).kind).toBe(name === 'version-2' ? 'partition' : 'foreign');
  }
});
