import { ByteReader, ByteWriter, BytesError, crc32c } from '@zookafka/base';
import {
  type BatchHead,
  batchLayout,
  batchOverheadBytes,
  type Checksum,
  compressionKinds,
  type BatchCompression,
} from './recordBatch.ts';
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
  /** A marker, not a client's records. */
  readonly isControl?: boolean;
}

const magic = 2;
const controlBit = 0x20;

/** Writes one batch of format 2; there must be at least one record. */
export function encodeBatch(batch: NewBatch): Uint8Array {
  const { records, compression = 'none', isControl = false } = batch;
  const baseTimestamp = records[0]?.timestampMs ?? 0;
  const maxTimestamp = records.reduce((most, { timestampMs }) => Math.max(most, timestampMs), -1);
  const writer = new ByteWriter(256);
  writer.int64(batch.baseOffset ?? 0);
  writer.int32(0);
  writer.int32(batch.leaderEpoch ?? -1);
  writer.int8(magic);
  writer.int32(0);
  writer.int16(compressionKinds.indexOf(compression) | (isControl ? controlBit : 0));
  writer.int32(records.length - 1);
  writer.int64(baseTimestamp);
  writer.int64(maxTimestamp);
  writer.int64(batch.producerId ?? -1);
  writer.int16(batch.producerEpoch ?? -1);
  writer.int32(batch.baseSequence ?? -1);
  writer.int32(records.length);
  const body = compression === 'none' ? writer : new ByteWriter(256);
  records.forEach((record, offsetDelta) => {
    writeRecord(body, record, { offsetDelta, baseTimestamp });
  });
  if (body !== writer) writer.raw((batch.compress ?? noCompression)(body.view()));
  writer.patchInt32(batchLayout.length, writer.length - batchOverheadBytes);
  const bytes = writer.finish();
  const { checksum = crc32c } = batch;
  const crc = checksum(bytes, batchLayout.attributes, bytes.length);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(batchLayout.crc, crc);
  return bytes;
}

/**
 * The records of one batch.
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
  const records: FetchedRecord[] = [];
  try {
    for (let index = 0; index < head.count; index++) records.push(readRecord(reader, head));
  } catch (cause) {
    if (cause instanceof BytesError) throw badRecords(cause.message);
    throw cause;
  }
  return records;
}

function writeRecord(
  writer: ByteWriter,
  { key, value, headers = [], timestampMs }: NewRecord,
  { offsetDelta, baseTimestamp }: { readonly offsetDelta: number; readonly baseTimestamp: number },
): void {
  const body = new ByteWriter(64 + (key?.length ?? 0) + (value?.length ?? 0));
  body.int8(0);
  body.varlong(timestampMs - baseTimestamp);
  body.varint(offsetDelta);
  writeVarBytes(body, key);
  writeVarBytes(body, value);
  body.varint(headers.length);
  for (const header of headers) {
    const name = new ByteWriter(header.key.length * 3);
    name.utf8(header.key);
    writeVarBytes(body, name.view());
    writeVarBytes(body, header.value);
  }
  writer.varint(body.length);
  writer.raw(body.view());
}

function writeVarBytes(writer: ByteWriter, bytes: Uint8Array | null): void {
  writer.varint(bytes?.length ?? -1);
  if (bytes !== null) writer.raw(bytes);
}

function readRecord(reader: ByteReader, head: BatchHead): FetchedRecord {
  const length = reader.varint();
  const end = reader.offset + length;
  reader.int8();
  const timestampMs = head.baseTimestamp + reader.varlong();
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
  return { offset, timestampMs, key, value, headers };
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
