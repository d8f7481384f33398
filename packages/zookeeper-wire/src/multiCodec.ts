import { type ByteReader, type ByteWriter } from '@zookafka/base';
import { JuteError, need } from './jute.ts';
import { errorCode, operationCode, operationName } from './operations.ts';
import {
  type ErrorResult,
  type MultiOperation,
  type MultiReadOperation,
  type MultiReadRequest,
  type MultiReadResponse,
  type MultiRequest,
  type MultiResponse,
  type Request,
  type Response,
} from './requests.ts';

type Multi = 'multi' | 'multiRead';
type Result = (MultiResponse | MultiReadResponse)['results'][number];

/** What each multi may hold, as requests. */
const operationsOf: Readonly<Record<Multi, ReadonlySet<string>>> = {
  multi: new Set([
    'create',
    'create2',
    'createContainer',
    'createTTL',
    'delete',
    'setData',
    'check',
  ]),
  multiRead: new Set(['getData', 'getChildren']),
};
/** What each multi may hold, as results. */
const resultsOf: Readonly<Record<Multi, ReadonlySet<string>>> = {
  multi: new Set(['create', 'create2', 'delete', 'setData', 'check']),
  multiRead: new Set(['getData', 'getChildren']),
};

/** Reads the operations of a multi with their headers. @throws {JuteError} BAD_VALUE for what it may not hold */
export function readMultiRequest(
  reader: ByteReader,
  op: Multi,
  decode: (reader: ByteReader, type: number) => Request,
): MultiRequest | MultiReadRequest {
  const found: Request[] = [];
  for (let header = readHeader(reader); !header.done; header = readHeader(reader)) {
    refuseUnless(operationsOf[op].has(operationName(header.type) ?? ''), header.type);
    found.push(decode(reader, header.type));
  }
  // Each was checked against what this multi may hold.
  if (op === 'multi') return { op, operations: found as MultiOperation[] };
  return { op, operations: found as MultiReadOperation[] };
}

/** Writes the operations of a multi with their headers. */
export function writeMultiRequest(
  writer: ByteWriter,
  list: readonly (MultiOperation | MultiReadOperation)[],
  encode: (writer: ByteWriter, request: Request) => void,
): void {
  for (const operation of list) {
    writeHeader(writer, operationCode(operation.op), -1);
    encode(writer, operation);
  }
  writeEnd(writer);
}

/** Reads the results of a multi with their headers. @throws {JuteError} BAD_VALUE for what it may not hold */
export function readMultiResponse(
  reader: ByteReader,
  op: Multi,
  decode: (reader: ByteReader, op: 'getData') => Response,
): MultiResponse | MultiReadResponse {
  const results: Result[] = [];
  for (let header = readHeader(reader); !header.done; header = readHeader(reader)) {
    if (header.type === errorCode) {
      results.push(readError(reader));
      continue;
    }
    const name = operationName(header.type);
    refuseUnless(name !== undefined && resultsOf[op].has(name), header.type);
    // It was checked against what this multi may hold; one name of them stands for all.
    results.push(decode(reader, name as 'getData') as Result);
  }
  return { op, results } as MultiResponse | MultiReadResponse;
}

/** Writes the results of a multi with their headers. */
export function writeMultiResponse(
  writer: ByteWriter,
  results: readonly Result[],
  encode: (writer: ByteWriter, response: Response) => void,
): void {
  for (const result of results) {
    if (result.op === 'error') {
      writeHeader(writer, errorCode, result.err);
      writer.int32(result.err);
      continue;
    }
    writeHeader(writer, operationCode(result.op), 0);
    encode(writer, result);
  }
  writeEnd(writer);
}

/** @returns the code of the first operation that failed by itself, or 0: how clients sum up a multi */
export function multiError(results: readonly Result[]): number {
  const failed = results.find((result) => result.op === 'error' && result.err !== 0);
  return failed?.op === 'error' ? failed.err : 0;
}

function readError(reader: ByteReader): ErrorResult {
  need(reader, 4, 'ErrorResponse.err');
  return { op: 'error', err: reader.int32() };
}

function readHeader(reader: ByteReader): { readonly type: number; readonly done: boolean } {
  need(reader, 9, 'MultiHeader');
  const type = reader.int32();
  const done = reader.uint8() !== 0;
  reader.skip(4);
  return { type, done };
}

function writeHeader(writer: ByteWriter, type: number, err: number): void {
  writer.int32(type);
  writer.uint8(0);
  writer.int32(err);
}

function writeEnd(writer: ByteWriter): void {
  writer.int32(-1);
  writer.uint8(1);
  writer.int32(-1);
}

function refuseUnless(isKnown: boolean, type: number): void {
  if (isKnown) return;
  throw new JuteError(
    { code: 'BAD_VALUE', field: 'MultiHeader.type', value: type },
    `Cannot read a multi: it may not hold an operation of type ${type}`,
  );
}
