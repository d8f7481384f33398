/** What one field's value is made of. */
export type FieldKind =
  | 'boolean'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'string'
  | 'uuid'
  | 'bytes'
  | 'records'
  | 'array'
  | 'struct';

/** In which versions a field exists, may be null, or is tagged; and what it is where it is absent. */
export interface FieldOptions {
  /** The first version that has it: 0 when left out. */
  readonly from?: number;
  /** The last version that has it. */
  readonly to?: number;
  /** The first version in which it may be null. */
  readonly nullable?: number;
  /** The last version in which it may be null. */
  readonly nullableTo?: number;
  readonly tag?: number;
  /** The first version in which it is a tagged field. */
  readonly tagged?: number;
  readonly default?: number | string | boolean | null;
  /** Never in the compact form, not in flexible versions either. */
  readonly classic?: boolean;
}

/** A field as data. `Value` is what it decodes to: only the compiler knows of it. */
export interface Field<Value> {
  readonly kind: FieldKind;
  readonly options: FieldOptions;
  /** Of a struct, in the order of the wire. */
  readonly fields?: Fields;
  /** Of an array. */
  readonly item?: Field<unknown>;
  /** Never there: carries the type. */
  readonly value?: Value;
}

/** The fields of a struct, in the order of the wire. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** What a field decodes to. */
export type ValueOf<F> = F extends Field<infer Value> ? Value : never;

/** What a struct decodes to. */
export type Decoded<F extends Fields> = { readonly [Name in keyof F]: ValueOf<F[Name]> };

/**
 * What can be encoded: fields that are left out take their defaults; bytes may be a list of chunks, which are not
 * copied.
 */
export type Encodable<Value> = Value extends Uint8Array
  ? Uint8Array | readonly Uint8Array[]
  : Value extends readonly (infer Item)[]
    ? readonly Encodable<Item>[]
    : Value extends object
      ? { readonly [Name in keyof Value]?: Encodable<Value[Name]> }
      : Value;

type OrNull<Value, Options> = Options extends { readonly nullable: number } ? Value | null : Value;

function scalar<Value>(kind: FieldKind) {
  return <const Options extends FieldOptions>(
    options?: Options,
  ): Field<OrNull<Value, Options>> => ({
    kind,
    options: options ?? {},
  });
}

export const boolean = scalar<boolean>('boolean');
export const int8 = scalar<number>('int8');
export const int16 = scalar<number>('int16');
export const uint16 = scalar<number>('uint16');
export const int32 = scalar<number>('int32');
export const uint32 = scalar<number>('uint32');
/** A long: exact while it is a safe integer. */
export const int64 = scalar<number>('int64');
export const float64 = scalar<number>('float64');
export const string = scalar<string>('string');
/** 22 characters of base64url, as Kafka prints ids. */
export const uuid = scalar<string>('uuid');
/** A view of the frame, not a copy. */
export const bytes = scalar<Uint8Array>('bytes');
/** Whole record batches: a view of the frame, not a copy. */
export const records = scalar<Uint8Array>('records');

/** A list of one sort of items. */
export function array<Item, const Options extends FieldOptions>(
  item: Field<Item>,
  options?: Options,
): Field<OrNull<readonly Item[], Options>> {
  return { kind: 'array', item, options: options ?? {} };
}

/** Fields inside a field. */
export function struct<const F extends Fields, const Options extends FieldOptions>(
  fields: F,
  options?: Options,
): Field<OrNull<Decoded<F>, Options>> {
  return { kind: 'struct', fields, options: options ?? {} };
}

/** Versions, both ends included. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** A message that stands alone: a header, or a record of an internal topic. */
export interface RecordSchema<F extends Fields> {
  readonly name: string;
  readonly versions: VersionRange;
  /** The first version with compact lengths and tagged fields. */
  readonly flexibleFrom: number;
  readonly fields: F;
}

/** One API key: request, response, and the versions that are served. */
export interface ApiSchema<Name extends string, Request extends Fields, Response extends Fields> {
  readonly key: number;
  readonly name: Name;
  /** What is decoded and answered. */
  readonly versions: VersionRange;
  /** What ApiVersions names as the lowest, where that is lower. */
  readonly advertisedFrom?: number;
  readonly flexibleFrom: number;
  readonly request: Request;
  readonly response: Response;
}

/** Types an API's data. */
export function api<
  const Name extends string,
  const Request extends Fields,
  const Response extends Fields,
>(schema: ApiSchema<Name, Request, Response>): ApiSchema<Name, Request, Response> {
  return schema;
}

/** Types a record's data. */
export function record<const F extends Fields>(schema: RecordSchema<F>): RecordSchema<F> {
  return schema;
}
