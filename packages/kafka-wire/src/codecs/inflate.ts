import { type ByteReader } from '@zookafka/base';
import { type BoundedOutput, corrupt } from './boundedOutput.ts';
import { ForwardBits } from './forwardBits.ts';

const codeBitsMax = 15;
const endOfBlock = 256;
/** The order in which the lengths of the code for lengths stand. */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;
const lengthExtra = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
] as const;
const lengthBase = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
  163, 195, 227, 258,
] as const;
const distanceCodes = 30;

/** A canonical Huffman code: how many codes there are of each length, and the symbols in the order of their codes. */
interface Code {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

/**
 * Decompresses one deflate stream; the reader stands behind it then.
 *
 * Source: RFC 1951.
 */
export function inflate(reader: ByteReader, output: BoundedOutput): void {
  const bits = new ForwardBits(reader);
  const start = output.length;
  for (let isLast = false; !isLast;) {
    isLast = bits.read(1) === 1;
    const type = bits.read(2);
    if (type === 0) copyStored(reader, bits, output);
    else if (type === 1) readCoded(bits, output, { ...fixedCodes(), start });
    else if (type === 2) readCoded(bits, output, { ...readCodes(bits), start });
    else throw corrupt('gzip');
  }
}

function copyStored(reader: ByteReader, bits: ForwardBits, output: BoundedOutput): void {
  bits.align();
  const length = reader.uint8() | (reader.uint8() << 8);
  const inverse = reader.uint8() | (reader.uint8() << 8);
  if (length !== (~inverse & 0xffff)) throw corrupt('gzip');
  output.append(reader.view(length));
}

interface Codes {
  readonly literals: Code;
  readonly distances: Code;
}

function readCoded(
  bits: ForwardBits,
  output: BoundedOutput,
  { literals, distances, start }: Codes & { readonly start: number },
): void {
  for (;;) {
    const symbol = readSymbol(bits, literals);
    if (symbol === endOfBlock) return;
    if (symbol < endOfBlock) output.byte(symbol);
    else {
      const length = readLength(bits, symbol - endOfBlock - 1);
      output.repeat(readDistance(bits, distances), length, start);
    }
  }
}

function readLength(bits: ForwardBits, code: number): number {
  const base = lengthBase[code];
  if (base === undefined) throw corrupt('gzip');
  return base + bits.read(lengthExtra[code] as number);
}

function readDistance(bits: ForwardBits, distances: Code): number {
  const code = readSymbol(bits, distances);
  if (code >= distanceCodes) throw corrupt('gzip');
  if (code < 4) return code + 1;
  const extra = (code >> 1) - 1;
  return ((2 + (code & 1)) << extra) + 1 + bits.read(extra);
}

/** Codes of one length are numbers that follow each other: so the first of a length tells all. */
function readSymbol(bits: ForwardBits, { counts, symbols }: Code): number {
  let code = 0;
  let first = 0;
  let index = 0;
  for (let length = 1; length <= codeBitsMax; length++) {
    code |= bits.read(1);
    const count = counts[length] as number;
    if (code - first < count) return symbols[index + code - first] as number;
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  throw corrupt('gzip');
}

function codeOf(lengths: Uint8Array): Code {
  const counts = new Uint16Array(codeBitsMax + 1);
  for (const length of lengths) counts[length] = (counts[length] as number) + 1;
  counts[0] = 0;
  const next = new Uint16Array(codeBitsMax + 1);
  let left = 1;
  for (let length = 1; length <= codeBitsMax; length++) {
    left = left * 2 - (counts[length] as number);
    if (left < 0) throw corrupt('gzip');
    next[length] = (next[length - 1] as number) + (counts[length - 1] as number);
  }
  const symbols = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => {
    if (length === 0) return;
    const at = next[length] as number;
    symbols[at] = symbol;
    next[length] = at + 1;
  });
  return { counts, symbols };
}

function fixedCodes(): Codes {
  const lengths = new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280);
  return {
    literals: codeOf(lengths.fill(8, 280)),
    distances: codeOf(new Uint8Array(distanceCodes).fill(5)),
  };
}

function readCodes(bits: ForwardBits): Codes {
  const literalCount = bits.read(5) + 257;
  const distanceCount = bits.read(5) + 1;
  const orderCount = bits.read(4) + 4;
  const orderLengths = new Uint8Array(lengthOrder.length);
  for (const symbol of lengthOrder.slice(0, orderCount)) orderLengths[symbol] = bits.read(3);
  const lengths = readLengths(bits, codeOf(orderLengths), literalCount + distanceCount);
  if (lengths[endOfBlock] === 0) throw corrupt('gzip');
  return {
    literals: codeOf(lengths.subarray(0, literalCount)),
    distances: codeOf(lengths.subarray(literalCount)),
  };
}

function readLengths(bits: ForwardBits, order: Code, count: number): Uint8Array {
  const lengths = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const symbol = readSymbol(bits, order);
    if (symbol < 16) {
      lengths[at++] = symbol;
      continue;
    }
    if (symbol === 16 && at === 0) throw corrupt('gzip');
    const value = symbol === 16 ? (lengths[at - 1] as number) : 0;
    const times = symbol === 18 ? 11 + bits.read(7) : 3 + bits.read(symbol === 16 ? 2 : 3);
    if (at + times > count) throw corrupt('gzip');
    lengths.fill(value, at, at + times);
    at += times;
  }
  return lengths;
}
