import { ByteReader } from '@zookafka/base';
import { BoundedOutput, corrupt } from './boundedOutput.ts';
import { littleEndian } from './littleEndian.ts';
import { type HuffmanTable } from './zstdEntropy.ts';
import { readLiterals } from './zstdLiterals.ts';
import { SequenceState } from './zstdSequences.ts';

const magic = 0xfd2fb528;
const skippableMagic = 0x184d2a5;
const blockBytesMax = 128 * 1024;
const flagBits = { singleSegment: 0x20, reserved: 0x08, checksum: 0x04, dictionary: 0x03 };

/**
 * Opens zstd frames, one after the other. Dictionaries are not known; checksums are passed over: the batch around
 * them has one.
 *
 * Source: RFC 8878.
 */
export function decompressZstd(bytes: Uint8Array, sizeMax: number): Uint8Array {
  const reader = new ByteReader(bytes);
  const output = new BoundedOutput('zstd', sizeMax, bytes.length * 3);
  do {
    const word = littleEndian(reader, 4);
    if (word === magic) readFrame(reader, output);
    else if (word >>> 4 === skippableMagic) reader.skip(littleEndian(reader, 4));
    else throw corrupt('zstd');
  } while (reader.remaining > 0);
  return output.view();
}

function readFrame(reader: ByteReader, output: BoundedOutput): void {
  const flags = reader.uint8();
  if ((flags & (flagBits.reserved | flagBits.dictionary)) !== 0) throw corrupt('zstd');
  const isSingleSegment = (flags & flagBits.singleSegment) !== 0;
  // The window is no larger than the output, all of which is at hand.
  if (!isSingleSegment) reader.skip(1);
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >> 6] as number;
  const size = readContentSize(reader, sizeBytes);
  const from = output.length;
  readBlocks(reader, output);
  if (size !== undefined && output.length - from !== size) throw corrupt('zstd');
  if ((flags & flagBits.checksum) !== 0) reader.skip(4);
}

function readContentSize(reader: ByteReader, byteCount: number): number | undefined {
  if (byteCount === 0) return undefined;
  const low = littleEndian(reader, Math.min(byteCount, 4));
  if (byteCount === 8) return low + littleEndian(reader, 4) * 2 ** 32;
  return byteCount === 2 ? low + 256 : low;
}

function readBlocks(reader: ByteReader, output: BoundedOutput): void {
  const from = output.length;
  const sequences = new SequenceState();
  let huffman: HuffmanTable | undefined;
  for (let isLast = false; !isLast;) {
    const head = littleEndian(reader, 3);
    isLast = (head & 1) === 1;
    const type = (head >> 1) & 3;
    const size = head >> 3;
    if (size > blockBytesMax || type === 3) throw corrupt('zstd');
    if (type === 0) output.append(reader.view(size));
    else if (type === 1) output.fill(reader.uint8(), size);
    else {
      const block = new ByteReader(reader.view(size));
      const literals = readLiterals(block, huffman);
      ({ huffman } = literals);
      sequences.execute(block, literals.bytes, output, from);
    }
  }
}
