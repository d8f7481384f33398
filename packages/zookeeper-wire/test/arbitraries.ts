import * as fc from 'fast-check';
import { type RecordName, type RecordOf, records, sessionIdOf } from '../src/index.ts';

const int = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const long = fc.maxSafeInteger();
const session = fc.tuple(int, int).map(([high, low]) => sessionIdOf(high, low));
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const buffer = fc.uint8Array({ maxLength: 40 });

function arbitraryOfType(type: string): fc.Arbitrary<unknown> {
  switch (type) {
    case 'int':
      return int;
    case 'long':
      return long;
    case 'session':
      return session;
    case 'boolean':
      return fc.boolean();
    case 'boolean?':
      return fc.option(fc.boolean(), { nil: null });
    case 'ustring':
      return text;
    case 'ustring?':
      return fc.option(text, { nil: null });
    case 'buffer':
      return buffer;
    case 'buffer?':
      return fc.option(buffer, { nil: null });
    default: {
      const item = /^vector<(\w+)>$/.exec(type)?.[1];
      if (item !== undefined) return fc.array(arbitraryOfType(item), { maxLength: 4 });
      return arbitraryOf(type as RecordName);
    }
  }
}

/** Any value of a record, drawn from its definition. */
export function arbitraryOf<Name extends RecordName>(name: Name): fc.Arbitrary<RecordOf<Name>> {
  const fields = Object.entries(records[name]).map(
    ([field, type]) => [field, arbitraryOfType(type as string)] as const,
  );
  return fc.record(Object.fromEntries(fields), { noNullPrototype: true }) as fc.Arbitrary<
    RecordOf<Name>
  >;
}

/** The names of all records. */
export const recordNames = Object.keys(records) as RecordName[];

export { int, long, session, text, buffer };
