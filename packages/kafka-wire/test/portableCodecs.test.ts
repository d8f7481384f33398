import { constants, gzipSync } from 'node:zlib';

import { bytesConcat, bytesToHex, CodecError, type CompressionKind, Prng } from '@zookafka/base';

import { decodeRecords, judgeProduce, portableCodecs, readBatchHead } from '../src/index.ts';
import { forms, plainText } from './compressedForms.ts';
import { fromHex } from './drawing.ts';

const plain = plainText();
const fromBase64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
const gzip = (options: Parameters<typeof gzipSync>[1]): string =>
  gzipSync(plain, options).toString('base64');

const all: readonly (readonly [string, CompressionKind, string])[] = [
  ...forms,
  ['gzip', 'gzip', gzip({})],
  ['gzip, stored', 'gzip', gzip({ level: 0 })],
  ['gzip, fixed codes', 'gzip', gzip({ strategy: constants.Z_FIXED })],
  ['gzip, no matches', 'gzip', gzip({ strategy: constants.Z_HUFFMAN_ONLY })],
];

/** Two records as Kafka 3.9.2's own client compresses them: `k` and a long value, then no key and `b`. */
const kafkas: readonly (readonly [CompressionKind, string])[] = [
  [
    'gzip',
    '000000000000000000000060ffffffff02ede9a7e100010000000100000000000003e800000000000003e8' +
      '0000000000000005000100000007000000021f8b08000000000000ff9bc4c8c0c0c0945d974822484a4e41' +
      'c64c4c198c7c0cc24c8c4c490c002306db8653000000',
  ],
  [
    'snappy',
    '000000000000000000000067ffffffff02ed2556cd00020000000100000000000003e800000000000003e8' +
      '00000000000000050001000000070000000282534e41505059000000000100000001000000225320920100' +
      '0000026b7e61ba0100086263642e04002c020268010e00130201026200',
  ],
  [
    'lz4',
    '000000000000000000000060ffffffff02098dc97700030000000100000000000003e800000000000003e8' +
      '00000000000000050001000000070000000204224d18604082200000009f9201000000026b7e6101001c38' +
      '6263640400c0020268010e0013020102620000000000',
  ],
  [
    'zstd',
    '00000000000000000000005dffffffff028d5d14d900040000000100000000000003e800000000000003e8' +
      '00000000000000050001000000070000000228b52ffd0058040100c09201000000026b7e61626364020268' +
      '010e0013020102620002003b6e108123010000',
  ],
];

function refusal(kind: CompressionKind, bytes: Uint8Array, sizeMax: number): string {
  try {
    portableCodecs.decompress(kind, bytes, sizeMax);
    return 'none';
  } catch (error) {
    if (error instanceof CodecError) return error.code;
    throw error;
  }
}

describe('portable codecs', () => {
  it.each(all)('open %s', (_, kind, text) => {
    const opened = portableCodecs.decompress(kind, fromBase64(text), plain.length);
    expect(bytesToHex(opened)).toBe(bytesToHex(plain));
  });

  it.each(all)('make no byte too many of %s', (_, kind, text) => {
    expect(refusal(kind, fromBase64(text), plain.length - 1)).toBe('TOO_LARGE');
    expect(refusal(kind, fromBase64(text), 0)).toBe('TOO_LARGE');
  });

  it.each(all)('refuse %s that is cut or changed with their own error only', (_, kind, text) => {
    const bytes = fromBase64(text);
    const prng = new Prng(9);
    for (let round = 0; round < 60; round++) {
      expect(refusal(kind, bytes.subarray(0, prng.below(bytes.length)), plain.length)).toBe(
        'CORRUPT',
      );
      const changed = bytes.slice();
      for (let count = prng.below(4); count >= 0; count--) {
        changed[prng.below(changed.length)] = prng.below(256);
      }
      expect(['none', 'CORRUPT', 'TOO_LARGE']).toContain(refusal(kind, changed, plain.length * 2));
    }
  });

  it.each(kafkas)("open what Kafka's own client compressed with %s", (kind, text) => {
    const batch = fromHex(text);
    const content = { codecs: portableCodecs, decompressedBytesMax: 1000, isCompacted: false };
    const check = { apiVersion: 9, messageBytesMax: 1000, content };
    const judgement = judgeProduce(batch, check);
    expect(judgement).toMatchObject({ kind: 'valid', compression: kind, head: { count: 2 } });
    const head = readBatchHead(batch);
    const decompress = (_: unknown, bytes: Uint8Array): Uint8Array =>
      portableCodecs.decompress(kind, bytes, 1000);
    const records = head === undefined ? [] : decodeRecords(batch, head, decompress);
    expect(records.map(({ key, value }) => [key?.length, value?.length])).toEqual([
      [1, 63],
      [undefined, 1],
    ]);
  });

  it('open streams that were written one after the other', () => {
    const twice = bytesToHex(bytesConcat([plain, plain]));
    for (const [, kind, text] of all.filter(([, of]) => of !== 'lz4')) {
      const bytes = bytesConcat([fromBase64(text), fromBase64(text)]);
      expect(bytesToHex(portableCodecs.decompress(kind, bytes, plain.length * 2))).toBe(twice);
    }
  });

  it('open a bare block of snappy', () => {
    // Five bytes: three as they are, then two from three bytes ago.
    const block = fromHex('05 08 616263 06 0300');
    expect(bytesToHex(portableCodecs.decompress('snappy', block, 5))).toBe('6162636162');
  });

  it.each<[string, CompressionKind, Uint8Array]>([
    ['zeros in gzip', 'gzip', Uint8Array.from(gzipSync(new Uint8Array(20 << 20)))],
    [
      'blocks of one byte repeated in zstd',
      'zstd',
      bytesConcat([
        fromHex('28b52ffd 00 58'),
        ...Array.from({ length: 200 }, () => fromHex('020010 61')),
      ]),
    ],
    [
      'a match of ever more bytes in lz4',
      'lz4',
      bytesConcat([
        fromHex('04224d18 60 40 82 0c270000 1f 61 0100'),
        new Uint8Array(9991).fill(255),
        fromHex('00'),
      ]),
    ],
    [
      'copies of 64 bytes in snappy',
      'snappy',
      bytesConcat([
        fromHex('ffffff7f 00 61'),
        ...Array.from({ length: 9000 }, () => fromHex('fe 0100')),
      ]),
    ],
  ])('stop at the bound: %s', (_, kind, bomb) => {
    expect(refusal(kind, bomb, 100_000)).toBe('TOO_LARGE');
  });

  it('say that they do not compress', () => {
    expect(() => portableCodecs.compress('lz4', plain)).toThrow('Cannot compress with lz4');
  });
});
