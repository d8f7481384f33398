import { ByteReader, BytesError, CodecError, type CompressionKind } from '@zookafka/base';

const lz4Magic = 0x184d2204;
const zstdMagic = 0xfd2fb528;
const zstdBlockBytesMax = 128 * 1024;

/**
 * How large the content of an LZ4 frame is, found without decoding it: nothing is allocated for a frame that lies.
 *
 * @throws {CodecError} CORRUPT, or TOO_LARGE as soon as more than `sizeMax` is seen
 * Source: LZ4 frame format 1.6.
 */
export function lz4FrameSize(bytes: Uint8Array, sizeMax: number): number {
  return guarded('lz4', () => {
    const reader = new ByteReader(bytes);
    if (littleEndian(reader, 4) !== lz4Magic) throw corrupt('lz4');
    const flags = reader.uint8();
    reader.skip(1 + (flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0) + 1);
    let size = 0;
    for (;;) {
      const word = littleEndian(reader, 4);
      if (word === 0) return size;
      const length = word & 0x7fff_ffff;
      const block = reader.view(length);
      size += word >= 0x8000_0000 ? length : lz4BlockSize(block);
      if (size > sizeMax) throw tooLarge('lz4', sizeMax);
      if (flags & 0x10) reader.skip(4);
    }
  });
}

/**
 * How large the content of zstd frames can be at most: what their heads say, or what their blocks can hold.
 *
 * @throws {CodecError} CORRUPT, or TOO_LARGE when a head claims more than `sizeMax`
 * Source: RFC 8878, sections 3.1.1 and 3.1.2.
 */
export function zstdSizeMax(bytes: Uint8Array, sizeMax: number): number {
  return guarded('zstd', () => {
    const reader = new ByteReader(bytes);
    let size = 0;
    while (reader.remaining > 0) {
      size += zstdFrameSize(reader);
    }
    if (size > sizeMax && hasContentSize(bytes)) throw tooLarge('zstd', sizeMax);
    return size;
  });
}

/** The refusal of broken bytes. */
export function corrupt(kind: CompressionKind, cause?: unknown): CodecError {
  return new CodecError(
    { code: 'CORRUPT', kind },
    `Cannot decompress ${kind}: the bytes are broken`,
    cause === undefined ? undefined : { cause },
  );
}

/** The refusal of bytes that would grow too large. */
export function tooLarge(kind: CompressionKind, sizeMax: number): CodecError {
  return new CodecError(
    { code: 'TOO_LARGE', kind, sizeMax },
    `Cannot decompress ${kind}: it holds over ${sizeMax} bytes`,
  );
}

function guarded(kind: CompressionKind, measure: () => number): number {
  try {
    return measure();
  } catch (error) {
    if (error instanceof BytesError) throw corrupt(kind, error);
    throw error;
  }
}

/** Sums literals and matches, token by token. */
function lz4BlockSize(block: Uint8Array): number {
  let size = 0;
  let at = 0;
  const more = (length: number): number => {
    if (length < 15) return length;
    let total = length;
    let byte = 255;
    while (byte === 255) {
      if (at >= block.length) throw corrupt('lz4');
      byte = block[at++] as number;
      total += byte;
    }
    return total;
  };
  while (at < block.length) {
    const token = block[at++] as number;
    const literals = more(token >> 4);
    size += literals;
    at += literals;
    if (at >= block.length) break;
    at += 2;
    size += more(token & 15) + 4;
  }
  return size;
}

function hasContentSize(bytes: Uint8Array): boolean {
  const descriptor = bytes[4] as number;
  return descriptor >> 6 !== 0 || (descriptor & 0x20) !== 0;
}

function zstdFrameSize(reader: ByteReader): number {
  const magic = littleEndian(reader, 4);
  if (magic >>> 4 === 0x184d2a5) {
    reader.skip(littleEndian(reader, 4));
    return 0;
  }
  if (magic !== zstdMagic) throw corrupt('zstd');
  const descriptor = reader.uint8();
  const isSingleSegment = (descriptor & 0x20) !== 0;
  reader.skip((isSingleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] as number));
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  const claimed = littleEndian(reader, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  const held = zstdBlocksSize(reader);
  if (descriptor & 4) reader.skip(4);
  return sizeBytes === 0 ? held : claimed;
}

function zstdBlocksSize(reader: ByteReader): number {
  let size = 0;
  for (;;) {
    const head = littleEndian(reader, 3);
    const type = (head >> 1) & 3;
    const length = head >> 3;
    if (type === 3) throw corrupt('zstd');
    reader.skip(type === 1 ? 1 : length);
    size += type === 2 ? zstdBlockBytesMax : length;
    if (head & 1) return size;
  }
}

function littleEndian(reader: ByteReader, count: number): number {
  let value = 0;
  let scale = 1;
  for (let index = 0; index < count; index++) {
    value += reader.uint8() * scale;
    scale *= 256;
  }
  return value;
}
