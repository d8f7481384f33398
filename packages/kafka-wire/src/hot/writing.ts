import { ByteWriter, utf8Length } from '@zookafka/base';
import { type GatherWriter } from '../gatherWriter.ts';
import { textBytesMax, textTooLong } from '../wireError.ts';

/** Writes a string that is never null. */
export function writeText(writer: ByteWriter, text: string, isCompact: boolean): void {
  const length = utf8Length(text);
  if (length > textBytesMax) throw textTooLong('a string', length);
  if (isCompact) writer.uvarint(length + 1);
  else writer.int16(length);
  writer.utf8(text);
}

/** Writes a string, or null. */
export function writeTextOrNull(writer: ByteWriter, text: string | null, isCompact: boolean): void {
  if (text !== null) writeText(writer, text, isCompact);
  else if (isCompact) writer.uvarint(0);
  else writer.int16(-1);
}

/** Writes how many items or bytes follow: -1 for null. */
export function writeLength(writer: ByteWriter, length: number, isCompact: boolean): void {
  if (isCompact) writer.uvarint(length + 1);
  else writer.int32(length);
}

/** Writes records: their length, and a reference to them. */
export function writeRecords(
  writer: GatherWriter,
  records: Uint8Array | readonly Uint8Array[] | null,
  isCompact: boolean,
): void {
  if (records === null) {
    writeLength(writer, -1, isCompact);
    return;
  }
  const chunks = records instanceof Uint8Array ? [records] : records;
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  writeLength(writer, length, isCompact);
  writer.insert(chunks);
}

/** Writes one tagged field: tag, size, content. */
export function writeTag(
  writer: ByteWriter,
  tag: number,
  write: (content: ByteWriter) => void,
): void {
  const content = new ByteWriter(64);
  write(content);
  writer.uvarint(tag);
  writer.uvarint(content.length);
  writer.raw(content.view());
}

/** Which broker leads a partition: -1 where it is not told. */
export interface LeaderHint {
  readonly leaderId?: number;
  readonly leaderEpoch?: number;
}

/** @returns whether there is anything to tell */
export function isLeaderTold(leader: LeaderHint | undefined): leader is LeaderHint {
  if (leader === undefined) return false;
  return (leader.leaderId ?? -1) !== -1 || (leader.leaderEpoch ?? -1) !== -1;
}

/** Writes who leads a partition, as a tagged field. */
export function writeLeaderTag(writer: ByteWriter, tag: number, leader: LeaderHint): void {
  writeTag(writer, tag, (content) => {
    content.int32(leader.leaderId ?? -1);
    content.int32(leader.leaderEpoch ?? -1);
    content.uvarint(0);
  });
}

/** Where a broker listens. */
export interface NodeEndpoint {
  readonly nodeId?: number;
  readonly host?: string;
  readonly port?: number;
  readonly rack?: string | null;
}

/** Ends a response: where the leaders that were named listen is tag 0, left out when nobody was named. */
export function writeEndpoints(writer: ByteWriter, endpoints: readonly NodeEndpoint[]): void {
  writer.uvarint(endpoints.length === 0 ? 0 : 1);
  if (endpoints.length === 0) return;
  writeTag(writer, 0, (content) => {
    writeLength(content, endpoints.length, true);
    for (const { nodeId = 0, host = '', port = 0, rack = null } of endpoints) {
      content.int32(nodeId);
      writeText(content, host, true);
      content.int32(port);
      writeTextOrNull(content, rack, true);
      content.uvarint(0);
    }
  });
}
