import { type ByteReader, type ByteWriter } from '@zookafka/base';
import { interpretRead, interpretWrite } from './interpreter.ts';
import { writeBuffer, writeUstring } from './jute.ts';
import { readMultiResponse, writeMultiResponse } from './multiCodec.ts';
import { type OperationName, operations } from './operations.ts';
import { orInterpret, readRecord } from './recordCodec.ts';
import { type Reply, type Response } from './requests.ts';
import {
  readData,
  readStat,
  readText,
  readTexts,
  writeReplyHeader,
  writeStat,
  writeTexts,
} from './straightLine.ts';

/** Writes a reply: its header, and its response when there is one. */
export function encodeReply(writer: ByteWriter, reply: Reply): void {
  writeReplyHeader(writer, reply);
  if (reply.err === 0 && reply.response !== null) encodeResponse(writer, reply.response);
}

/**
 * Reads a reply. Buffers are views.
 *
 * @param op what was asked: a reply does not say it
 * @throws {JuteError} when the bytes are no reply to it
 */
export function decodeReply(reader: ByteReader, op: OperationName): Reply {
  const { xid, zxid, err } = readRecord(reader, 'ReplyHeader');
  return { xid, zxid, err, response: err === 0 ? decodeResponse(reader, op) : null };
}

/** Writes what follows a reply's header. */
export function encodeResponse(writer: ByteWriter, response: Response): void {
  switch (response.op) {
    case 'create':
      writeUstring(writer, response.path);
      return;
    case 'create2':
      writeUstring(writer, response.path);
      writeStat(writer, response.stat);
      return;
    case 'exists':
    case 'setData':
      writeStat(writer, response.stat);
      return;
    case 'getData':
      writeBuffer(writer, response.data);
      writeStat(writer, response.stat);
      return;
    case 'getChildren':
      writeTexts(writer, response.children);
      return;
    case 'getChildren2':
      writeTexts(writer, response.children);
      writeStat(writer, response.stat);
      return;
    default:
      interpretedResponseWrite(writer, response);
  }
}

/** Reads what follows the header of a reply to `op`. @throws {JuteError} when the bytes are none */
export function decodeResponse(reader: ByteReader, op: OperationName): Response {
  return orInterpret(reader, op, readStraight, interpretResponse);
}

/** Writes a response by its definition alone: the oracle of `encodeResponse`. */
export function interpretedResponseWrite(writer: ByteWriter, response: Response): void {
  if (response.op === 'multi' || response.op === 'multiRead') {
    writeMultiResponse(writer, response.results, encodeResponse);
    return;
  }
  const record = operations[response.op].response;
  // A response holds the fields of its record, and `op`, at which the interpreter does not look.
  if (record !== null) interpretWrite(writer, record, response as never);
}

/** Reads a response by its definition alone: the oracle of `decodeResponse`. */
export function interpretResponse(reader: ByteReader, op: OperationName): Response {
  if (op === 'multi' || op === 'multiRead') return readMultiResponse(reader, op, decodeResponse);
  const record = operations[op].response;
  const fields = record === null ? {} : interpretRead(reader, record);
  return { op, ...fields } as Response;
}

function readStraight(reader: ByteReader, op: OperationName): Response {
  switch (op) {
    case 'create':
      return { op, path: readText(reader) };
    case 'create2':
      return { op, path: readText(reader), stat: readStat(reader) };
    case 'exists':
    case 'setData':
      return { op, stat: readStat(reader) };
    case 'getData':
      return { op, data: readData(reader), stat: readStat(reader) };
    case 'getChildren':
      return { op, children: readTexts(reader) };
    case 'getChildren2':
      return { op, children: readTexts(reader), stat: readStat(reader) };
    default:
      return interpretResponse(reader, op);
  }
}
