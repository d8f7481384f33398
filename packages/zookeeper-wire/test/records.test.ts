import { ByteReader, ByteWriter } from '@zookafka/base';
import * as fc from 'fast-check';
import {
  decodeRecord,
  encodeRecord,
  interpretRead,
  interpretWrite,
  JuteError,
  type RecordName,
  records,
} from '../src/index.ts';
import { straightLineCodecs } from '../src/recordCodec.ts';
import { arbitraryOf, recordNames } from './arbitraries.ts';

function interpreted(name: RecordName, value: unknown): Uint8Array {
  const writer = new ByteWriter();
  interpretWrite(writer, name, value as never);
  return writer.finish();
}

function errorOf(act: () => unknown): JuteError {
  try {
    act();
  } catch (error) {
    if (error instanceof JuteError) return error;
    throw error;
  }
  throw new Error('It did not throw');
}

describe('a record', () => {
  it.each(recordNames)('%s reads back as it was written', (name) => {
    fc.assert(
      fc.property(arbitraryOf(name), (value) => {
        expect(decodeRecord(encodeRecord(name, value), name)).toEqual(value);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps null data apart from empty data', () => {
    const base = { path: '/a', acl: [], flags: 0 };
    const ofNull = encodeRecord('CreateRequest', { ...base, data: null });
    const ofEmpty = encodeRecord('CreateRequest', { ...base, data: new Uint8Array(0) });
    expect(ofNull).not.toEqual(ofEmpty);
    expect(decodeRecord(ofNull, 'CreateRequest').data).toBeNull();
    expect(decodeRecord(ofEmpty, 'CreateRequest').data).toEqual(new Uint8Array(0));
  });

  it('reads null as empty where a field has no use for null', () => {
    const nulls = new Uint8Array(16).fill(0xff);
    nulls.fill(0, 12);
    expect(decodeRecord(nulls, 'CreateRequest')).toEqual({
      path: '',
      data: null,
      acl: [],
      flags: 0,
    });
  });

  it('leaves out the readOnly byte that a client left out: 44 bytes', () => {
    const request = {
      protocolVersion: 0,
      lastZxidSeen: 0,
      timeOut: 18000,
      sessionId: { high: 0, low: 0 },
      passwd: new Uint8Array(16),
    };
    const short = encodeRecord('ConnectRequest', { ...request, readOnly: null });
    expect(short).toHaveLength(44);
    expect(decodeRecord(short, 'ConnectRequest').readOnly).toBeNull();
    const long = encodeRecord('ConnectRequest', { ...request, readOnly: false });
    expect(long).toHaveLength(45);
    expect(decodeRecord(long, 'ConnectRequest').readOnly).toBe(false);
  });

  it('takes a session of a server above 127, which is a negative long', () => {
    const bytes = encodeRecord('ReplyHeader', { xid: 1, zxid: -1, err: -101 });
    expect([...bytes]).toEqual([
      0, 0, 0, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 155,
    ]);
    const stat = Object.fromEntries(Object.keys(records.Stat).map((field) => [field, 0]));
    const owner = { high: 0xff000001, low: 0xfffffffe };
    const whole = { ...stat, ephemeralOwner: owner } as never;
    expect(decodeRecord(encodeRecord('Stat', whole), 'Stat').ephemeralOwner).toEqual(owner);
  });
});

describe('the straight-line code', () => {
  it.each(Object.keys(straightLineCodecs) as RecordName[])(
    'of %s writes and reads what the interpreter does',
    (name) => {
      fc.assert(
        fc.property(arbitraryOf(name), (value) => {
          const bytes = interpreted(name, value);
          expect(encodeRecord(name, value)).toEqual(bytes);
          expect(decodeRecord(bytes, name)).toEqual(interpretRead(new ByteReader(bytes), name));
        }),
      );
    },
  );
});

describe('bytes that are no record', () => {
  it.each(recordNames.filter((name) => !name.startsWith('Connect')))(
    '%s cut short is refused, wherever it is cut, and the field is named',
    (name) => {
      const [value] = fc.sample(arbitraryOf(name), { numRuns: 1, seed: 7 });
      const bytes = encodeRecord(name, value as never);
      for (let length = 0; length < bytes.length; length++) {
        const { detail } = errorOf(() => decodeRecord(bytes.subarray(0, length), name));
        expect(detail).toMatchObject({ code: 'TRUNCATED' });
        expect('field' in detail && detail.field).toMatch(/^\w+\.\w+$/);
      }
    },
  );

  it('names the field whose length is negative', () => {
    const bytes = new Uint8Array([0x80, 0, 0, 0, 0]);
    expect(errorOf(() => decodeRecord(bytes, 'GetDataRequest')).detail).toEqual({
      code: 'BAD_LENGTH',
      field: 'GetDataRequest.path',
      length: -0x8000_0000,
    });
    expect(errorOf(() => decodeRecord(bytes, 'DeleteTxn')).detail).toMatchObject({
      code: 'BAD_LENGTH',
      field: 'DeleteTxn.path',
    });
  });

  it('believes no count beyond the bytes that are there', () => {
    const bytes = new Uint8Array([0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    expect(errorOf(() => decodeRecord(bytes, 'CloseSessionTxn')).detail).toMatchObject({
      code: 'TRUNCATED',
      field: 'CloseSessionTxn.paths2Delete',
    });
  });
});
