import { type CompressionKind } from '@zookafka/base';
import { encodeBatch, errorName, portableCodecs, type RequestOf } from '@zookafka/kafka-wire';
import { loadCodecs } from '@zookafka/runtime';
import { type BatchVerdict } from '../../src/core/index.ts';
import { ProduceJudge } from '../../src/node/verdicts.ts';

const kinds = ['gzip', 'snappy', 'lz4', 'zstd'] as const;
const records = Array.from({ length: 50 }, (_, index) => ({
  key: Buffer.from(`key-${index}`),
  value: Buffer.from('the same text again and again '.repeat(3)),
  timestampMs: 1_700_000_000_000,
}));

async function judge(
  bytes: Uint8Array,
  { topic = 'logs', apiVersion = 9 } = {},
): Promise<BatchVerdict> {
  const judge = new ProduceJudge({
    codecs: await loadCodecs(portableCodecs),
    messageBytesMaxOf: () => 1 << 20,
    isCompacted: (name) => name === 'compacted',
  });
  const body: RequestOf<'produce'> = {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records: bytes }] }],
  };
  return judge.judge(body, apiVersion)[0] as BatchVerdict;
}

function codeOf(verdict: BatchVerdict): string | undefined {
  return verdict.kind === 'refused' ? errorName(verdict.errorCode) : undefined;
}

async function compressed(
  compression: CompressionKind,
  change: (plain: Uint8Array) => Uint8Array,
  after: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
): Promise<Uint8Array> {
  const codecs = await loadCodecs();
  const compress = (plain: Uint8Array): Uint8Array =>
    after(codecs.compress(compression, change(plain)));
  return encodeBatch({ records, compression, compress });
}

describe.each(kinds)('a batch compressed with %s', (kind) => {
  it('is taken as it is when what it holds is right', async () => {
    const bytes = await compressed(kind, (plain) => plain);
    expect(await judge(bytes)).toMatchObject({ kind: 'valid', bytes: bytes.length });
  });

  it('is refused when it holds fewer records than it says', async () => {
    const first = encodeBatch({ records: records.slice(0, 1) }).length - 61;
    const bytes = await compressed(kind, (plain) => plain.slice(0, first));
    expect(codeOf(await judge(bytes))).toBe('INVALID_RECORD');
  });

  it('is refused when its records are torn', async () => {
    const bytes = await compressed(kind, (plain) => plain.slice(0, -3));
    expect(codeOf(await judge(bytes))).toBe('CORRUPT_MESSAGE');
  });

  it('is refused when its content is not compressed so', async () => {
    const bytes = await compressed(
      kind,
      (plain) => plain,
      (content) => content.map((byte) => byte ^ 0x5a),
    );
    expect(codeOf(await judge(bytes))).toBe('CORRUPT_MESSAGE');
  });

  it('is refused when its offsets are not 0, 1, 2', async () => {
    const offsetAt = 1 + 1 + 1 + 1;
    const bytes = await compressed(kind, (plain) => {
      // The length takes two bytes, the attributes and the time one each.
      const copy = plain.slice();
      copy[offsetAt] = 8;
      return copy;
    });
    expect(codeOf(await judge(bytes))).toBe('INVALID_RECORD');
  });

  it('is refused for a compacted topic when a record has no key', async () => {
    const codecs = await loadCodecs();
    const compress = (plain: Uint8Array): Uint8Array => codecs.compress(kind, plain);
    const [first] = records;
    const keyless = [{ ...(first as (typeof records)[number]), key: null }];
    const bytes = encodeBatch({ records: keyless, compression: kind, compress });
    expect((await judge(bytes)).kind).toBe('valid');
    expect(codeOf(await judge(bytes, { topic: 'compacted' }))).toBe('INVALID_RECORD');
  });
});

describe('a batch that is not compressed', () => {
  it('is refused when its records are not what its header says', async () => {
    const short = encodeBatch({ records });
    expect((await judge(short)).kind).toBe('valid');
    const lying = encodeBatch({
      records,
      compression: 'gzip',
      compress: (plain) => plain.slice(),
    });
    expect(codeOf(await judge(lying))).toBe('CORRUPT_MESSAGE');
  });
});

it('zstd is refused from producers of versions that do not know it', async () => {
  const bytes = await compressed('zstd', (plain) => plain);
  expect(codeOf(await judge(bytes, { apiVersion: 6 }))).toBe('UNSUPPORTED_COMPRESSION_TYPE');
});
