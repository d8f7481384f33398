import { assert, ByteReader, ByteWriter, BytesError, crc32c, utf8Length } from '@zookafka/base';
import {
  attributeBits,
  type BatchHead,
  batchLayout,
  batchOverheadBytes,
  type Checksum,
  compressionKinds,
  type BatchCompression,
  isLogAppendTime,
} from './recordBatch.ts';
import { varintSize, varlongSize } from './varintSize.ts';
import { WireError } from './wireError.ts';

/** A header of a record. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** A record to be written. */
export interface NewRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers?: readonly RecordHeader[];
  /** Wall time. */
  readonly timestampMs: number;
}

/** A record that was read. */
export interface FetchedRecord extends NewRecord {
  readonly offset: number;
  readonly headers: readonly RecordHeader[];
}

/** What a new batch is. Ids and sequence are -1 for a producer that is not idempotent. */
export interface NewBatch {
  readonly records: readonly NewRecord[];
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly baseOffset?: number;
  readonly leaderEpoch?: number;
  readonly compression?: BatchCompression;
  /** Compresses the records when `compression` is not `none`. */
  readonly compress?: (bytes: Uint8Array) => Uint8Array;
  readonly checksum?: Checksum;
  /** Part of a transaction. */
  readonly isTransactional?: boolean;
  /** A marker, not a client's records. */
  readonly isControl?: boolean;
}

const magic = 2;
/** What a record takes beside key and value, when it has no headers: a guess for the first allocation. */
const recordOverheadBytes = 16;

/** Writes one batch of format 2; there must be at least one record. */
export function encodeBatch(batch: NewBatch): Uint8Array {
  const { records, compression = 'none' } = batch;
  assert(records.length > 0, 'A batch has at least one record');
  const writer = new ByteWriter(batchLayout.records + bytesGuess(records));
  const baseTimestamp = writeHead(writer, batch);
  const body = compression === 'none' ? writer : new ByteWriter(bytesGuess(records));
  for (let offsetDelta = 0; offsetDelta < records.length; offsetDelta++) {
    writeRecord(body, records[offsetDelta] as NewRecord, { offsetDelta, baseTimestamp });
  }
  if (body !== writer) writer.raw((batch.compress ?? noCompression)(body.view()));
  writer.patchInt32(batchLayout.length, writer.length - batchOverheadBytes);
  const bytes = writer.view();
  const { checksum = crc32c } = batch;
  writer.patchInt32(batchLayout.crc, checksum(bytes, batchLayout.attributes, bytes.length));
  return bytes;
}

/**
 * The records of one batch. Their time is the broker's where the batch says so.
 *
 * @param decompress gives the records of a compressed batch as they are without compression
 * @throws {WireError} when the records are none
 */
export function decodeRecords(
  bytes: Uint8Array,
  head: BatchHead,
  decompress: (kind: BatchCompression, bytes: Uint8Array) => Uint8Array = noDecompression,
): readonly FetchedRecord[] {
  const kind = compressionKinds[head.attributes & 7];
  if (kind === undefined) throw badRecords('its compression is not known');
  const raw = bytes.subarray(head.start + batchLayout.records, head.start + head.size);
  const reader = new ByteReader(kind === 'none' ? raw : decompress(kind, raw));
  const appendedMs = isLogAppendTime(head) ? head.maxTimestamp : undefined;
  const records: FetchedRecord[] = [];
  try {
    for (let index = 0; index < head.count; index++) {
      records.push(readRecord(reader, head, appendedMs));
    }
  } catch (cause) {
    if (cause instanceof BytesError) throw badRecords(cause.message);
    throw cause;
  }
  return records;
}

/** @returns the time that the records' times are told from */
function writeHead(writer: ByteWriter, batch: NewBatch): number {
  const { records, compression = 'none', isTransactional = false, isControl = false } = batch;
  const baseTimestamp = records[0]?.timestampMs ?? 0;
  const maxTimestamp = records.reduce((most, { timestampMs }) => Math.max(most, timestampMs), -1);
  writer.int64(batch.baseOffset ?? 0);
  writer.int32(0);
  writer.int32(batch.leaderEpoch ?? -1);
  writer.int8(magic);
  writer.int32(0);
  writer.int16(
    compressionKinds.indexOf(compression) |
      (isTransactional ? attributeBits.transactional : 0) |
      (isControl ? attributeBits.control : 0),
  );
  writer.int32(records.length - 1);
  writer.int64(baseTimestamp);
  writer.int64(maxTimestamp);
  writer.int64(batch.producerId ?? -1);
  writer.int16(batch.producerEpoch ?? -1);
  writer.int32(batch.baseSequence ?? -1);
  writer.int32(records.length);
  return baseTimestamp;
}

function bytesGuess(records: readonly NewRecord[]): number {
  let guess = 0;
  for (const { key, value } of records) {
    guess += recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
  }
  return guess;
}

function writeRecord(
  writer: ByteWriter,
  { key, value, headers = [], timestampMs }: NewRecord,
  { offsetDelta, baseTimestamp }: { readonly offsetDelta: number; readonly baseTimestamp: number },
): void {
  const timestampDelta = timestampMs - baseTimestamp;
  const fixed = 1 + varlongSize(timestampDelta) + varintSize(offsetDelta);
  const content = varBytesSize(key) + varBytesSize(value) + headersSize(headers);
  writer.varint(fixed + content);
  writer.int8(0);
  writer.varlong(timestampDelta);
  writer.varint(offsetDelta);
  writeVarBytes(writer, key);
  writeVarBytes(writer, value);
  writer.varint(headers.length);
  for (const header of headers) {
    writer.varint(utf8Length(header.key));
    writer.utf8(header.key);
    writeVarBytes(writer, header.value);
  }
}

function headersSize(headers: readonly RecordHeader[]): number {
  let size = varintSize(headers.length);
  for (const { key, value } of headers) {
    const length = utf8Length(key);
    size += varintSize(length) + length + varBytesSize(value);
  }
  return size;
}

function varBytesSize(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length;
}

function writeVarBytes(writer: ByteWriter, bytes: Uint8Array | null): void {
  writer.varint(bytes?.length ?? -1);
  if (bytes !== null) writer.raw(bytes);
}

function readRecord(
  reader: ByteReader,
  head: BatchHead,
  appendedMs: number | undefined,
): FetchedRecord {
  const length = reader.varint();
  const end = reader.offset + length;
  reader.int8();
  const createdMs = head.baseTimestamp + reader.varlong();
  const offset = head.baseOffset + reader.varint();
  const key = readVarBytes(reader);
  const value = readVarBytes(reader);
  const count = reader.varint();
  if (count < 0 || count > reader.remaining) throw badRecords(`it has ${count} headers`);
  const headers: RecordHeader[] = [];
  for (let index = 0; index < count; index++) {
    const name = reader.utf8(reader.varint());
    headers.push({ key: name, value: readVarBytes(reader) });
  }
  if (reader.offset !== end) throw badRecords('a record does not end where it says');
  return { offset, timestampMs: appendedMs ?? createdMs, key, value, headers };
}

function readVarBytes(reader: ByteReader): Uint8Array | null {
  const length = reader.varint();
  return length === -1 ? null : reader.view(length);
}

function badRecords(what: string): WireError {
  return new WireError(
    { code: 'TRUNCATED', field: 'records' },
    `Cannot read the records of a batch: ${what}`,
  );
}

function noCompression(): Uint8Array {
  throw badRecords('no codec was given to compress it');
}

function noDecompression(kind: BatchCompression): Uint8Array {
  throw badRecords(`no codec was given for ${kind}`);
}
