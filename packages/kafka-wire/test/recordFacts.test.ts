import { ByteReader, ByteWriter, BytesError } from '@zookafka/base';
import fc from 'fast-check';
import { type RecordFacts, recordFactsOf } from '../src/index.ts';

interface Drawn {
  readonly timestampDelta: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly (readonly [Uint8Array, Uint8Array | null])[];
}

/** The plain way over records, by the reader that everything else uses. */
function oracle(bytes: Uint8Array): RecordFacts | undefined {
  const reader = new ByteReader(bytes);
  const facts = { count: 0, isSequential: true, hasNullKey: false };
  try {
    while (reader.offset < bytes.length) {
      if (!readOne(reader, facts)) return undefined;
    }
  } catch (error) {
    if (error instanceof BytesError) return undefined;
    throw error;
  }
  return facts;
}

function readOne(
  reader: ByteReader,
  facts: { count: number; isSequential: boolean; hasNullKey: boolean },
): boolean {
  const skip = (): number => {
    const length = reader.varint();
    if (length !== -1) reader.skip(length);
    return length;
  };
  const end = reader.varint() + reader.offset;
  reader.skip(1);
  reader.varlong();
  if (reader.varint() !== facts.count++) facts.isSequential = false;
  if (skip() === -1) facts.hasNullKey = true;
  skip();
  const headers = reader.varint();
  for (let index = 0; index < headers; index++) {
    if (skip() === -1) return false;
    skip();
  }
  return headers >= 0 && reader.offset === end;
}

function field(writer: ByteWriter, bytes: Uint8Array | null): void {
  writer.varint(bytes?.length ?? -1);
  if (bytes !== null) writer.raw(bytes);
}

function write(records: readonly Drawn[]): Uint8Array {
  const all = new ByteWriter();
  records.forEach(({ timestampDelta, key, value, headers }, index) => {
    const body = new ByteWriter();
    body.uint8(0);
    body.varlong(timestampDelta);
    body.varint(index);
    field(body, key);
    field(body, value);
    body.varint(headers.length);
    for (const [name, content] of headers) {
      field(body, name);
      field(body, content);
    }
    all.varint(body.length);
    all.raw(body.copy());
  });
  return all.copy();
}

const bytes = fc.uint8Array({ maxLength: 200 });
const record = fc.record({
  timestampDelta: fc.integer({ min: -1_000_000, max: 2 ** 40 }),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.array(fc.tuple(bytes, fc.option(bytes)), { maxLength: 3 }),
});
const records = fc.array(record, { minLength: 1, maxLength: 70 });

describe('recordFactsOf', () => {
  it('finds what was written', () => {
    fc.assert(
      fc.property(records, (drawn) => {
        expect(recordFactsOf(write(drawn), 0, write(drawn).length)).toEqual({
          count: drawn.length,
          isSequential: true,
          hasNullKey: drawn.some(({ key }) => key === null),
        });
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it('judges any bytes as the reader of all other things does', () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    let refused = 0;
    fc.assert(
      fc.property(records, fc.array(change, { maxLength: 3 }), fc.nat(), (drawn, changes, cut) => {
        const whole = write(drawn);
        const mutated = whole.slice(0, cut % 3 === 0 ? cut % whole.length : whole.length);
        for (const [where, value] of changes) mutated[where % mutated.length] = value;
        const found = recordFactsOf(mutated, 0, mutated.length);
        if (found === undefined) refused++;
        expect(found).toEqual(oracle(mutated));
      }),
      { numRuns: 2000, seed: 2 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  it('reads only between its bounds', () => {
    const one = write([{ timestampDelta: 0, key: null, value: null, headers: [] }]);
    const framed = new Uint8Array([9, ...one, ...one, 9]);
    expect(recordFactsOf(framed, 1, 1 + one.length)?.count).toBe(1);
    expect(recordFactsOf(framed, 1, one.length)).toBeUndefined();
    expect(recordFactsOf(framed, 1, framed.length)).toBeUndefined();
  });
});
