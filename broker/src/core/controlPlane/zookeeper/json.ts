import { utf8Decode, utf8Encode } from '@zookafka/base';

/** A JSON object as it came: other people's programs write these, so nothing about it is believed. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** @returns the object as bytes; fields that are undefined are left out */
export function jsonEncode(value: JsonObject): Uint8Array {
  return utf8Encode(JSON.stringify(value));
}

/** @returns the object, or undefined when the bytes are null or no JSON object */
export function jsonDecode(bytes: Uint8Array | null): JsonObject | undefined {
  if (bytes === null || bytes.length === 0) return undefined;
  try {
    return objectOf(JSON.parse(utf8Decode(bytes)));
  } catch {
    return undefined;
  }
}

/** @returns the value when it is an object, else undefined */
export function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

/** @returns the value when it is a safe integer, or text that is one, else undefined */
export function integerOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  if (typeof value !== 'string' || !/^-?\d{1,16}$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** @returns the value when it is text, else undefined */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** @returns the value when it is a list of integers, else undefined */
export function integersOf(value: unknown): readonly number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items: readonly unknown[] = value;
  return items.every((item) => Number.isSafeInteger(item))
    ? (items as readonly number[])
    : undefined;
}

/** @returns the members of an object that are text, by name; empty when it is no object */
export function textsByName(value: unknown): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [name, member] of Object.entries(objectOf(value) ?? {})) {
    if (typeof member === 'string') texts.set(name, member);
  }
  return texts;
}
