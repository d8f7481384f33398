import { type Prng } from '@zookafka/base';

import { type ApiName, apis, type Field, type Fields, uuidText } from '../src/index.ts';

const names = Object.keys(apis) as ApiName[];
/** Every key in every version that is served. */
export const cases = names.flatMap((name) => {
  const { min, max } = apis[name].versions;
  return Array.from({ length: max - min + 1 }, (_, index) => [name, min + index] as const);
});

/** A value of a field, drawn: absent fields get what decoding gives them, so that both sides compare equal. */
function draw(field: Field<unknown>, version: number, prng: Prng): unknown {
  const { nullable = Infinity, nullableTo = Infinity } = field.options;
  if (version >= nullable && version <= nullableTo && prng.chance(200)) return null;
  switch (field.kind) {
    case 'boolean':
      return prng.chance(500);
    case 'int8':
      return prng.between(-128, 127);
    case 'int16':
      return prng.between(-32768, 32767);
    case 'uint16':
      return prng.between(0, 65535);
    case 'int32':
      return prng.uint32() | 0;
    case 'uint32':
      return prng.uint32();
    case 'int64':
      return prng.between(-0x10_0000, 0x0f_ffff) * 0x1_0000_0000 + prng.uint32();
    case 'float64':
      return prng.uint32() / 8;
    case 'string':
      return 'ü'.repeat(prng.below(3)) + 'x'.repeat(prng.below(200));
    case 'uuid':
      return uuidText(prng.fill(new Uint8Array(16)));
    case 'bytes':
    case 'records':
      return prng.fill(new Uint8Array(prng.below(50)));
    case 'array':
      return Array.from({ length: prng.below(4) }, () =>
        draw({ ...(field.item as Field<unknown>), options: {} }, version, prng),
      );
    case 'struct':
      return drawStruct(field.fields ?? {}, version, prng);
  }
}

/** A struct of one version, drawn. */
export function drawStruct(fields: Fields, version: number, prng: Prng): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const { from = 0, to = Infinity } = field.options;
    if (version >= from && version <= to) value[name] = draw(field, version, prng);
  }
  return value;
}

/** What was decoded, without the fields that the version does not have. */
export function present(fields: Fields, version: number, value: Record<string, unknown>): unknown {
  const kept: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const { from = 0, to = Infinity } = field.options;
    if (version < from || version > to) continue;
    const inner = field.fields ?? field.item?.fields;
    const one = value[name];
    const clean = (item: unknown): unknown =>
      inner === undefined || item === null
        ? item
        : present(inner, version, item as Record<string, unknown>);
    kept[name] = Array.isArray(one) && field.kind === 'array' ? one.map(clean) : clean(one);
  }
  return kept;
}

/** Bytes from hexadecimal digits; blanks are there to be read. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, '');
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16),
  );
}
