import { ByteWriter, type Prng } from '@zookafka/base';
import { encodePeerMessage, type PeerMessage, zabProtocolVersion } from '@zookafka/zookeeper-wire';
import { integer, noise, type ValidFrame } from './mutate.ts';

/** The type of a packet stands in its first four bytes. */
const peerHeadBytes = 4;

const epochMax = 5;

/** The names of all frames that `hello` and `peerMessage` make. */
export const peerFrameNames: readonly string[] = [
  ...['hello', 'notification', 'request', 'proposal', 'inform', 'ack', 'commit', 'ping', 'diff'],
  ...['trunc', 'snap', 'upToDate', 'snapEnd', 'pingReply', 'revalidate', 'revalidated', 'sync'],
  ...['followerInfo', 'observerInfo', 'leaderInfo', 'ackEpoch', 'newLeader', 'snapChunk'],
].map((kind) => `peer ${kind}`);

/** A greeting of a member that the other knows, or that it must refuse. */
export function hello(prng: Prng, serverId: number): ValidFrame {
  return encoded({
    kind: 'hello',
    protocolVersion: prng.chance(950) ? zabProtocolVersion : integer(prng, 32),
    ensembleId: prng.pick([null, 'another', '']),
    serverId,
    role: prng.pick(['participant', 'observer']),
  });
}

/** Any message that members send to each other after they have greeted. */
export function peerMessage(prng: Prng): ValidFrame {
  return encoded(messageOf(prng));
}

function encoded(message: PeerMessage): ValidFrame {
  const writer = new ByteWriter();
  encodePeerMessage(writer, message);
  const bytes = Buffer.from(writer.copy());
  return { name: `peer ${message.kind}`, bytes, headBytes: peerHeadBytes };
}

function messageOf(prng: Prng): PeerMessage {
  const epoch = prng.below(epochMax);
  const zxid = epoch * 0x1_0000_0000 + prng.below(1000);
  const sessionId = { high: prng.uint32() | 0, low: prng.uint32() | 0 };
  const cxid = prng.below(1000);
  const body = noise(prng, 80);
  const messages: readonly PeerMessage[] = [
    {
      kind: 'notification',
      state: prng.pick(['looking', 'following', 'leading', 'observing']),
      leader: prng.below(5),
      zxid,
      electionEpoch: prng.below(epochMax),
      peerEpoch: epoch,
    },
    { kind: 'request', sessionId, cxid, op: prng.below(23), authInfo: [], body },
    { kind: prng.pick(['proposal', 'inform']), zxid, transaction: body },
    { kind: prng.pick(['ack', 'commit', 'ping', 'diff', 'trunc', 'snap']), zxid },
    { kind: prng.pick(['upToDate', 'snapEnd']) },
    { kind: 'pingReply', zxid, touched: [{ sessionId, timeoutMs: integer(prng, 32) }] },
    { kind: 'revalidate', sessionId, timeoutMs: integer(prng, 32) },
    { kind: 'revalidated', sessionId, isValid: prng.chance(500) },
    { kind: 'sync', sessionId, cxid },
    {
      kind: prng.pick(['followerInfo', 'observerInfo']),
      acceptedEpoch: epoch,
      serverId: prng.below(5),
      protocolVersion: zabProtocolVersion,
    },
    { kind: 'leaderInfo', epoch, ensembleId: null },
    { kind: 'ackEpoch', lastZxid: zxid, currentEpoch: epoch },
    { kind: 'newLeader', epoch },
    { kind: 'snapChunk', bytes: body },
  ];
  return prng.pick(messages);
}
