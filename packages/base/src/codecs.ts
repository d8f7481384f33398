import { CodedError } from './errors.ts';

/** The compressions of record batches, by the names that configurations use. */
export type CompressionKind = 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** Why bytes could not be compressed or decompressed. */
export type CodecRefusal =
  | { readonly code: 'CORRUPT'; readonly kind: CompressionKind }
  | { readonly code: 'TOO_LARGE'; readonly kind: CompressionKind; readonly sizeMax: number }
  | { readonly code: 'UNSUPPORTED'; readonly kind: CompressionKind };

/** Compressed bytes that are broken or would grow too large, or a compression that is not at hand. */
export class CodecError extends CodedError<CodecRefusal> {
  override readonly name = 'CodecError';
}

/**
 * Compression as Kafka's record batches have it: gzip, snappy in Xerial's frames or bare, lz4 and zstd frames.
 * Shells bring native ones.
 */
export interface Codecs {
  /**
   * @param sizeMax no more than this is ever produced, whatever the bytes claim
   * @throws {CodecError} CORRUPT, TOO_LARGE or UNSUPPORTED
   */
  decompress(kind: CompressionKind, bytes: Uint8Array, sizeMax: number): Uint8Array;
  /** @throws {CodecError} UNSUPPORTED */
  compress(kind: CompressionKind, bytes: Uint8Array): Uint8Array;
}
