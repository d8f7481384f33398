import { BytesError, CodecError, type Codecs, type CompressionKind } from '@zookafka/base';
import { corrupt } from './codecs/boundedOutput.ts';
import { decompressGzip } from './codecs/gzip.ts';
import { decompressLz4 } from './codecs/lz4.ts';
import { decompressSnappy } from './codecs/snappy.ts';
import { decompressZstd } from './codecs/zstd.ts';

type Decompress = (bytes: Uint8Array, sizeMax: number) => Uint8Array;

const decompressors: Readonly<Record<CompressionKind, Decompress>> = {
  gzip: decompressGzip,
  snappy: decompressSnappy,
  lz4: decompressLz4,
  zstd: decompressZstd,
};

/**
 * Opens all compressions of Kafka's record batches without anything of the platform: in a page, in the simulator,
 * and where no native library can be loaded. It only decompresses.
 */
export const portableCodecs: Codecs = {
  decompress(kind, bytes, sizeMax) {
    try {
      return decompressors[kind](bytes, sizeMax);
    } catch (error) {
      throw error instanceof BytesError ? corrupt(kind, error) : error;
    }
  },
  compress(kind) {
    throw new CodecError(
      { code: 'UNSUPPORTED', kind },
      `Cannot compress with ${kind}: the portable codecs only decompress`,
    );
  },
};
