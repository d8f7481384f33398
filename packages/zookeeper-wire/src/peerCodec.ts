import { ByteReader, BytesError, type ByteWriter, unreachable } from '@zookafka/base';
import { JuteError, readLength, writeBuffer, writeUstring } from './jute.ts';
import { peerRoles, peerStates, peerTypes } from './peerTypes.ts';
import { type ElectionNotification, type PeerHello, type PeerMessage } from './peerMessages.ts';
import { readPeerData } from './peerReader.ts';
import { readAuthIds, writeAuthIds, writeSessionId } from './straightLine.ts';
import { makeZxid } from './zxid.ts';

/** What LEADERINFO and FOLLOWERINFO name as the version of Zab. */
export const zabProtocolVersion = 0x10000;

/** Writes messages one after the other: together they make one message of the transport. */
export function encodePeerMessages(writer: ByteWriter, messages: readonly PeerMessage[]): void {
  for (const message of messages) encodePeerMessage(writer, message);
}

/** Writes one message as a packet: type, zxid, data, identities. */
export function encodePeerMessage(writer: ByteWriter, message: PeerMessage): void {
  writer.int32(peerTypes[message.kind]);
  writer.int64(zxidOf(message));
  writeData(writer, message);
  if (message.kind === 'request') writeAuthIds(writer, message.authInfo);
  else writer.int32(0);
}

/**
 * Reads all messages of one message of the transport. Bytes in them are views.
 *
 * @throws {JuteError} when the bytes are no messages, or name what can be no zxid, epoch or server
 */
export function decodePeerMessages(bytes: Uint8Array): PeerMessage[] {
  const reader = new ByteReader(bytes);
  const messages: PeerMessage[] = [];
  try {
    while (reader.remaining > 0) messages.push(readMessage(reader));
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause;
    throw new JuteError(
      { code: 'TRUNCATED', field: 'QuorumPacket.data', needed: 0 },
      'Cannot read a message of a member: it ends too early',
      { cause },
    );
  }
  return messages;
}

function readMessage(reader: ByteReader): PeerMessage {
  const type = reader.int32();
  const zxid = reader.int64();
  if (!Number.isSafeInteger(zxid) || zxid < -1) {
    throw new JuteError(
      { code: 'BAD_VALUE', field: 'QuorumPacket.zxid', value: zxid },
      `Cannot read a message of a member: ${zxid} is no zxid`,
    );
  }
  const length = readLength(reader, 1, 'QuorumPacket.data');
  const end = reader.offset + Math.max(length, 0);
  const data = new ByteReader(reader.bytes, reader.offset, end);
  const message = readPeerData({ type, zxid, hasData: length !== -1 }, data);
  reader.offset = end;
  const authInfo = readAuthIds(reader);
  return message.kind === 'request' ? { ...message, authInfo } : message;
}

function zxidOf(message: PeerMessage): number {
  switch (message.kind) {
    case 'ackEpoch':
      return message.lastZxid;
    case 'newLeader':
    case 'leaderInfo':
      return makeZxid(message.epoch, 0);
    case 'followerInfo':
    case 'observerInfo':
      return makeZxid(message.acceptedEpoch, 0);
    default:
      return 'zxid' in message ? message.zxid : -1;
  }
}

function writeData(writer: ByteWriter, message: PeerMessage): void {
  switch (message.kind) {
    case 'proposal':
    case 'inform':
      writeBuffer(writer, message.transaction);
      return;
    case 'snapChunk':
      writeBuffer(writer, message.bytes);
      return;
    case 'ack':
    case 'commit':
    case 'ping':
    case 'diff':
    case 'trunc':
    case 'snap':
    case 'snapEnd':
    case 'upToDate':
    case 'newLeader':
      writer.int32(-1);
      return;
    default: {
      const at = writer.skip(4);
      writeFields(writer, message);
      writer.patchInt32(at, writer.length - at - 4);
    }
  }
}

type WithFields = Exclude<PeerMessage, { kind: DataOnly }>;
type DataOnly =
  | 'proposal'
  | 'inform'
  | 'snapChunk'
  | 'ack'
  | 'commit'
  | 'ping'
  | 'diff'
  | 'trunc'
  | 'snap'
  | 'snapEnd'
  | 'upToDate'
  | 'newLeader';

function writeFields(writer: ByteWriter, message: WithFields): void {
  switch (message.kind) {
    case 'request':
      writeSessionId(writer, message.sessionId);
      writer.int32(message.cxid);
      writer.int32(message.op);
      writer.raw(message.body);
      return;
    case 'pingReply':
      for (const { sessionId, timeoutMs } of message.touched) {
        writeSessionId(writer, sessionId);
        writer.int32(timeoutMs);
      }
      return;
    case 'revalidate':
      writeSessionId(writer, message.sessionId);
      writer.int32(message.timeoutMs);
      return;
    case 'revalidated':
      writeSessionId(writer, message.sessionId);
      writer.uint8(message.isValid ? 1 : 0);
      return;
    case 'sync':
      writeSessionId(writer, message.sessionId);
      writer.int32(message.cxid);
      return;
    case 'followerInfo':
    case 'observerInfo':
      writer.int64(message.serverId);
      writer.int32(message.protocolVersion);
      writer.int64(0);
      return;
    case 'leaderInfo':
      writer.int32(zabProtocolVersion);
      writeUstring(writer, message.ensembleId);
      return;
    case 'ackEpoch':
      writer.int32(message.currentEpoch);
      return;
    case 'hello':
      writeHello(writer, message);
      return;
    case 'notification':
      writeNotification(writer, message);
      return;
    default:
      unreachable(message);
  }
}

function writeHello(writer: ByteWriter, hello: PeerHello): void {
  writer.int32(hello.protocolVersion);
  writeUstring(writer, hello.ensembleId);
  writer.int64(hello.serverId);
  writer.int32(peerRoles.indexOf(hello.role));
}

function writeNotification(writer: ByteWriter, vote: ElectionNotification): void {
  writer.int32(peerStates.indexOf(vote.state));
  writer.int64(vote.leader);
  writer.int64(vote.electionEpoch);
  writer.int64(vote.peerEpoch);
}
