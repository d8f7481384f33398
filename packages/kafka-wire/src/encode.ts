import { ByteWriter, utf8Length } from '@zookafka/base';
import { type GatherWriter } from './gatherWriter.ts';
import { defaultValueOf, type Plan, type PlannedField, planOf } from './plan.ts';
import { type FieldKind, type Fields } from './schema.ts';
import { uuidBytes, zeroUuid } from './uuidText.ts';
import { textBytesMax, textTooLong, unexpectedNull } from './wireError.ts';

type Struct = Readonly<Record<string, unknown>>;

/**
 * Writes a struct in one version: what is left out takes its default, what the version does not have is left out.
 *
 * @throws {WireError} UNEXPECTED_NULL where the version knows no null; BAD_LENGTH for a string of over 32 KiB
 */
export function encodeFields(
  fields: Fields,
  { version, flexibleFrom }: { readonly version: number; readonly flexibleFrom: number },
  value: object,
  writer: ByteWriter | GatherWriter,
): void {
  writeStruct(planOf(fields, version, flexibleFrom), value as Struct, writer);
}

function writeStruct(plan: Plan, value: Struct, writer: ByteWriter): void {
  for (const field of plan.fields) {
    const given = value[field.name];
    writeField(field, given === undefined ? defaultValueOf(field) : given, writer);
  }
  if (plan.isFlexible) writeTagged(plan, value, writer);
}

function writeTagged(plan: Plan, value: Struct, writer: ByteWriter): void {
  const given = plan.tagged.filter((field) => !isDefault(field, value[field.name]));
  writer.uvarint(given.length);
  for (const field of given) {
    const inner = new ByteWriter();
    writeField(field, value[field.name], inner);
    writer.uvarint(field.tag);
    writer.uvarint(inner.length);
    writer.raw(inner.view());
  }
}

/** A tagged field that says nothing new is left out. */
function isDefault(field: PlannedField, value: unknown): boolean {
  if (value === undefined) return true;
  if (field.kind === 'array') return Array.isArray(value) && value.length === 0;
  if (field.kind !== 'struct') return value === field.byDefault;
  if (value === null) return field.byDefault === null;
  const plan = field.plan as Plan;
  return [...plan.fields, ...plan.tagged].every((inner) =>
    isDefault(inner, (value as Struct)[inner.name]),
  );
}

type ScalarKind = Exclude<FieldKind, 'string' | 'bytes' | 'records' | 'array' | 'struct'>;

const writeInt16 = (value: unknown, writer: ByteWriter): void => {
  writer.int16(value as number);
};
const writeInt32 = (value: unknown, writer: ByteWriter): void => {
  writer.int32(value as number);
};
const writeScalar: Readonly<Record<ScalarKind, (value: unknown, writer: ByteWriter) => void>> = {
  boolean: (value, writer) => {
    writer.uint8(value === true ? 1 : 0);
  },
  int8: (value, writer) => {
    writer.int8(value as number);
  },
  int16: writeInt16,
  uint16: writeInt16,
  int32: writeInt32,
  uint32: writeInt32,
  int64: (value, writer) => {
    writer.int64(value as number);
  },
  float64: (value, writer) => {
    writer.float64(value as number);
  },
  uuid: (value, writer) => {
    writer.raw(value === zeroUuid ? zeroUuidBytes : uuidBytes(value as string));
  },
};

function writeField(field: PlannedField, value: unknown, writer: ByteWriter): void {
  switch (field.kind) {
    case 'string':
      writeString(field, value as string | null, writer);
      return;
    case 'bytes':
    case 'records':
      writeBytes(field, value as Uint8Array | readonly Uint8Array[] | null, writer);
      return;
    case 'array':
      writeArray(field, value as readonly unknown[] | null, writer);
      return;
    case 'struct':
      if (field.isNullable) writer.int8(value === null ? -1 : 1);
      if (value !== null) writeStruct(field.plan as Plan, value as Struct, writer);
      return;
    default:
      writeScalar[field.kind](value, writer);
  }
}

const zeroUuidBytes = new Uint8Array(16);

function writeString(field: PlannedField, value: string | null, writer: ByteWriter): void {
  if (value === null) {
    writeNull(field, writer);
    return;
  }
  const length = utf8Length(value);
  if (length > textBytesMax) throw textTooLong(field.name, length);
  if (field.isCompact) writer.uvarint(length + 1);
  else writer.int16(length);
  writer.utf8(value);
}

function writeBytes(
  field: PlannedField,
  value: Uint8Array | readonly Uint8Array[] | null,
  writer: ByteWriter | GatherWriter,
): void {
  if (value === null) {
    writeNull(field, writer);
    return;
  }
  const chunks = value instanceof Uint8Array ? [value] : value;
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  if (field.isCompact) writer.uvarint(length + 1);
  else writer.int32(length);
  if (field.kind === 'records' && 'insert' in writer) writer.insert(chunks);
  else for (const chunk of chunks) writer.raw(chunk);
}

function writeArray(
  field: PlannedField,
  value: readonly unknown[] | null,
  writer: ByteWriter,
): void {
  if (value === null) {
    writeNull(field, writer);
    return;
  }
  if (field.isCompact) writer.uvarint(value.length + 1);
  else writer.int32(value.length);
  const item = field.item as PlannedField;
  if (item.kind === 'struct') {
    const plan = item.plan as Plan;
    for (const one of value) writeStruct(plan, one as Struct, writer);
  } else for (const one of value) writeField(item, one, writer);
}

function writeNull(field: PlannedField, writer: ByteWriter): void {
  if (!field.isNullable) throw unexpectedNull(field.name, 'write');
  if (field.isCompact) writer.uvarint(0);
  else if (field.kind === 'string') writer.int16(-1);
  else writer.int32(-1);
}
