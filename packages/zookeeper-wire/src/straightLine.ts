import { type ByteReader, type ByteWriter } from '@zookafka/base';
import { writeBuffer, writeUstring } from './jute.ts';
import {
  type Acl,
  type QuorumPacket,
  type RecordOf,
  type ReplyHeader,
  type RequestHeader,
  type Stat,
  type TxnHeader,
  type WatcherEvent,
} from './recordTypes.ts';
import { type AuthId } from './peerMessages.ts';
import { type SessionId, sessionIdOf } from './sessionId.ts';

/*
 * Straight-line code for what every request passes through. Readers here check no lengths themselves: the byte reader
 * refuses to pass the end, and the caller then asks the interpreter, which names the field.
 */

const empty = new Uint8Array(0);

/** Reads a string; null reads as empty. */
export function readText(reader: ByteReader): string {
  const length = reader.int32();
  return length === -1 ? '' : reader.utf8(length);
}

/** Reads bytes that may be null: a view. */
export function readData(reader: ByteReader): Uint8Array | null {
  const length = reader.int32();
  return length === -1 ? null : reader.view(length);
}

/** Reads bytes; null reads as empty. A view. */
export function readBytes(reader: ByteReader): Uint8Array {
  return readData(reader) ?? empty;
}

/** Reads a list of strings. */
export function readTexts(reader: ByteReader): string[] {
  const count = countOf(reader, 4);
  const texts: string[] = [];
  for (let index = 0; index < count; index++) texts.push(readText(reader));
  return texts;
}

/** Writes a list of strings. */
export function writeTexts(writer: ByteWriter, texts: readonly string[]): void {
  writer.int32(texts.length);
  for (const text of texts) writeUstring(writer, text);
}

/** Reads an access list. */
export function readAcls(reader: ByteReader): Acl[] {
  const count = countOf(reader, 12);
  const acl: Acl[] = [];
  for (let index = 0; index < count; index++) {
    acl.push({
      perms: reader.int32(),
      id: { scheme: readText(reader), id: readText(reader) },
    });
  }
  return acl;
}

/** Writes an access list. */
export function writeAcls(writer: ByteWriter, acl: readonly Acl[]): void {
  writer.int32(acl.length);
  for (const { perms, id } of acl) {
    writer.int32(perms);
    writeUstring(writer, id.scheme);
    writeUstring(writer, id.id);
  }
}

/** Reads a session's id. */
export function readSessionId(reader: ByteReader): SessionId {
  const high = reader.int32();
  return sessionIdOf(high, reader.int32());
}

/** Writes a session's id. */
export function writeSessionId(writer: ByteWriter, { high, low }: SessionId): void {
  writer.int32(high);
  writer.int32(low);
}

/** Reads a Stat. */
export function readStat(reader: ByteReader): Stat {
  return {
    czxid: reader.int64(),
    mzxid: reader.int64(),
    ctime: reader.int64(),
    mtime: reader.int64(),
    version: reader.int32(),
    cversion: reader.int32(),
    aversion: reader.int32(),
    ephemeralOwner: readSessionId(reader),
    dataLength: reader.int32(),
    numChildren: reader.int32(),
    pzxid: reader.int64(),
  };
}

/** Writes a Stat. */
export function writeStat(writer: ByteWriter, stat: Stat): void {
  writer.int64(stat.czxid);
  writer.int64(stat.mzxid);
  writer.int64(stat.ctime);
  writer.int64(stat.mtime);
  writer.int32(stat.version);
  writer.int32(stat.cversion);
  writer.int32(stat.aversion);
  writeSessionId(writer, stat.ephemeralOwner);
  writer.int32(stat.dataLength);
  writer.int32(stat.numChildren);
  writer.int64(stat.pzxid);
}

/** Reads the head of a request. */
export function readRequestHeader(reader: ByteReader): RequestHeader {
  return { xid: reader.int32(), type: reader.int32() };
}

/** Writes the head of a request. */
export function writeRequestHeader(writer: ByteWriter, header: RequestHeader): void {
  writer.int32(header.xid);
  writer.int32(header.type);
}

/** Reads the head of a reply. */
export function readReplyHeader(reader: ByteReader): ReplyHeader {
  return { xid: reader.int32(), zxid: reader.int64(), err: reader.int32() };
}

