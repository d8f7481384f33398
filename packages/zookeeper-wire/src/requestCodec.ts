import { type ByteReader, type ByteWriter } from '@zookafka/base';
import { interpretRead, interpretWrite } from './interpreter.ts';
import { writeBuffer, writeUstring } from './jute.ts';
import { operationCode, type OperationName, operationName, operations } from './operations.ts';
import { readMultiRequest, writeMultiRequest } from './multiCodec.ts';
import { orInterpret } from './recordCodec.ts';
import { type Request } from './requests.ts';
import { readAcls, readData, readText, writeAcls } from './straightLine.ts';

/**
 * Reads what follows a request's header. Buffers are views.
 *
 * @param type the header's type; one that is not known gives `unknown`, and nothing is read
 * @throws {JuteError} when the bytes are no such request
 */
export function decodeRequest(reader: ByteReader, type: number): Request {
  const op = operationName(type);
  if (op === undefined) return { op: 'unknown', type };
  return orInterpret(reader, op, readStraight, interpretRequest);
}

/** Writes what follows a request's header. */
export function encodeRequest(writer: ByteWriter, request: Request): void {
  switch (request.op) {
    case 'exists':
    case 'getData':
    case 'getChildren':
    case 'getChildren2':
      writeUstring(writer, request.path);
      writer.uint8(request.watch ? 1 : 0);
      return;
    case 'delete':
    case 'check':
      writeUstring(writer, request.path);
      writer.int32(request.version);
      return;
    case 'create':
    case 'create2':
    case 'createContainer':
      writeUstring(writer, request.path);
      writeBuffer(writer, request.data);
      writeAcls(writer, request.acl);
      writer.int32(request.flags);
      return;
    case 'setData':
      writeUstring(writer, request.path);
      writeBuffer(writer, request.data);
      writer.int32(request.version);
      return;
    default:
      interpretedWrite(writer, request);
  }
}

/** Writes a request by its definition alone: the oracle of `encodeRequest`. */
export function interpretedWrite(writer: ByteWriter, request: Request): void {
  if (request.op === 'unknown') return;
  if (request.op === 'multi' || request.op === 'multiRead') {
    writeMultiRequest(writer, request.operations, encodeRequest);
    return;
  }
  const record = operations[request.op].request;
  // A request holds the fields of its record, and `op`, at which the interpreter does not look.
  if (record !== null) interpretWrite(writer, record, request as never);
}

/** Reads a request by its definition alone: the oracle of `decodeRequest`. */
export function interpretRequest(reader: ByteReader, op: OperationName): Request {
  if (op === 'multi' || op === 'multiRead') return readMultiRequest(reader, op, decodeRequest);
  const record = operations[op].request;
  const fields = record === null ? {} : interpretRead(reader, record);
  return { op, ...fields } as Request;
}

/** @returns the type in the header of this request */
export function requestType(request: Request): number {
  return request.op === 'unknown' ? request.type : operationCode(request.op);
}

function readStraight(reader: ByteReader, op: OperationName): Request {
  switch (op) {
    case 'exists':
    case 'getData':
    case 'getChildren':
    case 'getChildren2':
      return { op, path: readText(reader), watch: reader.uint8() !== 0 };
    case 'delete':
    case 'check':
      return { op, path: readText(reader), version: reader.int32() };
    case 'create':
    case 'create2':
    case 'createContainer':
      return {
        op,
        path: readText(reader),
        data: readData(reader),
        acl: readAcls(reader),
        flags: reader.int32(),
      };
    case 'setData':
      return { op, path: readText(reader), data: readData(reader), version: reader.int32() };
    default:
      return interpretRequest(reader, op);
  }
}
