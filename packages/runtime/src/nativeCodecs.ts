import * as zlib from 'node:zlib';
import type * as ZstdLibrary from '@bokuweb/zstd-wasm';
import {
  CodecError,
  type Codecs,
  type CompressionKind,
  crc32c as portableCrc32c,
} from '@zookafka/base';
import { corrupt, lz4FrameSize, tooLarge, zstdSizeMax } from './frameSizes.ts';
import { xerialCompress, xerialDecompress } from './xerial.ts';

/** One compression, without the rules that are common to all. */
interface Codec {
  decompress(bytes: Uint8Array, sizeMax: number): Uint8Array;
  compress(bytes: Uint8Array): Uint8Array;
}

/** What a shell gives its core: compression and the checksum of record batches. */
export interface NativeCodecs extends Codecs {
  /** Has the parameters of `crc32c` in base. */
  readonly crc32c: typeof portableCrc32c;
  /** What runs outside of JavaScript here, for the log: the kinds, and `crc32c`. */
  readonly native: readonly (CompressionKind | 'crc32c')[];
}

/** The part of `node:zlib` that came with Node 22.15. */
interface ZlibWithZstd {
  readonly zstdCompressSync?: (bytes: Uint8Array) => Uint8Array;
  readonly zstdDecompressSync?: (
    bytes: Uint8Array,
    options: { readonly maxOutputLength: number },
  ) => Uint8Array;
}

/** Below this a call into native code costs more than it saves. */
const nativeCrcBytesMin = 128;

/**
 * Loads what this platform has: gzip of Node, zstd of Node or as WebAssembly, snappy, lz4 and CRC-32C as prebuilt
 * libraries. What cannot be loaded is left to `portable`, or refused as UNSUPPORTED.
 */
export async function loadCodecs(portable?: Codecs): Promise<NativeCodecs> {
  const codecs = new Map<CompressionKind, Codec>([['gzip', gzip]]);
  const loaders = [
    ['snappy', loadSnappy],
    ['lz4', loadLz4],
    ['zstd', loadZstd],
  ] as const;
  for (const [kind, load] of loaders) {
    const codec = await loaded(load);
    if (codec !== undefined) codecs.set(kind, codec);
  }
  const crc32c = await loaded(loadCrc32c);
  return {
    native: [...codecs.keys(), ...(crc32c === undefined ? [] : ['crc32c' as const])],
    crc32c: crc32c ?? portableCrc32c,
    decompress: (kind, bytes, sizeMax) => {
      const codec = codecs.get(kind);
      if (codec !== undefined) return decompressed(codec, { kind, bytes, sizeMax });
      return requirePortable(kind, portable).decompress(kind, bytes, sizeMax);
    },
    compress: (kind, bytes) =>
      codecs.get(kind)?.compress(bytes) ?? requirePortable(kind, portable).compress(kind, bytes),
  };
}

async function loaded<Library>(load: () => Promise<Library>): Promise<Library | undefined> {
  try {
    return await load();
  } catch {
    // No prebuilt library for this platform: the portable form does it.
    return undefined;
  }
}

function requirePortable(kind: CompressionKind, portable: Codecs | undefined): Codecs {
  if (portable !== undefined) return portable;
  throw new CodecError(
    { code: 'UNSUPPORTED', kind },
    `Cannot use ${kind}: its library cannot be loaded here`,
  );
}

interface Decompression {
  readonly kind: CompressionKind;
  readonly bytes: Uint8Array;
  readonly sizeMax: number;
}

/** Whatever a library throws becomes a refusal: its input came from a peer. */
function decompressed(codec: Codec, { kind, bytes, sizeMax }: Decompression): Uint8Array {
  let content: Uint8Array;
  try {
    content = codec.decompress(bytes, sizeMax);
  } catch (error) {
    if (error instanceof CodecError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge(kind, sizeMax);
    }
    throw corrupt(kind, error);
  }
  if (content.length > sizeMax) throw tooLarge(kind, sizeMax);
  return content;
}

const gzip: Codec = {
  decompress: (bytes, sizeMax) => zlib.gunzipSync(bytes, { maxOutputLength: Math.max(1, sizeMax) }),
  compress: (bytes) => zlib.gzipSync(bytes),
};

async function loadSnappy(): Promise<Codec> {
  const snappy = await import('snappy');
  const blocks = {
    compress: (bytes: Uint8Array): Uint8Array => snappy.compressSync(bytes),
    uncompress: (bytes: Uint8Array): Uint8Array =>
      snappy.uncompressSync(bytes, { asBuffer: true }) as Buffer,
  };
  return {
    decompress: (bytes, sizeMax) => xerialDecompress(blocks, bytes, sizeMax),
    compress: (bytes) => xerialCompress(blocks, bytes),
  };
}

async function loadLz4(): Promise<Codec> {
  const lz4 = await import('lz4-napi');
  return {
    decompress: (bytes, sizeMax) => {
      const size = lz4FrameSize(bytes, sizeMax);
      const content = lz4.decompressFrameSync(asBuffer(bytes));
      if (content.length !== size) throw corrupt('lz4');
      return content;
    },
    compress: (bytes) => lz4.compressFrameSync(asBuffer(bytes)),
  };
}

/** Started once for all: a second start takes its memory from under those that use it. */
let zstdLibrary: ReturnType<typeof startZstd> | undefined;

async function startZstd(): Promise<typeof ZstdLibrary> {
  const zstd = await import('@bokuweb/zstd-wasm');
  await zstd.init();
  return zstd;
}

async function loadZstd(): Promise<Codec> {
  const { zstdCompressSync, zstdDecompressSync } = zlib as ZlibWithZstd;
  if (zstdCompressSync !== undefined && zstdDecompressSync !== undefined) {
    return {
      decompress: (bytes, sizeMax) => {
        zstdSizeMax(bytes, sizeMax);
        return zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, sizeMax) });
      },
      compress: (bytes) => zstdCompressSync(bytes),
    };
  }
  const zstd = await (zstdLibrary ??= startZstd());
  return {
    decompress: (bytes, sizeMax) => {
      const size = zstdSizeMax(bytes, sizeMax);
      // One more than allowed, so that what is too large is told from what is broken.
      const room = Math.min(size, sizeMax + 1);
      try {
        return zstd.decompress(asBuffer(bytes), { defaultHeapSize: Math.max(1, room) });
      } catch (error) {
        if (size > sizeMax && (error as Error).message.endsWith('-70')) {
          throw tooLarge('zstd', sizeMax);
        }
        throw error;
      }
    },
    compress: (bytes) => zstd.compress(asBuffer(bytes)),
  };
}

async function loadCrc32c(): Promise<typeof portableCrc32c> {
  const library = await import('@node-rs/crc32');
  return (bytes, start = 0, end = bytes.length, seed = 0) => {
    if (end - start < nativeCrcBytesMin) return portableCrc32c(bytes, start, end, seed);
    return library.crc32c(bytes.subarray(start, end), seed);
  };
}

/** The same bytes under the type that the libraries take. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
