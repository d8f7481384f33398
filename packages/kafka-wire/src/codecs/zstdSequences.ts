import { type ByteReader } from '@zookafka/base';
import { BackwardBits } from './backwardBits.ts';
import { type BoundedOutput, corrupt } from './boundedOutput.ts';
import {
  type FseTable,
  fseTableOf,
  fseTableOfOne,
  nextState,
  readFseTable,
} from './zstdEntropy.ts';

/** What a code for lengths means: what is added to so many bits. */
interface LengthCodes {
  readonly bitCounts: readonly number[];
  readonly bases: readonly number[];
}

/** The codes of one part of the sequences. */
interface Part {
  readonly accuracyBitsMax: number;
  readonly symbolMax: number;
  readonly shares: readonly number[];
  readonly sharesBits: number;
}

const times = (value: number, count: number): readonly number[] =>
  new Array<number>(count).fill(value);

/** Source of the shares: RFC 8878, 3.1.1.3.2.2. */
const literalPart: Part = {
  accuracyBitsMax: 9,
  symbolMax: 35,
  shares: [4, 3, ...times(2, 11), 1, 1, 1, ...times(2, 9), 3, 2, ...times(1, 5), ...times(-1, 4)],
  sharesBits: 6,
};
const offsetPart: Part = {
  accuracyBitsMax: 8,
  symbolMax: 31,
  shares: [...times(1, 6), 2, 2, 2, ...times(1, 15), ...times(-1, 5)],
  sharesBits: 5,
};
const matchPart: Part = {
  accuracyBitsMax: 9,
  symbolMax: 52,
  shares: [1, 4, 3, ...times(2, 6), ...times(1, 37), ...times(-1, 7)],
  sharesBits: 6,
};

const literalCodes = lengthCodesOf(0, [
  ...[...times(0, 16), 1, 1, 1, 1, 2, 2, 3, 3, 4],
  ...[6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
]);
const matchCodes = lengthCodesOf(3, [
  ...[...times(0, 32), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5],
  ...[7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
]);

function lengthCodesOf(first: number, bitCounts: readonly number[]): LengthCodes {
  let base = first;
  const bases = bitCounts.map((bitCount) => {
    const own = base;
    base += 1 << bitCount;
    return own;
  });
  return { bitCounts, bases };
}

/** What a block leaves to the next one of its frame. */
export class SequenceState {
  private literals: FseTable | undefined;
  private offsets: FseTable | undefined;
  private matches: FseTable | undefined;
  private recent: [number, number, number] = [1, 4, 8];

  /**
   * Reads the sequences of a block, up to its end, and does what they say.
   *
   * @param from where the output of the frame begins
   * Source: RFC 8878, 3.1.1.3.2 and 3.1.1.4.
   */
  execute(reader: ByteReader, literals: Uint8Array, output: BoundedOutput, from: number): void {
    const count = readCount(reader);
    if (count === 0) {
      if (reader.remaining > 0) throw corrupt('zstd');
      output.append(literals);
      return;
    }
    const modes = reader.uint8();
    if ((modes & 3) !== 0) throw corrupt('zstd');
    this.literals = readTable(reader, modes >> 6, literalPart, this.literals);
    this.offsets = readTable(reader, (modes >> 4) & 3, offsetPart, this.offsets);
    this.matches = readTable(reader, (modes >> 2) & 3, matchPart, this.matches);
    const tables = { literals: this.literals, offsets: this.offsets, matches: this.matches };
    let at = 0;
    for (const sequence of sequencesOf(reader, count, tables)) {
      const end = at + sequence.literalLength;
      if (end > literals.length) throw corrupt('zstd');
      output.append(literals.subarray(at, end));
      at = end;
      output.repeat(this.distanceOf(sequence), sequence.matchLength, from);
    }
    output.append(literals.subarray(at));
  }

  /** The values 1 to 3 name recent distances; without literals before it, the first of them makes no sense. */
  private distanceOf({ offsetValue, literalLength }: Sequence): number {
    const [first, second, third] = this.recent;
    if (offsetValue > 3) {
      this.recent = [offsetValue - 3, first, second];
      return offsetValue - 3;
    }
    const index = offsetValue - (literalLength === 0 ? 0 : 1);
    if (index === 0) return first;
    const distance = [first, second, third, first - 1][index] as number;
    this.recent = [distance, first, index === 1 ? third : second];
    return distance;
  }
}

interface Sequence {
  readonly literalLength: number;
  readonly matchLength: number;
  readonly offsetValue: number;
}

interface Tables {
  readonly literals: FseTable;
  readonly offsets: FseTable;
  readonly matches: FseTable;
}

function* sequencesOf(reader: ByteReader, count: number, tables: Tables): Generator<Sequence> {
  const bits = new BackwardBits(reader.view(reader.remaining));
  const { literals, offsets, matches } = tables;
  let literalState = bits.read(literals.accuracyBits);
  let offsetState = bits.read(offsets.accuracyBits);
  let matchState = bits.read(matches.accuracyBits);
  for (let index = 0; index < count; index++) {
    const offsetCode = offsets.symbols[offsetState] as number;
    const offsetValue = 2 ** offsetCode + bits.read(offsetCode);
    const matchLength = readLength(bits, matchCodes, matches.symbols[matchState] as number);
    const literalLength = readLength(bits, literalCodes, literals.symbols[literalState] as number);
    // A block that says more than it has would go on with zeros for ever.
    if (bits.left < 0) throw corrupt('zstd');
    yield { literalLength, matchLength, offsetValue };
    if (index === count - 1) break;
    literalState = nextState(literals, literalState, bits);
    matchState = nextState(matches, matchState, bits);
    offsetState = nextState(offsets, offsetState, bits);
  }
  if (bits.left !== 0) throw corrupt('zstd');
}

function readLength(bits: BackwardBits, { bitCounts, bases }: LengthCodes, code: number): number {
  return (bases[code] as number) + bits.read(bitCounts[code] as number);
}

function readCount(reader: ByteReader): number {
  const head = reader.uint8();
  if (head < 128) return head;
  if (head < 255) return (head - 128) * 256 + reader.uint8();
  return reader.uint8() + reader.uint8() * 256 + 0x7f00;
}

function readTable(
  reader: ByteReader,
  mode: number,
  part: Part,
  before: FseTable | undefined,
): FseTable {
  if (mode === 0) return fseTableOf(part.shares, part.sharesBits);
  if (mode === 2) return readFseTable(reader, part);
  if (mode === 1) {
    const symbol = reader.uint8();
    if (symbol > part.symbolMax) throw corrupt('zstd');
    return fseTableOfOne(symbol);
  }
  if (before === undefined) throw corrupt('zstd');
  return before;
}
