import { ByteReader } from '@zookafka/base';
import { BoundedOutput, corrupt } from './boundedOutput.ts';
import { inflate } from './inflate.ts';
import { littleEndian } from './littleEndian.ts';

const flagBits = { headChecksum: 2, extra: 4, name: 8, comment: 16 };

/**
 * Opens gzip members, one after the other. Their checksums are passed over: the batch around them has one; their
 * sizes are compared.
 *
 * Source: RFC 1952.
 */
export function decompressGzip(bytes: Uint8Array, sizeMax: number): Uint8Array {
  const reader = new ByteReader(bytes);
  const output = new BoundedOutput('gzip', sizeMax, bytes.length * 3);
  do {
    skipHead(reader);
    const start = output.length;
    inflate(reader, output);
    reader.skip(4);
    if (littleEndian(reader, 4) !== (output.length - start) % 2 ** 32) throw corrupt('gzip');
  } while (reader.remaining > 0);
  return output.view();
}

function skipHead(reader: ByteReader): void {
  if (reader.int16() !== 0x1f8b || reader.uint8() !== 8) throw corrupt('gzip');
  const flags = reader.uint8();
  // Time, extra flags, operating system.
  reader.skip(6);
  if ((flags & flagBits.extra) !== 0) reader.skip(littleEndian(reader, 2));
  if ((flags & flagBits.name) !== 0) skipText(reader);
  if ((flags & flagBits.comment) !== 0) skipText(reader);
  if ((flags & flagBits.headChecksum) !== 0) reader.skip(2);
}

function skipText(reader: ByteReader): void {
  while (reader.uint8() !== 0);
}
