import { type Prng } from '@zookafka/base';
import {
  type ApiName,
  apis,
  encodeBatch,
  encodeRequestFrame,
  type Field,
  type Fields,
  type RequestBody,
  uuidText,
} from '@zookafka/kafka-wire';
import { integer, long, noise, type ValidFrame } from './mutate.ts';

const clientId = 'fuzz';
/** The length, key, version and number of the request, and its client's name. */
const headBytes = 4 + 8 + 2 + clientId.length;
const words = ['fuzz', 'fuzz-1', 'fuzz-2', '', 'range', 'consumer', 'a b/c', '..', 'x'.repeat(300)];
const itemsMax = 3;
const apiNames = Object.keys(apis) as readonly ApiName[];

/** The names of all frames that `brokerFrame` makes. */
export const brokerFrameNames: readonly string[] = apiNames.map(nameOf);

function nameOf(api: ApiName): string {
  return `kafka ${api}`;
}

/** A request of any key in any version that is spoken. */
export function brokerFrame(prng: Prng): ValidFrame {
  const api = prng.pick(apiNames);
  const { versions, flexibleFrom, request } = apis[api];
  const apiVersion = prng.between(versions.min, versions.max);
  const body = structOf(request, prng) as RequestBody<ApiName>;
  const head = { apiVersion, correlationId: prng.below(0x7fffffff), clientId };
  const bytes = Buffer.concat(encodeRequestFrame(api, head, body));
  const isFlexible = apiVersion >= flexibleFrom;
  return { name: nameOf(api), bytes, headBytes: headBytes + (isFlexible ? 1 : 0) };
}

function structOf(fields: Fields, prng: Prng): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, bounded(name, valueOf(field, prng))]),
  );
}

/** What would only make this test slow, or the disk full, in a way that is no mistake. */
function bounded(name: string, value: unknown): unknown {
  if (name === 'maxWaitMs' || name === 'timeoutMs') return (value as number) % 20;
  if (name === 'numPartitions' || name === 'partitionCount') return Math.min(value as number, 4);
  return value;
}

function valueOf(field: Field<unknown>, prng: Prng): unknown {
  switch (field.kind) {
    case 'boolean':
      return prng.chance(500);
    case 'int8':
      return integer(prng, 8);
    case 'int16':
      return integer(prng, 16);
    case 'uint16':
      return integer(prng, 16) & 0xffff;
    case 'int32':
      return integer(prng, 32);
    case 'uint32':
      return integer(prng, 32) >>> 0;
    case 'int64':
      return long(prng);
    case 'float64':
      return prng.pick([0, -1, 1e300, NaN, 0.5]);
    case 'string':
      return prng.pick(words);
    case 'uuid':
      return uuidText(prng.fill(new Uint8Array(16)));
    case 'bytes':
      return noise(prng, 64);
    case 'records':
      return batch(prng);
    case 'array':
      return Array.from({ length: prng.below(itemsMax + 1) }, () =>
        valueOf(field.item as Field<unknown>, prng),
      );
    case 'struct':
      return structOf(field.fields ?? {}, prng);
  }
}

function batch(prng: Prng): Uint8Array {
  return encodeBatch({
    records: Array.from({ length: prng.between(1, itemsMax) }, () => ({
      key: prng.chance(500) ? null : noise(prng, 16),
      value: prng.chance(100) ? null : noise(prng, 64),
      timestampMs: prng.chance(800) ? 1_700_000_000_000 : integer(prng, 32),
    })),
    ...(prng.chance(500)
      ? { producerId: prng.below(1000), producerEpoch: 0, baseSequence: integer(prng, 32) }
      : {}),
  });
}
