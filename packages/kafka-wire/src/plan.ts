import { type Field, type Fields, type FieldKind } from './schema.ts';
import { zeroUuid } from './uuidText.ts';

/** One field of one version: what is left to decide at run time is only the bytes. */
export interface PlannedField {
  readonly name: string;
  readonly kind: FieldKind;
  readonly isNullable: boolean;
  /** Compact lengths. */
  readonly isCompact: boolean;
  /** -1 for a field that always stands. */
  readonly tag: number;
  readonly byDefault: unknown;
  /** Of a struct, or of an array of structs. */
  readonly plan: Plan | undefined;
  /** Of an array. */
  readonly item: PlannedField | undefined;
}

/** A struct in one version. */
export interface Plan {
  readonly isFlexible: boolean;
  readonly fields: readonly PlannedField[];
  /** In the order of their tags. */
  readonly tagged: readonly PlannedField[];
  /** Fields that this version does not have. */
  readonly absent: readonly PlannedField[];
}

const plans = new WeakMap<Fields, (Plan | undefined)[]>();

/** The plan of a struct: made once a version. */
export function planOf(fields: Fields, version: number, flexibleFrom: number): Plan {
  let versions = plans.get(fields);
  if (versions === undefined) {
    versions = [];
    plans.set(fields, versions);
  }
  return (versions[version] ??= makePlan(fields, version, flexibleFrom));
}

function makePlan(fields: Fields, version: number, flexibleFrom: number): Plan {
  const present: PlannedField[] = [];
  const tagged: PlannedField[] = [];
  const absent: PlannedField[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const planned = planField(name, field, version, flexibleFrom);
    const { from = 0, to = Infinity } = field.options;
    if (version < from || version > to) absent.push(planned);
    else if (planned.tag >= 0) tagged.push(planned);
    else present.push(planned);
  }
  tagged.sort((left, right) => left.tag - right.tag);
  return { isFlexible: version >= flexibleFrom, fields: present, tagged, absent };
}

function planField(
  name: string,
  { kind, options, fields, item }: Field<unknown>,
  version: number,
  flexibleFrom: number,
): PlannedField {
  const { nullable = Infinity, nullableTo = Infinity, tagged = Infinity, tag = -1 } = options;
  return {
    name,
    kind,
    isNullable: version >= nullable && version <= nullableTo,
    isCompact: version >= flexibleFrom && options.classic !== true,
    tag: version >= tagged ? tag : -1,
    byDefault: defaultOf(kind, options.default),
    plan: fields && planOf(fields, version, flexibleFrom),
    item: item && planField(name, item, version, flexibleFrom),
  };
}

const emptyBytes = new Uint8Array(0);
const emptyArray: readonly never[] = [];
const defaults: Readonly<Record<FieldKind, unknown>> = {
  boolean: false,
  int8: 0,
  int16: 0,
  uint16: 0,
  int32: 0,
  uint32: 0,
  int64: 0,
  float64: 0,
  string: '',
  uuid: zeroUuid,
  bytes: emptyBytes,
  records: emptyBytes,
  array: emptyArray,
  // Made from the struct's own fields where it is needed.
  struct: undefined,
};

function defaultOf(kind: FieldKind, named: unknown): unknown {
  return named === undefined ? defaults[kind] : named;
}

/** The value of a field that is absent. */
export function defaultValueOf(field: PlannedField): unknown {
  if (field.kind !== 'struct' || field.byDefault === null || field.plan === undefined) {
    return field.byDefault;
  }
  const value: Record<string, unknown> = {};
  for (const inner of [...field.plan.fields, ...field.plan.tagged, ...field.plan.absent]) {
    value[inner.name] = defaultValueOf(inner);
  }
  return value;
}
