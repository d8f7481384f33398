import { ByteReader, bytesConcat, bytesToHex, Prng } from '@zookafka/base';

import { decodeFields } from '../src/decode.ts';
import { encodeFields } from '../src/encode.ts';
import { hotPaths } from '../src/hot/hotPaths.ts';
import {
  type ApiName,
  apis,
  decodeRequest,
  decodeResponse,
  encodeRequestFrame,
  type Field,
  type Fields,
  GatherWriter,
  WireError,
} from '../src/index.ts';
import { string } from '../src/schema.ts';
import { cases, drawStruct } from './drawing.ts';

const names = Object.keys(hotPaths) as ApiName[];
const hotCases = cases.filter(([name]) => names.includes(name));
const directions = hotCases.flatMap(([name, version]) =>
  (['request', 'response'] as const).map((direction) => [name, version, direction] as const),
);

function interpreted(fields: Fields, name: ApiName, version: number, value: object): Uint8Array {
  const writer = new GatherWriter();
  encodeFields(fields, { version, flexibleFrom: apis[name].flexibleFrom }, value, writer);
  return bytesConcat(writer.finishChunks());
}

/** Leaves out a third of the fields, at every depth: encoding gives them their defaults. */
function withGaps(value: unknown, prng: Prng): unknown {
  if (Array.isArray(value)) return value.map((item) => withGaps(item, prng));
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  const kept = Object.entries(value).filter(() => !prng.chance(300));
  return Object.fromEntries(kept.map(([name, item]) => [name, withGaps(item, prng)]));
}

/** The same struct as a later Kafka may have it: every struct got one more tagged field. */
function withLaterTags(fields: Fields, flexibleFrom: number): Fields {
  const later = (field: Field<unknown>): Field<unknown> => ({
    ...field,
    ...(field.fields && { fields: withLaterTags(field.fields, flexibleFrom) }),
    ...(field.item && { item: later(field.item) }),
  });
  return {
    ...Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, later(field)])),
    later: string({ from: flexibleFrom, tagged: flexibleFrom, tag: 40 }),
  };
}

/** What decoding gave or refused, to be compared. */
function outcome(decode: () => unknown): unknown {
  try {
    return decode();
  } catch (error) {
    if (error instanceof WireError) return error.detail;
    throw error;
  }
}

function expectBothSame(
  [name, version, direction]: (typeof directions)[number],
  bytes: Uint8Array,
): void {
  const { flexibleFrom, ...schema } = apis[name];
  const hotReader = new ByteReader(bytes);
  const reader = new ByteReader(bytes);
  const decode = direction === 'request' ? decodeRequest : decodeResponse;
  const hot = outcome(() => decode(name, version, hotReader));
  const oracle = outcome(() => decodeFields(schema[direction], { version, flexibleFrom }, reader));
  expect(hot).toEqual(oracle);
  expect(hotReader.offset).toBe(reader.offset);
}

describe('straight-line code does what the interpreter does', () => {
  it('exists for the directions in which records flow', () => {
    expect(Object.keys(hotPaths['produce'] ?? {})).toEqual(
      expect.arrayContaining(['decodeRequest', 'encodeRequest', 'encodeResponse']),
    );
    expect(Object.keys(hotPaths['fetch'] ?? {})).toEqual(
      expect.arrayContaining([
        'decodeRequest',
        'encodeRequest',
        'decodeResponse',
        'encodeResponse',
      ]),
    );
  });

  it.each(directions)('%s v%i %s: encodes the same bytes', (name, version, direction) => {
    const hot = hotPaths[name] ?? {};
    const encode = direction === 'request' ? 'encodeRequest' : 'encodeResponse';
    const prng = new Prng(version + 1);
    for (let round = 0; hot[encode] !== undefined && round < 25; round++) {
      const full = drawStruct(apis[name][direction], version, prng);
      const value = (round % 2 === 0 ? full : withGaps(full, prng)) as object;
      const writer = new GatherWriter();
      hot[encode](value, version, writer);
      const bytes = bytesConcat(writer.finishChunks());
      expect(bytesToHex(bytes)).toBe(
        bytesToHex(interpreted(apis[name][direction], name, version, value)),
      );
    }
  });

  it.each(directions)('%s v%i %s: decodes the same value', (...at) => {
    const [name, version, direction] = at;
    const prng = new Prng(version + 2);
    const fields = apis[name][direction];
    const later = withLaterTags(fields, apis[name].flexibleFrom);
    for (let round = 0; round < 12; round++) {
      expectBothSame(at, interpreted(fields, name, version, drawStruct(fields, version, prng)));
      expectBothSame(at, interpreted(later, name, version, drawStruct(later, version, prng)));
    }
  });

  it('passes over what a later version added to a tagged field, and refuses one that passes its end', () => {
    const bytes = encodeRequestFrame(
      'fetch',
      { apiVersion: 12, correlationId: 0, clientId: null },
      { clusterId: 'abc' },
    )[0] as Uint8Array;
    // The frame ends in: one tag, tag 0, 4 bytes, of which one is the length of the string.
    expect([...bytes.subarray(-7)]).toEqual([1, 0, 4, 4, 97, 98, 99]);
    const decode = (...tags: number[]): string | null => {
      const changed = Uint8Array.from([...bytes.subarray(15, -7), ...tags]);
      return decodeRequest('fetch', 12, new ByteReader(changed)).clusterId;
    };
    expect(decode(1, 0, 4, 4, 97, 98, 99)).toBe('abc');
    expect(decode(1, 0, 5, 4, 97, 98, 99, 7)).toBe('abc');
    expect(decode(2, 0, 4, 4, 97, 98, 99, 9, 1, 255)).toBe('abc');
    expect(() => decode(1, 0, 3, 4, 97, 98, 99)).toThrow('Cannot read clusterId: its length 3');
  });

  it.each(directions)('%s v%i %s: refuses the same broken bytes', (...at) => {
    const [name, version, direction] = at;
    const prng = new Prng(version + 3);
    const fields = apis[name][direction];
    for (let round = 0; round < 25; round++) {
      const bytes = interpreted(fields, name, version, drawStruct(fields, version, prng));
      for (let count = prng.below(3); count >= 0; count--) {
        bytes[prng.below(bytes.length)] = prng.chance(500)
          ? prng.below(256)
          : prng.pick([0, 1, 255]);
      }
      expectBothSame(at, prng.chance(300) ? bytes.subarray(0, prng.below(bytes.length)) : bytes);
    }
  });
});
