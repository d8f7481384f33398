import { ByteReader, bytesToHex, ByteWriter } from '@zookafka/base';
import * as fc from 'fast-check';
import {
  decodePeerMessages,
  encodePeerMessages,
  makeZxid,
  type PeerMessage,
  readRecord,
} from '../src/index.ts';
import { peerMessage } from './peerArbitraries.ts';

function encoded(...messages: PeerMessage[]): Uint8Array {
  const writer = new ByteWriter();
  encodePeerMessages(writer, messages);
  return writer.finish();
}

describe('messages of members', () => {
  it('make the round trip, several in one message of the transport', () => {
    fc.assert(
      fc.property(fc.array(peerMessage, { maxLength: 8 }), (messages) => {
        expect(decodePeerMessages(encoded(...messages))).toEqual(messages);
      }),
      { numRuns: 300 },
    );
  });

  it('are packets of ZooKeeper', () => {
    const zxid = makeZxid(3, 9);
    const transaction = new Uint8Array([1, 2, 3]);
    const reader = new ByteReader(
      encoded({ kind: 'proposal', zxid, transaction }, { kind: 'newLeader', epoch: 3 }),
    );
    expect(readRecord(reader, 'QuorumPacket')).toEqual({
      type: 2,
      zxid,
      data: transaction,
      authinfo: [],
    });
    expect(readRecord(reader, 'QuorumPacket')).toMatchObject({
      type: 10,
      zxid: makeZxid(3, 0),
      data: null,
    });
    expect(bytesToHex(encoded({ kind: 'ack', zxid: 5 }))).toBe(
      '000000030000000000000005ffffffff00000000',
    );
  });

  it('give transactions as views of what came', () => {
    const bytes = encoded({ kind: 'inform', zxid: 1, transaction: new Uint8Array([1, 2]) });
    const [message] = decodePeerMessages(bytes);
    expect(message?.kind === 'inform' && message.transaction.buffer).toBe(bytes.buffer);
  });

  it('tell a ping from its answer, even when nobody was heard of', () => {
    const messages: PeerMessage[] = [
      { kind: 'ping', zxid: 4 },
      { kind: 'pingReply', zxid: 4, touched: [] },
    ];
    expect(decodePeerMessages(encoded(...messages))).toEqual(messages);
  });

  it.each([
    [
      'a type that nobody sends',
      (bytes: Uint8Array) => bytes.fill(0x7f, 0, 4),
      'QuorumPacket.type',
    ],
    [
      'a zxid that is no safe integer',
      (bytes: Uint8Array) => bytes.fill(0x7f, 4, 12),
      'is no zxid',
    ],
    ['an end too early', (bytes: Uint8Array) => bytes.subarray(0, -1), 'it ends too early'],
  ])('refuse %s', (_what, spoil, message) => {
    const bytes = spoil(encoded({ kind: 'commit', zxid: 5 }));
    expect(() => decodePeerMessages(bytes)).toThrow(message);
  });

  it('refuse a server that cannot be', () => {
    const hello = {
      kind: 'hello',
      protocolVersion: 1,
      ensembleId: null,
      role: 'observer',
    } as const;
    expect(() => decodePeerMessages(encoded({ ...hello, serverId: 256 }))).toThrow(
      '256 is no serverId',
    );
  });
});
