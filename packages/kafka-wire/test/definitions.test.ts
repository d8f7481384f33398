/**
 * Every message that is served, field by field against Kafka's own definitions.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { sharedPath } from '@zookafka/testkit';

import {
  apis,
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  type Field,
  type Fields,
  groupMetadataKey,
  groupMetadataValue,
  offsetCommitKey,
  offsetCommitValue,
} from '../src/index.ts';
import { requestHeader, responseHeader } from '../src/messages/headers.ts';

interface KafkaField {
  readonly name: string;
  readonly type: string;
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly tag?: number;
  readonly default?: unknown;
  readonly flexibleVersions?: string;
  readonly fields?: readonly KafkaField[];
}

interface KafkaMessage {
  readonly validVersions: string;
  readonly flexibleVersions: string;
  readonly fields: readonly KafkaField[];
  readonly commonStructs?: readonly {
    readonly name: string;
    readonly fields: readonly KafkaField[];
  }[];
}

const messages = sharedPath('data', 'kafka-messages');
const records = sharedPath('data', 'kafka-records', 'group-coordinator');
const describeWithData = messages === undefined ? describe.skip : describe;

function load(folder: string | undefined, name: string): KafkaMessage {
  const text = readFileSync(join(folder ?? '', `${name}.json`), 'utf8');
  return JSON.parse(text.replaceAll(/^\s*\/\/.*$/gm, '')) as KafkaMessage;
}

function range(text: string | undefined): readonly [number, number] {
  if (text === undefined || text === 'none') return [Infinity, -Infinity];
  if (text.endsWith('+')) return [Number(text.slice(0, -1)), Infinity];
  const [min = '', max = min] = text.split('-');
  return [Number(min), Number(max)];
}

/** What a field is in each version of the message, as a line of text. */
function linesOf(field: Field<unknown>, path: string, versions: readonly number[]): string[] {
  const { from = 0, to = Infinity, nullable = Infinity, nullableTo = Infinity } = field.options;
  const { tagged = Infinity, tag = -1 } = field.options;
  const own = versions
    .filter((version) => version >= from && version <= to)
    .map((version) => {
      const isNullable = version >= nullable && version <= nullableTo;
      return `${path} v${version} ${typeOf(field)}${isNullable ? ' null' : ''}${version >= tagged ? ` tag ${tag}` : ''}${field.options.classic === true ? ' classic' : ''}${defaultText(field.options.default)}`;
    });
  const inner = field.fields ?? field.item?.fields ?? {};
  const within = versions.filter((version) => version >= from && version <= to);
  return [...own, ...structLines(inner, path, within)];
}

function structLines(fields: Fields, path: string, versions: readonly number[]): string[] {
  return Object.entries(fields).flatMap(([name, field]) =>
    linesOf(field, `${path}.${name}`, versions),
  );
}

function typeOf({ kind, item }: Field<unknown>): string {
  return kind === 'array' ? `[]${item?.kind ?? ''}` : kind;
}

function defaultText(value: unknown): string {
  return value === undefined ? '' : ` default ${JSON.stringify(value)}`;
}

function kafkaLines(
  fields: readonly KafkaField[],
  common: ReadonlyMap<string, readonly KafkaField[]>,
  path: string,
  versions: readonly number[],
): string[] {
  return fields.flatMap((field) => {
    const name = `${path}.${field.name.charAt(0).toLowerCase()}${field.name.slice(1)}`;
    const [from, to] = range(field.versions ?? '0+');
    const [nullable, nullableTo] = range(field.nullableVersions);
    const [tagged] = range(field.taggedVersions);
    const within = versions.filter((version) => version >= from && version <= to);
    const item = field.type.replace('[]', '');
    const inner = field.fields ?? common.get(item) ?? [];
    const kind = inner.length > 0 ? 'struct' : item === 'bool' ? 'boolean' : item;
    const type = field.type.startsWith('[]') ? `[]${kind}` : kind;
    const own = within.map((version) => {
      const isNullable = version >= nullable && version <= nullableTo;
      return `${name} v${version} ${type}${isNullable ? ' null' : ''}${version >= tagged ? ` tag ${field.tag ?? -1}` : ''}${field.flexibleVersions === 'none' ? ' classic' : ''}${kafkaDefault(field)}`;
    });
    return [...own, ...kafkaLines(inner, common, name, within)];
  });
}

function kafkaDefault({ default: value, type }: KafkaField): string {
  if (value === undefined || (value === '' && type !== 'string')) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text === 'null') return ' default null';
  if (type === 'string') return ` default ${JSON.stringify(text)}`;
  return ` default ${/^-?0x/.test(text) ? Number(text) : text.toLowerCase()}`;
}

function versionsOf({ min, max }: { readonly min: number; readonly max: number }): number[] {
  return Array.from({ length: max - min + 1 }, (_, index) => min + index);
}

function expectSame(
  fields: Fields,
  schema: {
    readonly versions: { readonly min: number; readonly max: number };
    readonly flexibleFrom: number;
  },
  kafka: KafkaMessage,
): void {
  const versions = versionsOf(schema.versions);
  const [min, max] = range(kafka.validVersions);
  expect(versions.filter((version) => version < min || version > max)).toEqual([]);
  expect(schema.flexibleFrom).toBe(range(kafka.flexibleVersions)[0]);
  const common = new Map((kafka.commonStructs ?? []).map(({ name, fields: own }) => [name, own]));
  expect(structLines(fields, '', versions)).toEqual(kafkaLines(kafka.fields, common, '', versions));
}

describeWithData("our definitions are Kafka's (skipped without the shared data)", () => {
  const all = Object.values(apis);

  it.each(all)('request $key $name', (schema) => {
    const name = `${schema.name.charAt(0).toUpperCase()}${schema.name.slice(1)}Request`;
    const kafka = load(messages, name);
    expectSame(schema.request, schema, kafka);
    expect((kafka as unknown as { apiKey: number }).apiKey).toBe(schema.key);
    expect(schema.versions.max).toBe(range(kafka.validVersions)[1]);
  });

  it.each(all)('response $key $name', (schema) => {
    const name = `${schema.name.charAt(0).toUpperCase()}${schema.name.slice(1)}Response`;
    expectSame(schema.response, schema, load(messages, name));
  });

  it.each([
    requestHeader,
    responseHeader,
    consumerProtocolSubscription,
    consumerProtocolAssignment,
    offsetCommitKey,
    offsetCommitValue,
    groupMetadataKey,
    groupMetadataValue,
  ])('header or record $name', (schema) => {
    const folder = existsSync(join(messages ?? '', `${schema.name}.json`)) ? messages : records;
    expectSame(schema.fields, schema, load(folder, schema.name));
  });

  it('would see a field that is missing, of another type or of another version', () => {
    const schema = apis.heartbeat;
    const kafka = load(messages, 'HeartbeatRequest');
    const { groupId, ...rest } = schema.request;
    const change = (fields: Fields): (() => void) => {
      return () => {
        expectSame(fields, schema, kafka);
      };
    };
    expect(change({ groupId, ...rest })).not.toThrow();
    expect(change(rest)).toThrow();
    expect(change({ groupId: { ...groupId, kind: 'int32' }, ...rest })).toThrow();
    expect(change({ groupId: { ...groupId, options: { from: 1 } }, ...rest })).toThrow();
  });
});
