import { ByteReader } from '@zookafka/base';
import { BackwardBits } from './backwardBits.ts';
import { corrupt } from './boundedOutput.ts';
import { littleEndian } from './littleEndian.ts';
import { type HuffmanTable, readHuffmanTable } from './zstdEntropy.ts';

const literalsMax = 128 * 1024;

/** The literals of a block, and the Huffman code that a later block may use again. */
export interface Literals {
  readonly bytes: Uint8Array;
  readonly huffman: HuffmanTable | undefined;
}

/** Reads the section of literals of a compressed block. Source: RFC 8878, 3.1.1.3.1. */
export function readLiterals(reader: ByteReader, huffman: HuffmanTable | undefined): Literals {
  const head = reader.uint8();
  const type = head & 3;
  const format = (head >> 2) & 3;
  if (type >= 2) return readCompressed(reader, { head, huffman });
  const extraBytes = (format & 1) === 0 ? 0 : format === 1 ? 1 : 2;
  const size = extraBytes === 0 ? head >> 3 : (head >> 4) + littleEndian(reader, extraBytes) * 16;
  if (size > literalsMax) throw corrupt('zstd');
  const bytes = type === 0 ? reader.view(size) : new Uint8Array(size).fill(reader.uint8());
  return { bytes, huffman };
}

function readCompressed(
  reader: ByteReader,
  { head, huffman }: { readonly head: number; readonly huffman: HuffmanTable | undefined },
): Literals {
  const format = (head >> 2) & 3;
  const sizeBits = format < 2 ? 10 : format === 2 ? 14 : 18;
  const sizes = (head >> 4) + littleEndian(reader, (sizeBits * 2 + 4) / 8 - 1) * 16;
  const size = sizes % 2 ** sizeBits;
  const compressedSize = Math.floor(sizes / 2 ** sizeBits);
  if (size > literalsMax) throw corrupt('zstd');
  const section = new ByteReader(reader.view(compressedSize));
  const table = (head & 3) === 2 ? readHuffmanTable(section) : huffman;
  if (table === undefined) throw corrupt('zstd');
  const bytes = new Uint8Array(size);
  if (format === 0) decodeStream(table, section.view(section.remaining), bytes);
  else decodeStreams(table, section, bytes);
  return { bytes, huffman: table };
}

function decodeStreams(table: HuffmanTable, section: ByteReader, bytes: Uint8Array): void {
  const lengths = [littleEndian(section, 2), littleEndian(section, 2), littleEndian(section, 2)];
  const part = (bytes.length + 3) >> 2;
  if (part * 3 > bytes.length) throw corrupt('zstd');
  lengths.forEach((length, index) => {
    decodeStream(table, section.view(length), bytes.subarray(part * index, part * (index + 1)));
  });
  decodeStream(table, section.view(section.remaining), bytes.subarray(part * 3));
}

/** Fills `target`; the stream must end exactly there. */
function decodeStream(table: HuffmanTable, stream: Uint8Array, target: Uint8Array): void {
  const { bitsMax, symbols, bitCounts } = table;
  const bits = new BackwardBits(stream);
  for (let at = 0; at < target.length; at++) {
    const code = bits.peek(bitsMax);
    target[at] = symbols[code] as number;
    bits.left -= bitCounts[code] as number;
  }
  if (bits.left !== 0) throw corrupt('zstd');
}
