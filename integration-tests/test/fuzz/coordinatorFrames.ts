import { ByteWriter, type Prng } from '@zookafka/base';
import {
  encodeRecord,
  operations,
  type RecordName,
  records,
  type RecordOf,
  writeConnectRequestFrame,
} from '@zookafka/zookeeper-wire';
import { framed, integer, long, noise } from './mutate.ts';

/** The length, and the request's header: its number and its operation. */
export const requestHeadBytes = 12;
/** The length alone: a connect request has no header. */
export const connectHeadBytes = 4;

const multiCodes = [14, 22];
const paths = [
  ...['/', '/fuzz', '/fuzz/a', '/fuzz/b', '/fuzz/a/c', '/fuzz/n-', '/zookeeper', '/nowhere'],
  ...['', 'fuzz', '/fuzz/', '//fuzz', '/fuzz/../a', '/fuzz/\0', '/zookeeper/config'],
];
const itemsMax = 3;
const dataBytesMax = 64;

/** A connect request: a new session, or one that is claimed. */
export function connectFrame(prng: Prng): Buffer {
  const writer = new ByteWriter();
  writeConnectRequestFrame(writer, {
    protocolVersion: 0,
    lastZxidSeen: prng.chance(900) ? 0 : Math.abs(long(prng)),
    timeOut: prng.pick([4000, 6000, 10_000]),
    sessionId: prng.chance(900) ? { high: 0, low: 0 } : { high: prng.uint32() | 0, low: 1 },
    passwd: new Uint8Array(16),
    readOnly: prng.chance(100),
  });
  return Buffer.from(writer.copy());
}

/** A request of any operation, with values that fit its record. */
export function requestFrame(prng: Prng): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(prng.chance(900) ? prng.below(1000) + 1 : integer(prng, 32));
  if (prng.chance(120)) {
    head.writeInt32BE(prng.pick(multiCodes), 4);
    return framed(Buffer.concat([head, multiBody(prng)]));
  }
  const { code, request } = prng.pick(Object.values(operations));
  head.writeInt32BE(code, 4);
  return framed(
    Buffer.concat([head, request === null ? Buffer.alloc(0) : recordOf(request, prng)]),
  );
}

function multiBody(prng: Prng): Buffer {
  const parts: Buffer[] = [];
  const members = ['create', 'delete', 'setData', 'check', 'getData', 'getChildren'] as const;
  for (let index = prng.below(itemsMax + 1); index > 0; index--) {
    const { code, request } = operations[prng.pick(members)];
    parts.push(multiHead(code, false), recordOf(request, prng));
  }
  return Buffer.concat([...parts, multiHead(-1, true)]);
}

function multiHead(type: number, done: boolean): Buffer {
  const bytes = Buffer.alloc(9);
  bytes.writeInt32BE(type);
  bytes[4] = done ? 1 : 0;
  bytes.writeInt32BE(-1, 5);
  return bytes;
}

function recordOf(name: RecordName, prng: Prng): Buffer {
  return Buffer.from(encodeRecord(name as 'Id', valueOf(name, prng) as RecordOf<'Id'>));
}

/** A value of a type of the table of records. */
function valueOf(type: string, prng: Prng): unknown {
  const list = /^vector<(.+)>$/.exec(type)?.[1];
  if (list !== undefined) {
    return Array.from({ length: prng.below(itemsMax + 1) }, () => valueOf(list, prng));
  }
  switch (type.replace('?', '')) {
    case 'int':
      return integer(prng, 32);
    case 'long':
      return long(prng);
    case 'session':
      return { high: prng.uint32() | 0, low: prng.uint32() | 0 };
    case 'boolean':
      return prng.chance(500);
    case 'ustring':
      return prng.chance(900) ? prng.pick(paths) : noise(prng, dataBytesMax).toString('latin1');
    case 'buffer':
      return noise(prng, dataBytesMax);
    default: {
      const fields = records[type as RecordName] as Readonly<Record<string, string>>;
      return Object.fromEntries(
        Object.entries(fields).map(([name, inner]) => [name, valueOf(inner, prng)]),
      );
    }
  }
}
