import { ByteWriter, type Prng } from '@zookafka/base';
import {
  encodeRecord,
  type OperationName,
  operations,
  type PlainOperationName,
  type RecordName,
  records,
  type RecordOf,
  writeConnectRequestFrame,
} from '@zookafka/zookeeper-wire';
import { framed, integer, long, noise, type ValidFrame } from './mutate.ts';

/** The length, and the request's header: its number and its operation. */
const requestHeadBytes = 12;
/** The length alone: a connect request has no header. */
const connectHeadBytes = 4;

const multiCodes = { multi: 14, multiRead: 22 } as const;
const multiNames = Object.keys(multiCodes) as readonly (keyof typeof multiCodes)[];
const plainNames = Object.keys(operations) as readonly PlainOperationName[];
/** The names of all frames that `connectFrame` and `requestFrame` make. */
export const coordinatorFrameNames: readonly string[] = [
  ...['connect', ...plainNames, ...multiNames].map((name) => `jute ${name}`),
];
const paths = [
  ...['/', '/fuzz', '/fuzz/a', '/fuzz/b', '/fuzz/a/c', '/fuzz/n-', '/zookeeper', '/nowhere'],
  ...['', 'fuzz', '/fuzz/', '//fuzz', '/fuzz/../a', '/fuzz/\0', '/zookeeper/config'],
];
const itemsMax = 3;
const dataBytesMax = 64;

/** A connect request: a new session, or one that is claimed. */
export function connectFrame(prng: Prng): ValidFrame {
  const writer = new ByteWriter();
  writeConnectRequestFrame(writer, {
    protocolVersion: 0,
    lastZxidSeen: prng.chance(900) ? 0 : Math.abs(long(prng)),
    timeOut: prng.pick([4000, 6000, 10_000]),
    sessionId: prng.chance(900) ? { high: 0, low: 0 } : { high: prng.uint32() | 0, low: 1 },
    passwd: new Uint8Array(16),
    readOnly: prng.chance(100),
  });
  const bytes = Buffer.from(writer.copy());
  return { name: 'jute connect', bytes, headBytes: connectHeadBytes };
}

/** A request of any operation, with values that fit its record. */
export function requestFrame(prng: Prng): ValidFrame {
  const xid = prng.chance(900) ? prng.below(1000) + 1 : integer(prng, 32);
  if (prng.chance(120)) {
    const name = prng.pick(multiNames);
    return requestOf(name, [xid, multiCodes[name]], multiBody(prng));
  }
  const name = prng.pick(plainNames);
  const { code, request } = operations[name];
  return requestOf(name, [xid, code], request === null ? Buffer.alloc(0) : recordOf(request, prng));
}

function requestOf(
  name: OperationName,
  [xid, code]: readonly [number, number],
  body: Buffer,
): ValidFrame {
  const head = Buffer.alloc(8);
  head.writeInt32BE(xid);
  head.writeInt32BE(code, 4);
  const bytes = framed(Buffer.concat([head, body]));
  return { name: `jute ${name}`, bytes, headBytes: requestHeadBytes };
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
