import { ByteReader } from '@zookafka/base';
import { BoundedOutput, corrupt } from './boundedOutput.ts';
import { littleEndian } from './littleEndian.ts';

const magic = 0x184d2204;
const flagBits = {
  blockChecksum: 0x10,
  contentSize: 0x08,
  contentChecksum: 0x04,
  dictionary: 0x01,
};
const storedBit = 0x8000_0000;
const matchBytesMin = 4;

/**
 * Opens one LZ4 frame. Its own checksums are passed over: the batch around it has one.
 *
 * Source: LZ4 frame format 1.6, LZ4 block format.
 */
export function decompressLz4(bytes: Uint8Array, sizeMax: number): Uint8Array {
  const reader = new ByteReader(bytes);
  if (littleEndian(reader, 4) !== magic) throw corrupt('lz4');
  const flags = reader.uint8();
  if (flags >> 6 !== 1 || (flags & flagBits.dictionary) !== 0) throw corrupt('lz4');
  // The largest size of a block, the size of the content, and a checksum of this head.
  reader.skip(1 + ((flags & flagBits.contentSize) === 0 ? 0 : 8) + 1);
  const output = new BoundedOutput('lz4', sizeMax, bytes.length * 2);
  for (;;) {
    const head = littleEndian(reader, 4);
    if (head === 0) return output.view();
    if (head >= storedBit) output.append(reader.view(head - storedBit));
    else readBlock(new ByteReader(reader.view(head)), output);
    if ((flags & flagBits.blockChecksum) !== 0) reader.skip(4);
  }
}

function readBlock(reader: ByteReader, output: BoundedOutput): void {
  while (reader.remaining > 0) {
    const token = reader.uint8();
    output.append(reader.view(readLength(reader, token >> 4)));
    // The last sequence has no match.
    if (reader.remaining === 0) return;
    const distance = littleEndian(reader, 2);
    output.repeat(distance, readLength(reader, token & 15) + matchBytesMin);
  }
}

function readLength(reader: ByteReader, short: number): number {
  let length = short;
  if (short < 15) return length;
  for (let byte = 255; byte === 255; length += byte) byte = reader.uint8();
  return length;
}
