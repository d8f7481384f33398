import { gzipSync } from 'node:zlib';
import { CodecError, type CompressionKind, crc32c, Prng } from '@zookafka/base';
import { compressSync } from 'snappy';
import { loadCodecs, type NativeCodecs } from '../src/index.ts';

const kinds: readonly CompressionKind[] = ['gzip', 'snappy', 'lz4', 'zstd'];
const sizeMax = 1 << 20;
const repeated = new Uint8Array(200_000).map((_, index) => index % 251);

let codecs: NativeCodecs;
beforeAll(async () => {
  codecs = await loadCodecs();
});

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof CodecError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

describe('native codecs', () => {
  it('are all there', () => {
    expect(codecs.native).toEqual([...kinds, 'crc32c']);
  });

  it.each(kinds)('give back what was compressed with %s', (kind) => {
    for (const content of [
      new Uint8Array(0),
      Uint8Array.of(1),
      repeated,
      new Prng(1).fill(new Uint8Array(70_000)),
    ]) {
      const bytes = codecs.compress(kind, content);
      expect(Buffer.compare(codecs.decompress(kind, bytes, sizeMax), content)).toBe(0);
      expect(
        Buffer.compare(codecs.decompress(kind, new Uint8Array(bytes), content.length), content),
      ).toBe(0);
    }
  });

  it.each(kinds)(
    'that are loaded again leave those with %s alone that were there',
    async (kind) => {
      const content = repeated.subarray(0, 300);
      for (const others of [await loadCodecs(), await loadCodecs(), codecs]) {
        const bytes = others.compress(kind, content);
        expect(Buffer.compare(codecs.decompress(kind, bytes, sizeMax), content)).toBe(0);
      }
    },
  );

  it.each(kinds)('refuse %s that grows too large', (kind) => {
    const bytes = codecs.compress(kind, repeated);
    expect(codeOf(() => codecs.decompress(kind, bytes, repeated.length - 1))).toBe('TOO_LARGE');
  });

  it.each(kinds)('refuse broken %s and stay in use', (kind) => {
    const bytes = codecs.compress(kind, repeated);
    for (let length = 0; length < Math.min(bytes.length, 60); length++) {
      if (kind === 'snappy' && length === 16) continue;
      if (kind === 'zstd' && length === 0) continue;
      expect(codeOf(() => codecs.decompress(kind, bytes.subarray(0, length), sizeMax))).toBe(
        'CORRUPT',
      );
    }
    const prng = new Prng(3);
    for (let round = 0; round < 300; round++) {
      const mutated = new Uint8Array(bytes);
      mutated[prng.below(Math.min(mutated.length, 200))] = prng.below(256);
      expect(['CORRUPT', 'TOO_LARGE', 'nothing thrown']).toContain(
        codeOf(() => codecs.decompress(kind, mutated, sizeMax)),
      );
    }
    expect(codecs.decompress(kind, bytes, sizeMax)).toHaveLength(repeated.length);
  });

  it('read a bare snappy block, and Xerial streams one after the other', () => {
    const bare = compressSync(Buffer.from(repeated));
    expect(codecs.decompress('snappy', bare, sizeMax)).toHaveLength(repeated.length);
    const framed = codecs.compress('snappy', repeated);
    expect(codecs.decompress('snappy', Buffer.concat([framed, framed]), sizeMax)).toHaveLength(
      2 * repeated.length,
    );
  });

  it('read a zstd frame that does not tell its size, as streams write it', () => {
    // Descriptor 0, window of 1 KiB, a raw block of 3 bytes, then a run of 1000 bytes as the last block.
    const head = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00];
    const run = (1000 << 3) | (1 << 1) | 1;
    const frame = Uint8Array.of(
      ...head,
      3 << 3,
      0,
      0,
      1,
      2,
      3,
      run & 0xff,
      (run >> 8) & 0xff,
      0,
      9,
    );
    const content = codecs.decompress('zstd', frame, sizeMax);
    expect([...content.subarray(0, 5)]).toEqual([1, 2, 3, 9, 9]);
    expect(content).toHaveLength(1003);
    expect(codeOf(() => codecs.decompress('zstd', frame, 1002))).toBe('TOO_LARGE');
  });

  it('agree with the portable checksum', () => {
    const prng = new Prng(2);
    for (let round = 0; round < 200; round++) {
      const bytes = prng.fill(new Uint8Array(prng.below(600)));
      const start = prng.below(bytes.length + 1);
      const seed = prng.uint32();
      expect(codecs.crc32c(bytes, start, bytes.length, seed)).toBe(
        crc32c(bytes, start, bytes.length, seed),
      );
    }
  });

  it('never produce a bomb of gzip', () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    expect(codeOf(() => codecs.decompress('gzip', bomb, 1000))).toBe('TOO_LARGE');
  });
});
