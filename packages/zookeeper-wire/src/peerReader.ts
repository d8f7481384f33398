import { type ByteReader } from '@zookafka/base';
import { JuteError } from './jute.ts';
import {
  type ElectionNotification,
  type ForwardedRequest,
  type LeaderInfoMessage,
  type LearnerInfoMessage,
  type PeerHello,
  type PeerMessage,
  type PingReply,
  type RevalidatedMessage,
  type RevalidateMessage,
  type TouchedSession,
} from './peerMessages.ts';
import { peerRoles, peerStates } from './peerTypes.ts';
import { readSessionId } from './straightLine.ts';
import { epochMax, epochOf } from './zxid.ts';

/** The head of a packet. `hasData` is false where the data is null. */
export interface PeerHead {
  readonly type: number;
  readonly zxid: number;
  readonly hasData: boolean;
}

const serverIdMax = 255;
const touchedBytes = 12;
const revalidateBytes = 12;

/**
 * Reads the data of one packet; `authInfo` of a request is left to the caller.
 *
 * @param data the packet's data and nothing else
 * @throws {JuteError} BAD_VALUE; a reader that passes the end throws a BytesError
 */
export function readPeerData(head: PeerHead, data: ByteReader): PeerMessage {
  const { type, zxid } = head;
  switch (type) {
    case 1:
      return readForwarded(data);
    case 2:
      return { kind: 'proposal', zxid, transaction: data.view(data.remaining) };
    case 3:
      return { kind: 'ack', zxid };
    case 4:
      return { kind: 'commit', zxid };
    case 5:
      return head.hasData ? readPingReply(zxid, data) : { kind: 'ping', zxid };
    case 6:
      return readRevalidation(data);
    case 7:
      return { kind: 'sync', sessionId: readSessionId(data), cxid: data.int32() };
    case 8:
      return { kind: 'inform', zxid, transaction: data.view(data.remaining) };
    default:
      return readSynchronization(head, data);
  }
}

function readSynchronization({ type, zxid }: PeerHead, data: ByteReader): PeerMessage {
  switch (type) {
    case 10:
      return { kind: 'newLeader', epoch: epochIn(zxid) };
    case 11:
      return readLearnerInfo('followerInfo', zxid, data);
    case 12:
      return { kind: 'upToDate' };
    case 13:
      return { kind: 'diff', zxid };
    case 14:
      return { kind: 'trunc', zxid };
    case 15:
      return { kind: 'snap', zxid };
    case 16:
      return readLearnerInfo('observerInfo', zxid, data);
    case 17:
      return readLeaderInfo(zxid, data);
    case 18:
      return { kind: 'ackEpoch', lastZxid: zxid, currentEpoch: data.int32() };
    case 101:
      return readHello(data);
    case 102:
      return readNotification(zxid, data);
    case 103:
      return { kind: 'snapChunk', bytes: data.view(data.remaining) };
    case 104:
      return { kind: 'snapEnd' };
    default:
      return refuse('QuorumPacket.type', type);
  }
}

function readForwarded(data: ByteReader): ForwardedRequest {
  return {
    kind: 'request',
    sessionId: readSessionId(data),
    cxid: data.int32(),
    op: data.int32(),
    authInfo: [],
    body: data.view(data.remaining),
  };
}

function readPingReply(zxid: number, data: ByteReader): PingReply {
  const touched: TouchedSession[] = [];
  while (data.remaining >= touchedBytes) {
    touched.push({ sessionId: readSessionId(data), timeoutMs: data.int32() });
  }
  return { kind: 'pingReply', zxid, touched };
}

/** Question and answer have one type; the question is longer. */
function readRevalidation(data: ByteReader): RevalidateMessage | RevalidatedMessage {
  const isQuestion = data.remaining >= revalidateBytes;
  const sessionId = readSessionId(data);
  if (isQuestion) return { kind: 'revalidate', sessionId, timeoutMs: data.int32() };
  return { kind: 'revalidated', sessionId, isValid: data.uint8() !== 0 };
}

function readLearnerInfo(
  kind: LearnerInfoMessage['kind'],
  zxid: number,
  data: ByteReader,
): LearnerInfoMessage {
  const acceptedEpoch = epochIn(zxid);
  return { kind, acceptedEpoch, serverId: readServerId(data), protocolVersion: data.int32() };
}

function readLeaderInfo(zxid: number, data: ByteReader): LeaderInfoMessage {
  data.skip(4);
  return { kind: 'leaderInfo', epoch: epochIn(zxid), ensembleId: readNullableText(data) };
}

function readHello(data: ByteReader): PeerHello {
  const protocolVersion = data.int32();
  const ensembleId = readNullableText(data);
  const serverId = readServerId(data);
  const number = data.int32();
  const role = peerRoles[number] ?? refuse('hello.role', number);
  return { kind: 'hello', protocolVersion, ensembleId, serverId, role };
}

function readNotification(zxid: number, data: ByteReader): ElectionNotification {
  const number = data.int32();
  const state = peerStates[number] ?? refuse('notification.state', number);
  const leader = readServerId(data);
  const electionEpoch = data.int64();
  if (!Number.isSafeInteger(electionEpoch) || electionEpoch < 0) {
    refuse('notification.electionEpoch', electionEpoch);
  }
  const peerEpoch = data.int64();
  if (peerEpoch < -1 || peerEpoch > epochMax) refuse('notification.peerEpoch', peerEpoch);
  return { kind: 'notification', state, leader, zxid, electionEpoch, peerEpoch };
}

function readNullableText(data: ByteReader): string | null {
  const length = data.int32();
  return length === -1 ? null : data.utf8(length);
}

function readServerId(data: ByteReader): number {
  const serverId = data.int64();
  return serverId >= 0 && serverId <= serverIdMax ? serverId : refuse('serverId', serverId);
}

function epochIn(zxid: number): number {
  return zxid < 0 ? refuse('QuorumPacket.zxid', zxid) : epochOf(zxid);
}

function refuse(field: string, value: number): never {
  throw new JuteError(
    { code: 'BAD_VALUE', field, value },
    `Cannot read a message of a member: ${value} is no ${field}`,
  );
}
