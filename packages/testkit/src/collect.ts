import { bytesToHex, effectsOf, type Machine } from '@zookafka/base';

/** Runs one input and gives the effects as text, one a line: `send to=2 message=(kind=vote epoch=1)`. */
export function collect<Input, Effect extends object>(
  machine: Machine<Input, Effect>,
  input: Input,
  nowMs = 0,
): string {
  return effectsOf(machine, input, nowMs).map(plainText).join('\n');
}

/** An effect, a message or any plain value in one line: its `kind` first, bytes as hexadecimal digits. */
export function plainText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return valueText(value);
  if (isList(value)) return valueText(value);
  const { kind, ...rest } = value as Readonly<Record<string, unknown>>;
  const fields = fieldsText(rest);
  if (typeof kind !== 'string') return fields;
  return fields === '' ? kind : `${kind} ${fields}`;
}

function isList(value: object): boolean {
  return (
    Array.isArray(value) ||
    value instanceof Uint8Array ||
    value instanceof Map ||
    value instanceof Set
  );
}

function fieldsText(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, field]) => field !== undefined)
    .map(([name, field]) => `${name}=${valueText(field)}`)
    .join(' ');
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:-]+$/.test(value) ? value : JSON.stringify(value);
  if (value instanceof Uint8Array) return `0x${bytesToHex(value)}`;
  if (Array.isArray(value)) return `[${value.map(valueText).join(' ')}]`;
  if (value instanceof Set) return `{${[...(value as Set<unknown>)].map(valueText).join(' ')}}`;
  if (value instanceof Map) {
    const entries = [...(value as Map<unknown, unknown>)];
    return `{${entries.map(([key, item]) => `${valueText(key)}:${valueText(item)}`).join(' ')}}`;
  }
  if (typeof value === 'object' && value !== null) return `(${plainText(value)})`;
  return String(value);
}