/** Writes the head of a reply. */
export function writeReplyHeader(writer: ByteWriter, header: ReplyHeader): void {
  writer.int32(header.xid);
  writer.int64(header.zxid);
  writer.int32(header.err);
}

/** Reads an event. */
export function readWatcherEvent(reader: ByteReader): WatcherEvent {
  return { type: reader.int32(), state: reader.int32(), path: readText(reader) };
}

/** Writes an event. */
export function writeWatcherEvent(writer: ByteWriter, event: WatcherEvent): void {
  writer.int32(event.type);
  writer.int32(event.state);
  writeUstring(writer, event.path);
}

/** Reads the head of a transaction. */
export function readTxnHeader(reader: ByteReader): TxnHeader {
  return {
    clientId: readSessionId(reader),
    cxid: reader.int32(),
    zxid: reader.int64(),
    time: reader.int64(),
    type: reader.int32(),
  };
}

/** Writes the head of a transaction. */
export function writeTxnHeader(writer: ByteWriter, header: TxnHeader): void {
  writeSessionId(writer, header.clientId);
  writer.int32(header.cxid);
  writer.int64(header.zxid);
  writer.int64(header.time);
  writer.int32(header.type);
}

/** Reads the transaction of a create. */
export function readCreateTxn(reader: ByteReader): RecordOf<'CreateTxn'> {
  return {
    path: readText(reader),
    data: readData(reader),
    acl: readAcls(reader),
    ephemeral: reader.uint8() !== 0,
    parentCVersion: reader.int32(),
  };
}

/** Writes the transaction of a create. */
export function writeCreateTxn(writer: ByteWriter, txn: RecordOf<'CreateTxn'>): void {
  writeUstring(writer, txn.path);
  writeBuffer(writer, txn.data);
  writeAcls(writer, txn.acl);
  writer.uint8(txn.ephemeral ? 1 : 0);
  writer.int32(txn.parentCVersion);
}

/** Reads the transaction of a setData. */
export function readSetDataTxn(reader: ByteReader): RecordOf<'SetDataTxn'> {
  return { path: readText(reader), data: readData(reader), version: reader.int32() };
}

/** Writes the transaction of a setData. */
export function writeSetDataTxn(writer: ByteWriter, txn: RecordOf<'SetDataTxn'>): void {
  writeUstring(writer, txn.path);
  writeBuffer(writer, txn.data);
  writer.int32(txn.version);
}

/** Reads the transaction of a delete. */
export function readDeleteTxn(reader: ByteReader): RecordOf<'DeleteTxn'> {
  return { path: readText(reader) };
}

/** Writes the transaction of a delete. */
export function writeDeleteTxn(writer: ByteWriter, txn: RecordOf<'DeleteTxn'>): void {
  writeUstring(writer, txn.path);
}

/** Reads the packet that members exchange. */
export function readQuorumPacket(reader: ByteReader): QuorumPacket {
  return {
    type: reader.int32(),
    zxid: reader.int64(),
    data: readData(reader),
    authinfo: readAuthIds(reader),
  };
}

/** Writes the packet that members exchange. */
export function writeQuorumPacket(writer: ByteWriter, packet: QuorumPacket): void {
  writer.int32(packet.type);
  writer.int64(packet.zxid);
  writeBuffer(writer, packet.data);
  writeAuthIds(writer, packet.authinfo);
}

/** Writes a list of identities. */
export function writeAuthIds(writer: ByteWriter, authInfo: readonly AuthId[]): void {
  writer.int32(authInfo.length);
  for (const { scheme, id } of authInfo) {
    writeUstring(writer, scheme);
    writeUstring(writer, id);
  }
}

/** Reads a list of identities. */
export function readAuthIds(reader: ByteReader): AuthId[] {
  const count = countOf(reader, 8);
  const authInfo: AuthId[] = [];
  for (let index = 0; index < count; index++) {
    authInfo.push({ scheme: readText(reader), id: readText(reader) });
  }
  return authInfo;
}

/** A count that fits the bytes that are left; null is none. Skipping ahead makes the reader refuse too many. */
function countOf(reader: ByteReader, itemBytesMin: number): number {
  const count = reader.int32();
  if (count === -1) return 0;
  const start = reader.offset;
  reader.skip(count * itemBytesMin);
  reader.offset = start;
  return count;
}
