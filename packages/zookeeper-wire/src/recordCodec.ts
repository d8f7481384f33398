import { ByteReader, BytesError, ByteWriter } from '@zookafka/base';
import { interpretRead, interpretWrite } from './interpreter.ts';
import { type RecordName, type RecordOf } from './recordTypes.ts';
import * as fast from './straightLine.ts';

interface Codec<Value> {
  readonly read: (reader: ByteReader) => Value;
  readonly write: (writer: ByteWriter, value: Value) => void;
}

/** The records that have straight-line code; a test holds each against the interpreter. */
export const straightLineCodecs: { readonly [Name in RecordName]?: Codec<RecordOf<Name>> } = {
  Stat: { read: fast.readStat, write: fast.writeStat },
  RequestHeader: { read: fast.readRequestHeader, write: fast.writeRequestHeader },
  ReplyHeader: { read: fast.readReplyHeader, write: fast.writeReplyHeader },
  WatcherEvent: { read: fast.readWatcherEvent, write: fast.writeWatcherEvent },
  TxnHeader: { read: fast.readTxnHeader, write: fast.writeTxnHeader },
  CreateTxn: { read: fast.readCreateTxn, write: fast.writeCreateTxn },
  SetDataTxn: { read: fast.readSetDataTxn, write: fast.writeSetDataTxn },
  DeleteTxn: { read: fast.readDeleteTxn, write: fast.writeDeleteTxn },
  QuorumPacket: { read: fast.readQuorumPacket, write: fast.writeQuorumPacket },
};

/**
 * Reads one record; what follows it stays unread. Buffers are views of the reader's bytes.
 *
 * @throws {JuteError} TRUNCATED or BAD_LENGTH, naming the field
 */
export function readRecord<Name extends RecordName>(
  reader: ByteReader,
  name: Name,
): RecordOf<Name> {
  const codec = codecOf(name);
  if (codec === undefined) return interpretRead(reader, name);
  return orInterpret<Name, RecordOf<Name>>(reader, name, codec.read, interpretRead);
}

/** Writes one record. Longs must be safe integers. */
export function writeRecord<Name extends RecordName>(
  writer: ByteWriter,
  name: Name,
  value: RecordOf<Name>,
): void {
  const codec = codecOf(name);
  if (codec === undefined) interpretWrite(writer, name, value);
  else codec.write(writer, value);
}

/** @returns the record in an array of its own */
export function encodeRecord<Name extends RecordName>(
  name: Name,
  value: RecordOf<Name>,
): Uint8Array {
  const writer = new ByteWriter(64);
  writeRecord(writer, name, value);
  return writer.finish();
}

/** Reads one record from the start of `bytes`. @throws {JuteError} TRUNCATED or BAD_LENGTH */
export function decodeRecord<Name extends RecordName>(
  bytes: Uint8Array,
  name: Name,
): RecordOf<Name> {
  return readRecord(new ByteReader(bytes), name);
}

/**
 * Runs straight-line code; where that passes the end, the interpreter reads the same bytes again, to say which field it was.
 *
 * @param name what is read: given to both
 */
export function orInterpret<Name, Value>(
  reader: ByteReader,
  name: Name,
  read: (reader: ByteReader, name: Name) => Value,
  interpret: (reader: ByteReader, name: Name) => Value,
): Value {
  const start = reader.offset;
  try {
    return read(reader, name);
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause;
    reader.offset = start;
    return interpret(reader, name);
  }
}

function codecOf<Name extends RecordName>(name: Name): Codec<RecordOf<Name>> | undefined {
  return straightLineCodecs[name];
}
