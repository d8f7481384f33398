import { ByteReader } from '@zookafka/base';
import { BackwardBits } from './backwardBits.ts';
import { corrupt } from './boundedOutput.ts';
import { ForwardBits } from './forwardBits.ts';

/** A table of a finite state entropy code: by state, the symbol, and where to go on. */
export interface FseTable {
  readonly accuracyBits: number;
  readonly symbols: Uint8Array;
  readonly bitCounts: Uint8Array;
  readonly bases: Uint16Array;
}

/** What a code is at most. */
export interface FseLimits {
  readonly accuracyBitsMax: number;
  readonly symbolMax: number;
}

/** A Huffman code: by the next `bitsMax` bits, the symbol and its length. */
export interface HuffmanTable {
  readonly bitsMax: number;
  readonly symbols: Uint8Array;
  readonly bitCounts: Uint8Array;
}

const huffmanBitsMax = 11;
const weightLimits: FseLimits = { accuracyBitsMax: 6, symbolMax: 255 };

/** Reads the shares of the symbols, and makes their table. Source: RFC 8878, 4.1.1. */
export function readFseTable(
  reader: ByteReader,
  { accuracyBitsMax, symbolMax }: FseLimits,
): FseTable {
  const bits = new ForwardBits(reader);
  const accuracyBits = bits.read(4) + 5;
  if (accuracyBits > accuracyBitsMax) throw corrupt('zstd');
  const shares: number[] = [];
  for (let left = 1 << accuracyBits; left > 0;) {
    if (shares.length > symbolMax) throw corrupt('zstd');
    const share = readShare(bits, left);
    left -= Math.abs(share);
    shares.push(share);
    if (share !== 0) continue;
    for (let repeat = 3; repeat === 3;) {
      repeat = bits.read(2);
      for (let count = 0; count < repeat; count++) shares.push(0);
      if (shares.length > symbolMax + 1) throw corrupt('zstd');
    }
  }
  bits.align();
  return fseTableOf(shares, accuracyBits);
}

/** Small values take a bit less. @returns -1 for "less than one state" */
function readShare(bits: ForwardBits, left: number): number {
  const bitCount = 32 - Math.clz32(left + 1);
  const lowMask = (1 << (bitCount - 1)) - 1;
  const threshold = (1 << bitCount) - 1 - (left + 1);
  const low = bits.read(bitCount - 1);
  if (low < threshold) return low - 1;
  const value = low | (bits.read(1) << (bitCount - 1));
  return (value > lowMask ? value - threshold : value) - 1;
}

/** Spreads the symbols over the states. Source: RFC 8878, 4.1.1. */
export function fseTableOf(shares: readonly number[], accuracyBits: number): FseTable {
  const size = 1 << accuracyBits;
  const symbols = new Uint8Array(size);
  const nexts = shares.map(Math.abs);
  let high = size;
  shares.forEach((share, symbol) => {
    if (share === -1) symbols[--high] = symbol;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  shares.forEach((share, symbol) => {
    for (let count = 0; count < share; count++) {
      symbols[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at >= high);
    }
  });
  if (at !== 0) throw corrupt('zstd');
  const bitCounts = new Uint8Array(size);
  const bases = new Uint16Array(size);
  symbols.forEach((symbol, state) => {
    const next = nexts[symbol] as number;
    nexts[symbol] = next + 1;
    const bitCount = accuracyBits - (31 - Math.clz32(next));
    bitCounts[state] = bitCount;
    bases[state] = (next << bitCount) - size;
  });
  return { accuracyBits, symbols, bitCounts, bases };
}

/** The table of a code with one symbol. */
export function fseTableOfOne(symbol: number): FseTable {
  return {
    accuracyBits: 0,
    symbols: Uint8Array.of(symbol),
    bitCounts: new Uint8Array(1),
    bases: new Uint16Array(1),
  };
}

/** @returns the state after this one */
export function nextState(table: FseTable, state: number, bits: BackwardBits): number {
  return (table.bases[state] as number) + bits.read(table.bitCounts[state] as number);
}

/** Reads the weights of the symbols, and makes their table. Source: RFC 8878, 4.2.1. */
export function readHuffmanTable(reader: ByteReader): HuffmanTable {
  const head = reader.uint8();
  if (head < 128) return huffmanTableOf(readWeights(new ByteReader(reader.view(head))));
  const weights: number[] = [];
  const count = head - 127;
  while (weights.length < count) {
    const pair = reader.uint8();
    weights.push(pair >> 4, pair & 15);
  }
  return huffmanTableOf(weights.slice(0, count));
}

/** Two states take turns; which of them has the last word is told by the bits running out. */
function readWeights(reader: ByteReader): readonly number[] {
  const table = readFseTable(reader, weightLimits);
  const bits = new BackwardBits(reader.view(reader.remaining));
  let state = bits.read(table.accuracyBits);
  let other = bits.read(table.accuracyBits);
  const weights: number[] = [];
  while (bits.left >= 0) {
    if (weights.length > 254) throw corrupt('zstd');
    weights.push(table.symbols[state] as number);
    const next = nextState(table, state, bits);
    state = other;
    other = next;
  }
  weights.push(table.symbols[state] as number);
  return weights;
}

/** The last symbol's weight is what is missing to a power of two. */
function huffmanTableOf(weights: readonly number[]): HuffmanTable {
  let sum = 0;
  for (const weight of weights) {
    if (weight > huffmanBitsMax) throw corrupt('zstd');
    if (weight > 0) sum += 1 << (weight - 1);
  }
  const bitsMax = 32 - Math.clz32(sum);
  const rest = (1 << bitsMax) - sum;
  if (sum === 0 || bitsMax > huffmanBitsMax || (rest & (rest - 1)) !== 0) throw corrupt('zstd');
  const all = [...weights, 32 - Math.clz32(rest)];
  const symbols = new Uint8Array(1 << bitsMax);
  const bitCounts = new Uint8Array(1 << bitsMax);
  let at = 0;
  for (let weight = 1; weight <= bitsMax; weight++) {
    const states = 1 << (weight - 1);
    all.forEach((own, symbol) => {
      if (own !== weight) return;
      symbols.fill(symbol, at, at + states);
      bitCounts.fill(bitsMax + 1 - weight, at, at + states);
      at += states;
    });
  }
  if (at !== symbols.length) throw corrupt('zstd');
  return { bitsMax, symbols, bitCounts };
}
