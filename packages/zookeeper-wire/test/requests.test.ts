import { ByteReader, bytesToHex, ByteWriter } from '@zookafka/base';
import * as fc from 'fast-check';
import {
  decodeReply,
  decodeRequest,
  decodeRequestFrame,
  encodeReply,
  errorCodes,
  multiError,
  openAcl,
  operationCode,
  operations,
  type PlainOperationName,
  type RecordName,
  type Reply,
  type Request,
  requestType,
  type Response,
  writeEventFrame,
  writeReplyFrame,
  writeRequestFrame,
} from '../src/index.ts';
import { interpretedWrite, interpretRequest } from '../src/requestCodec.ts';
import { interpretedResponseWrite, interpretResponse } from '../src/responseCodec.ts';
import { encodeRequest, encodeResponse, decodeResponse } from '../src/index.ts';
import { arbitraryOf } from './arbitraries.ts';

const names = Object.keys(operations) as PlainOperationName[];

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  write(writer);
  return writer.finish();
}

function withOp(op: string, record: RecordName | null): fc.Arbitrary<unknown> {
  if (record === null) return fc.constant({ op });
  return arbitraryOf(record).map((fields) => ({ op, ...fields }));
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const hex = (text: string): string => text.replace(/\s+/g, '');

const stat = {
  czxid: 0x1_0000_0002,
  mzxid: 0x1_0000_0003,
  ctime: 1_700_000_000_000,
  mtime: 1_700_000_000_001,
  version: 1,
  cversion: 2,
  aversion: 0,
  ephemeralOwner: { high: 0x0100_0000, low: 5 },
  dataLength: 3,
  numChildren: 0,
  pzxid: 0x1_0000_0002,
};

describe('a request', () => {
  it.each(names)('of %s makes the round trip, by both codecs alike', (op) => {
    fc.assert(
      fc.property(withOp(op, operations[op].request), (value) => {
        const request = value as Request;
        const bytes = written((writer) => {
          interpretedWrite(writer, request);
        });
        expect(
          written((writer) => {
            encodeRequest(writer, request);
          }),
        ).toEqual(bytes);
        expect(decodeRequest(new ByteReader(bytes), operationCode(op))).toEqual(request);
        expect(interpretRequest(new ByteReader(bytes), op)).toEqual(request);
      }),
      { numRuns: 40 },
    );
  });

  it('of an unknown type says so, whatever follows', () => {
    const bytes = written((writer) => {
      writeRequestFrame(writer, 9, { op: 'unknown', type: 4711 });
    });
    expect(decodeRequestFrame(bytes.subarray(4))).toEqual({
      header: { xid: 9, type: 4711 },
      request: { op: 'unknown', type: 4711 },
    });
  });

  it('has these bytes on the wire: length, xid, type, path, null data, open access list, flags', () => {
    const request = { op: 'create', path: '/q', data: null, acl: openAcl, flags: 2 } as const;
    const bytes = written((writer) => {
      writeRequestFrame(writer, 1, request);
    });
    expect(bytesToHex(bytes)).toBe(
      hex(`00000031 00000001 00000001 00000002 2f71 ffffffff 00000001 0000001f
           00000005 776f726c64 00000006 616e796f6e65 00000002`),
    );
  });
});

describe('a reply', () => {
  it.each(names)('to %s makes the round trip, by both codecs alike', (op) => {
    fc.assert(
      fc.property(withOp(op, operations[op].response), (value) => {
        const response = value as Response;
        const bytes = written((writer) => {
          interpretedResponseWrite(writer, response);
        });
        expect(
          written((writer) => {
            encodeResponse(writer, response);
          }),
        ).toEqual(bytes);
        expect(decodeResponse(new ByteReader(bytes), op)).toEqual(response);
        expect(interpretResponse(new ByteReader(bytes), op)).toEqual(response);
      }),
      { numRuns: 40 },
    );
  });

  it('holds no response when it holds an error', () => {
    const reply: Reply = { xid: 3, zxid: 17, err: errorCodes.NoNode, response: null };
    const bytes = written((writer) => {
      writeReplyFrame(writer, { ...reply, response: { op: 'create', path: '/never' } });
    });
    expect(bytesToHex(bytes)).toBe(hex('00000010 00000003 0000000000000011 ffffff9b'));
    expect(decodeReply(new ByteReader(bytes, 4), 'create')).toEqual(reply);
  });
});

describe('a notification', () => {
  it('is a reply with xid -1 and the event', () => {
    const bytes = written((writer) => {
      writeEventFrame(writer, { type: 3, state: 3, path: '/a' }, 5);
    });
    expect(bytesToHex(bytes)).toBe(
      hex('0000001e ffffffff 0000000000000005 00000000 00000003 00000003 00000002 2f61'),
    );
  });
});

describe('a multi', () => {
  const request: Request = {
    op: 'multi',
    operations: [
      { op: 'check', path: '/c', version: 4 },
      { op: 'create', path: '/e', data: null, acl: openAcl, flags: 1 },
      { op: 'setData', path: '/e', data: bytesOf('{}'), version: 0 },
      { op: 'delete', path: '/d', version: -1 },
    ],
  };

  it('frames each operation with its type, and ends with -1, done, -1', () => {
    const bytes = written((writer) => {
      encodeRequest(writer, {
        op: 'multi',
        operations: [{ op: 'check', path: '/c', version: 4 }],
      });
    });
    expect(bytesToHex(bytes)).toBe(
      hex('0000000d 00 ffffffff 00000002 2f63 00000004 ffffffff 01 ffffffff'),
    );
  });

  it('makes the round trip', () => {
    const bytes = written((writer) => {
      encodeRequest(writer, request);
    });
    expect(decodeRequest(new ByteReader(bytes), 14)).toEqual(request);
    expect(requestType(request)).toBe(14);
  });

  it('answers with one result an operation', () => {
    const response: Response = {
      op: 'multi',
      results: [
        { op: 'check' },
        { op: 'create', path: '/e' },
        { op: 'create2', path: '/f', stat },
        { op: 'setData', stat },
        { op: 'delete' },
      ],
    };
    const bytes = written((writer) => {
      encodeReply(writer, { xid: 1, zxid: 2, err: 0, response });
    });
    expect(decodeReply(new ByteReader(bytes), 'multi').response).toEqual(response);
    expect(multiError(response.results)).toBe(0);
  });

  it('that failed has no error in its header, and errors for all results: 0, its own, -2', () => {
    const results = [0, errorCodes.NodeExists, errorCodes.RuntimeInconsistency].map(
      (err) => ({ op: 'error', err }) as const,
    );
    const bytes = written((writer) => {
      encodeReply(writer, { xid: 1, zxid: 2, err: 0, response: { op: 'multi', results } });
    });
    expect(bytesToHex(bytes)).toBe(
      hex(`00000001 0000000000000002 00000000
           ffffffff 00 00000000 00000000
           ffffffff 00 ffffff92 ffffff92
           ffffffff 00 fffffffe fffffffe
           ffffffff 01 ffffffff`),
    );
    expect(decodeReply(new ByteReader(bytes), 'multi').response).toEqual({ op: 'multi', results });
    expect(multiError(results)).toBe(errorCodes.NodeExists);
  });

  it('may hold no read, and a multiRead no write', () => {
    const bytes = written((writer) => {
      encodeRequest(writer, {
        op: 'multiRead',
        operations: [{ op: 'getData', path: '/a', watch: false }],
      });
    });
    expect(decodeRequest(new ByteReader(bytes), 22).op).toBe('multiRead');
    expect(() => decodeRequest(new ByteReader(bytes), 14)).toThrow('of type 4');
    const write = written((writer) => {
      encodeRequest(writer, request);
    });
    expect(() => decodeRequest(new ByteReader(write), 22)).toThrow('of type 13');
  });

  it('of reads answers each alone, data or error', () => {
    const response: Response = {
      op: 'multiRead',
      results: [
        { op: 'getData', data: null, stat },
        { op: 'error', err: errorCodes.NoNode },
        { op: 'getChildren', children: ['a', 'b'] },
      ],
    };
    const bytes = written((writer) => {
      encodeReply(writer, { xid: 1, zxid: 2, err: 0, response });
    });
    expect(decodeReply(new ByteReader(bytes), 'multiRead').response).toEqual(response);
  });
});
