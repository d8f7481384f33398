import { assert, type ByteReader, type ByteWriter, unreachable } from '@zookafka/base';
import { need, readLength, writeBuffer, writeUstring } from './jute.ts';
import { records } from './records.ts';
import { type RecordName, type RecordOf } from './recordTypes.ts';
import { type SessionId, sessionIdOf } from './sessionId.ts';

type Shape =
  | { readonly kind: 'int' | 'long' | 'session' | 'boolean' | 'trailingBoolean' }
  | { readonly kind: 'ustring' | 'buffer'; readonly isNullable: boolean }
  | { readonly kind: 'vector'; readonly item: Shape; readonly itemBytesMin: number }
  | RecordShape;

interface RecordShape {
  readonly kind: 'record';
  readonly fields: readonly FieldShape[];
}

interface FieldShape {
  readonly name: string;
  /** The record and the field, for the message of an error. */
  readonly place: string;
  readonly shape: Shape;
}

const empty = new Uint8Array(0);
const shapes = new Map<string, RecordShape>();

/**
 * Reads one record by walking its definition: the oracle of the straight-line code, and the reader of everything rare.
 * Buffers are views.
 *
 * @throws {JuteError} TRUNCATED or BAD_LENGTH, naming the field
 */
export function interpretRead<Name extends RecordName>(
  reader: ByteReader,
  name: Name,
): RecordOf<Name> {
  return readFields(reader, shapeOfRecord(name)) as RecordOf<Name>;
}

/** Writes one record by walking its definition. */
export function interpretWrite<Name extends RecordName>(
  writer: ByteWriter,
  name: Name,
  value: RecordOf<Name>,
): void {
  writeFields(writer, shapeOfRecord(name), value);
}

function shapeOfRecord(name: RecordName): RecordShape {
  const known = shapes.get(name);
  if (known !== undefined) return known;
  const fields = Object.entries(records[name]).map(([field, type]) => ({
    name: field,
    place: `${name}.${field}`,
    shape: shapeOf(type as string),
  }));
  const shape = { kind: 'record', fields } as const;
  shapes.set(name, shape);
  return shape;
}

function shapeOf(type: string): Shape {
  switch (type) {
    case 'int':
    case 'long':
    case 'session':
    case 'boolean':
      return { kind: type };
    case 'boolean?':
      return { kind: 'trailingBoolean' };
    case 'ustring':
    case 'buffer':
      return { kind: type, isNullable: false };
    case 'ustring?':
      return { kind: 'ustring', isNullable: true };
    case 'buffer?':
      return { kind: 'buffer', isNullable: true };
    default:
      break;
  }
  const itemType = /^vector<(\w+)>$/.exec(type)?.[1];
  if (itemType !== undefined) {
    const item = shapeOf(itemType);
    return { kind: 'vector', item, itemBytesMin: bytesMin(item) };
  }
  assert(type in records, 'A field has a known type', { type });
  return shapeOfRecord(type as RecordName);
}

function bytesMin(shape: Shape): number {
  switch (shape.kind) {
    case 'trailingBoolean':
      return 0;
    case 'boolean':
      return 1;
    case 'long':
    case 'session':
      return 8;
    case 'record':
      return shape.fields.reduce((sum, field) => sum + bytesMin(field.shape), 0);
    case 'int':
    case 'ustring':
    case 'buffer':
    case 'vector':
      return 4;
    default:
      return unreachable(shape);
  }
}

function readFields(reader: ByteReader, { fields }: RecordShape): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const { name, shape, place } of fields) value[name] = readShape(reader, shape, place);
  return value;
}

function readShape(reader: ByteReader, shape: Shape, place: string): unknown {
  switch (shape.kind) {
    case 'int':
      need(reader, 4, place);
      return reader.int32();
    case 'long':
      need(reader, 8, place);
      return reader.int64();
    case 'session':
      need(reader, 8, place);
      return readSession(reader);
    case 'boolean':
      need(reader, 1, place);
      return reader.uint8() !== 0;
    case 'trailingBoolean':
      return reader.remaining === 0 ? null : reader.uint8() !== 0;
    case 'ustring': {
      const length = readLength(reader, 1, place);
      if (length === -1) return shape.isNullable ? null : '';
      return reader.utf8(length);
    }
    case 'buffer': {
      const length = readLength(reader, 1, place);
      if (length === -1) return shape.isNullable ? null : empty;
      return reader.view(length);
    }
    case 'vector': {
      const count = readLength(reader, shape.itemBytesMin, place);
      const items: unknown[] = [];
      for (let index = 0; index < count; index++) items.push(readShape(reader, shape.item, place));
      return items;
    }
    case 'record':
      return readFields(reader, shape);
    default:
      return unreachable(shape);
  }
}

function readSession(reader: ByteReader): SessionId {
  const high = reader.int32();
  return sessionIdOf(high, reader.int32());
}

function writeFields(writer: ByteWriter, { fields }: RecordShape, value: unknown): void {
  const values = value as Readonly<Record<string, unknown>>;
  for (const { name, shape } of fields) writeShape(writer, shape, values[name]);
}

function writeShape(writer: ByteWriter, shape: Shape, value: unknown): void {
  switch (shape.kind) {
    case 'int':
      writer.int32(value as number);
      return;
    case 'long':
      writer.int64(value as number);
      return;
    case 'session': {
      const { high, low } = value as SessionId;
      writer.int32(high);
      writer.int32(low);
      return;
    }
    case 'boolean':
      writer.uint8(value === true ? 1 : 0);
      return;
    case 'trailingBoolean':
      if (value !== null) writer.uint8(value === true ? 1 : 0);
      return;
    case 'ustring':
      writeUstring(writer, value as string | null);
      return;
    case 'buffer':
      writeBuffer(writer, value as Uint8Array | null);
      return;
    case 'vector': {
      const items = value as readonly unknown[];
      writer.int32(items.length);
      for (const item of items) writeShape(writer, shape.item, item);
      return;
    }
    case 'record':
      writeFields(writer, shape, value);
      return;
    default:
      unreachable(shape);
  }
}
