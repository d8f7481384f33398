import { ByteReader, ByteWriter } from '@zookafka/base';
import * as fc from 'fast-check';
import {
  decodeConnectRequest,
  decodeConnectResponse,
  decodePeerMessages,
  decodeReply,
  decodeRequestFrame,
  encodePeerMessages,
  encodeReply,
  JuteError,
  type OperationName,
  operations,
  type Response,
  writeRequestFrame,
} from '../src/index.ts';
import { arbitraryOf } from './arbitraries.ts';
import { peerMessage } from './peerArbitraries.ts';

type Change = readonly [number, number];

const changes = fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 })), { maxLength: 6 });
const cut = fc.nat(400);

/** Overwrites some bytes, and cuts the end off in some cases. */
function mutated(bytes: Uint8Array, list: readonly Change[], length: number): Uint8Array {
  const copy = bytes.slice();
  for (const [at, value] of list) if (copy.length > 0) copy[at % copy.length] = value;
  return length % 3 === 0 ? copy.subarray(0, length) : copy;
}

function refusesOnlyWithItsCode(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof JuteError)) throw error;
  }
}

const ops = [...Object.keys(operations), 'multi', 'multiRead'] as OperationName[];

describe('mutated bytes', () => {
  it('of requests throw nothing but the coded error', () => {
    const sample = {
      op: 'multi',
      operations: fc
        .sample(arbitraryOf('CreateRequest'), { numRuns: 3, seed: 5 })
        .map((fields) => ({
          op: 'create' as const,
          ...fields,
        })),
    } as const;
    const create = arbitraryOf('CreateRequest').map(
      (fields) => ({ op: 'create', ...fields }) as const,
    );
    fc.assert(
      fc.property(fc.oneof(create, fc.constant(sample)), changes, cut, (request, list, length) => {
        const writer = new ByteWriter();
        writeRequestFrame(writer, 1, request);
        const frame = mutated(writer.finish().subarray(4), list, length);
        refusesOnlyWithItsCode(() => decodeRequestFrame(frame));
      }),
      { numRuns: 2000 },
    );
  });

  it('of replies throw nothing but the coded error, whatever was asked', () => {
    const children = arbitraryOf('GetChildren2Response').map((fields): Response => ({
      op: 'getChildren2',
      ...fields,
    }));
    fc.assert(
      fc.property(children, changes, cut, fc.constantFrom(...ops), (response, list, length, op) => {
        const writer = new ByteWriter();
        encodeReply(writer, { xid: 1, zxid: 2, err: 0, response });
        const frame = mutated(writer.finish(), list, length);
        refusesOnlyWithItsCode(() => decodeReply(new ByteReader(frame), op));
      }),
      { numRuns: 2000 },
    );
  });

  it('of messages of members throw nothing but the coded error', () => {
    const messages = fc.array(peerMessage, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(messages, changes, cut, (list, spoilt, length) => {
        const writer = new ByteWriter();
        encodePeerMessages(writer, list);
        const bytes = mutated(writer.finish(), spoilt, length);
        refusesOnlyWithItsCode(() => decodePeerMessages(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('without any sense throw nothing but the coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...ops), (bytes, op) => {
        refusesOnlyWithItsCode(() => decodeRequestFrame(bytes));
        refusesOnlyWithItsCode(() => decodeReply(new ByteReader(bytes), op));
        refusesOnlyWithItsCode(() => decodeConnectRequest(bytes));
        refusesOnlyWithItsCode(() => decodeConnectResponse(bytes));
        refusesOnlyWithItsCode(() => decodePeerMessages(bytes));
      }),
      { numRuns: 2000 },
    );
  });
});
