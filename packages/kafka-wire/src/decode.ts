import { type ByteReader } from '@zookafka/base';
import { defaultValueOf, type Plan, type PlannedField, planOf } from './plan.ts';
import { type Decoded, type FieldKind, type Fields } from './schema.ts';
import { uuidText } from './uuidText.ts';
import { asWireError, badLength, textBytesMax, unexpectedNull } from './wireError.ts';

/**
 * Reads a struct of one version. Bytes in it are views of what is read.
 *
 * @throws {WireError} when the bytes are none; no length is believed beyond the bytes that are there
 */
export function decodeFields<F extends Fields>(
  fields: F,
  { version, flexibleFrom }: { readonly version: number; readonly flexibleFrom: number },
  reader: ByteReader,
): Decoded<F> {
  try {
    return readStruct(planOf(fields, version, flexibleFrom), reader) as Decoded<F>;
  } catch (cause) {
    throw asWireError(cause);
  }
}

function readStruct(plan: Plan, reader: ByteReader): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const field of plan.fields) value[field.name] = readField(field, reader);
  for (const field of plan.tagged) value[field.name] = defaultValueOf(field);
  for (const field of plan.absent) value[field.name] = defaultValueOf(field);
  if (plan.isFlexible) readTagged(plan, reader, value);
  return value;
}

function readTagged(plan: Plan, reader: ByteReader, value: Record<string, unknown>): void {
  const count = reader.uvarint();
  for (let index = 0; index < count; index++) {
    const tag = reader.uvarint();
    const size = reader.uvarint();
    const field = plan.tagged.find((candidate) => candidate.tag === tag);
    if (size > reader.remaining) throw badLength(field?.name ?? `tag ${tag}`, size);
    const end = reader.offset + size;
    if (field !== undefined) value[field.name] = readField(field, reader);
    // Unknown tags are passed over, and so is what a later version added to a known one.
    if (field !== undefined && reader.offset > end) throw badLength(field.name, size);
    reader.skip(end - reader.offset);
  }
}

type ScalarKind = Exclude<FieldKind, 'string' | 'bytes' | 'records' | 'array' | 'struct'>;

const readScalar: Readonly<Record<ScalarKind, (reader: ByteReader) => unknown>> = {
  boolean: (reader) => reader.uint8() !== 0,
  int8: (reader) => reader.int8(),
  int16: (reader) => reader.int16(),
  uint16: (reader) => reader.uint16(),
  int32: (reader) => reader.int32(),
  uint32: (reader) => reader.uint32(),
  int64: (reader) => reader.int64(),
  float64: (reader) => reader.float64(),
  uuid: (reader) => uuidText(reader.view(16)),
};

function readField(field: PlannedField, reader: ByteReader): unknown {
  switch (field.kind) {
    case 'string': {
      const length = readLength(field, reader);
      return length === -1 ? null : reader.utf8(length);
    }
    case 'bytes':
    case 'records': {
      const length = readLength(field, reader);
      return length === -1 ? null : reader.view(length);
    }
    case 'array':
      return readArray(field, reader);
    case 'struct':
      return readNested(field, reader);
    default:
      return readScalar[field.kind](reader);
  }
}

function readNested(field: PlannedField, reader: ByteReader): unknown {
  // A struct that may be null is told by one byte before it.
  if (field.isNullable && reader.int8() < 0) return null;
  return readStruct(field.plan as Plan, reader);
}

function readArray(field: PlannedField, reader: ByteReader): unknown {
  const length = field.isCompact ? reader.uvarint() - 1 : reader.int32();
  if (length === -1) return nullOf(field);
  // An item takes at least a byte: a count beyond the bytes that are left is a lie.
  if (length < 0 || length > reader.remaining) throw badLength(field.name, length);
  const item = field.item as PlannedField;
  const items: unknown[] = [];
  if (item.kind === 'struct') {
    const plan = item.plan as Plan;
    for (let index = 0; index < length; index++) items.push(readStruct(plan, reader));
  } else {
    for (let index = 0; index < length; index++) items.push(readField(item, reader));
  }
  return items;
}

/** @returns the length, or -1 for null where that is allowed */
function readLength(field: PlannedField, reader: ByteReader): number {
  const length = field.isCompact
    ? reader.uvarint() - 1
    : field.kind === 'string'
      ? reader.int16()
      : reader.int32();
  if (length === -1) {
    nullOf(field);
    return -1;
  }
  const most =
    field.kind === 'string' ? Math.min(textBytesMax, reader.remaining) : reader.remaining;
  if (length < 0 || length > most) throw badLength(field.name, length);
  return length;
}

function nullOf(field: PlannedField): null {
  if (field.isNullable) return null;
  throw unexpectedNull(field.name, 'read');
}
