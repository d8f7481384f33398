/**
 * Frames made by hand from the documented layout, and hostile ones.
 */
import { ByteReader, bytesConcat, bytesToHex, Prng } from '@zookafka/base';

import {
  apis,
  type ApiName,
  decodeRequest,
  decodeRequestHead,
  decodeResponse,
  decodeResponseHead,
  encodeRequestFrame,
  encodeResponseFrame,
  errorCodes,
  errorName,
  isRetriableError,
  WireError,
} from '../src/index.ts';
import { cases, drawStruct, fromHex } from './drawing.ts';

type RequestArguments = Parameters<typeof encodeRequestFrame>;
type ResponseArguments = Parameters<typeof encodeResponseFrame>;

const requests: readonly (readonly [string, RequestArguments, string])[] = [
  [
    'ApiVersions 0: head of form 1, no body',
    ['apiVersions', { apiVersion: 0, correlationId: 1, clientId: 'me' }, {}],
    '0000000c 0012 0000 00000001 0002 6d65',
  ],
  [
    'ApiVersions 3: head of form 2 with a classic client id, compact strings',
    [
      'apiVersions',
      { apiVersion: 3, correlationId: 1, clientId: 'me' },
      { clientSoftwareName: 'zk', clientSoftwareVersion: '1' },
    ],
    '00000013 0012 0003 00000001 0002 6d65 00   03 7a6b 02 31 00',
  ],
  [
    'Metadata 1: all topics are null',
    ['metadata', { apiVersion: 1, correlationId: 2, clientId: null }, { topics: null }],
    '0000000e 0003 0001 00000002 ffff   ffffffff',
  ],
  [
    'Produce 3: classic strings, records of 4 bytes',
    [
      'produce',
      { apiVersion: 3, correlationId: 3, clientId: null },
      {
        acks: -1,
        timeoutMs: 1500,
        topicData: [
          { name: 't', partitionData: [{ index: 2, records: Uint8Array.of(1, 2, 3, 4) }] },
        ],
      },
    ],
    `00000029 0000 0003 00000003 ffff
     ffff ffff 000005dc 00000001 0001 74 00000001 00000002 00000004 01020304`,
  ],
  [
    'Produce 9: the same, compact, each struct with its tags',
    [
      'produce',
      { apiVersion: 9, correlationId: 3, clientId: null },
      {
        acks: -1,
        timeoutMs: 1500,
        topicData: [
          { name: 't', partitionData: [{ index: 2, records: Uint8Array.of(1, 2, 3, 4) }] },
        ],
      },
    ],
    `00000022 0000 0009 00000003 ffff 00
     00 ffff 000005dc 02 02 74 02 00000002 05 01020304 00 00 00`,
  ],
  [
    'Fetch 15: a follower names itself in tag 1',
    [
      'fetch',
      { apiVersion: 15, correlationId: 4, clientId: null },
      {
        replicaState: { replicaId: 2, replicaEpoch: 5 },
        maxWaitMs: 500,
        minBytes: 1,
        maxBytes: 1024,
        topics: [
          {
            topicId: 'AAECAwQFBgcICQoLDA0ODw',
            partitions: [
              { partition: 1, currentLeaderEpoch: 3, fetchOffset: 2 ** 32, partitionMaxBytes: 9 },
            ],
          },
        ],
      },
    ],
    `00000066 0001 000f 00000004 ffff 00
     000001f4 00000001 00000400 00 00000000 ffffffff
     02 000102030405060708090a0b0c0d0e0f
       02 00000001 00000003 0000000100000000 ffffffff ffffffffffffffff 00000009 00
     00
     01 01
     01 01 0d 00000002 0000000000000005 00`,
  ],
];

const responses: readonly (readonly [string, ResponseArguments, string])[] = [
  [
    'ApiVersions 3: head of form 0 all the same',
    [
      'apiVersions',
      { apiVersion: 3, correlationId: 7 },
      { apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }], zkMigrationReady: true },
    ],
    '00000016 00000007   0000 02 0012 0000 0004 00 00000000   01 03 01 01',
  ],
  [
    'Heartbeat 4: head of form 1',
    ['heartbeat', { apiVersion: 4, correlationId: 8 }, { errorCode: 27 }],
    '0000000c 00000008 00   00000000 001b 00',
  ],
  [
    'Fetch 4: no session, records of two chunks',
    [
      'fetch',
      { apiVersion: 4, correlationId: 9 },
      {
        responses: [
          {
            topic: 't',
            partitions: [
              {
                partitionIndex: 1,
                highWatermark: 6,
                lastStableOffset: 6,
                abortedTransactions: null,
                records: [Uint8Array.of(1, 2), Uint8Array.of(3)],
              },
            ],
          },
        ],
      },
    ],
    `00000034 00000009   00000000 00000001 0001 74 00000001
     00000001 0000 0000000000000006 0000000000000006 ffffffff 00000003 010203`,
  ],
  [
    'Fetch 12: where the logs part is tag 0',
    [
      'fetch',
      { apiVersion: 12, correlationId: 9 },
      {
        responses: [
          {
            topic: 't',
            partitions: [{ divergingEpoch: { epoch: 2, endOffset: 8 }, records: null }],
          },
        ],
      },
    ],
    `00000049 00000009 00   00000000 0000 00000000 02 02 74 02
     00000000 0000 0000000000000000 ffffffffffffffff ffffffffffffffff 01 ffffffff 00
       01 00 0d 00000002 0000000000000008 00
     00 00`,
  ],
];

const spaced = (text: string): string => text.replaceAll(/\s/g, '');

describe('frames are what the layout says', () => {
  it.each(requests)('%s', (_, [name, head, body], text) => {
    const frame = bytesConcat(encodeRequestFrame(name, head, body));
    expect(bytesToHex(frame)).toBe(spaced(text));
    const reader = new ByteReader(fromHex(text), 4);
    expect(decodeRequestHead(reader)).toEqual({ apiKey: apis[name].key, ...head });
    expect(decodeRequest(name, head.apiVersion, reader)).toMatchObject(body);
    expect(reader.remaining).toBe(0);
  });

  it.each(responses)('%s', (_, [name, head, body], text) => {
    const frame = bytesConcat(encodeResponseFrame(name, head, body));
    expect(bytesToHex(frame)).toBe(spaced(text));
    const reader = new ByteReader(fromHex(text), 4);
    expect(decodeResponseHead(name, head.apiVersion, reader)).toBe(head.correlationId);
    decodeResponse(name, head.apiVersion, reader);
    expect(reader.remaining).toBe(0);
  });
});

/** How many objects, and bytes of text, a value holds: what it cost to make it. */
function costOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return 1;
  return Object.values(value).reduce((sum: number, item) => sum + costOf(item), 1);
}

describe('hostile bytes', () => {
  it.each([
    ['a string', 'findCoordinator', 0, '7fff 61', 'BAD_LENGTH', 'key'],
    ['a negative string', 'findCoordinator', 0, 'fffe', 'BAD_LENGTH', 'key'],
    ['null for a string', 'findCoordinator', 0, 'ffff', 'UNEXPECTED_NULL', 'key'],
    ['an array', 'metadata', 1, '7fffffff', 'BAD_LENGTH', 'topics'],
    ['a negative array', 'metadata', 1, 'fffffffe', 'BAD_LENGTH', 'topics'],
    ['null for an array', 'metadata', 0, 'ffffffff', 'UNEXPECTED_NULL', 'topics'],
    [
      'records',
      'produce',
      3,
      'ffff 0001 00000000 00000001 0001 74 00000001 00000000 7fffffff',
      'BAD_LENGTH',
      'records',
    ],
    [
      'an array, compact',
      'fetch',
      12,
      '00000001 00000000 00000001 00000001 00 00000000 00000000 ffffffff0f',
      'BAD_LENGTH',
      'topics',
    ],
    ['a compact string', 'apiVersions', 3, 'ffffffff0f', 'BAD_LENGTH', 'clientSoftwareName'],
    ['null for a compact string', 'apiVersions', 3, '00', 'UNEXPECTED_NULL', 'clientSoftwareName'],
    ['a varint of six bytes', 'apiVersions', 3, 'ffffffffff7f', 'TRUNCATED', ''],
    ['a tagged field', 'apiVersions', 3, '0261 0261 01 05 ff01', 'BAD_LENGTH', 'tag 5'],
    ['many tagged fields', 'apiVersions', 3, '0261 0261 ffffffff0f', 'TRUNCATED', ''],
    ['nothing', 'produce', 3, '', 'TRUNCATED', ''],
  ] as const)(
    '%s that claims what is not there is refused by name',
    (...[, name, version, text, code, field]) => {
      const refusal = (): unknown => {
        try {
          return decodeRequest(name, version, new ByteReader(fromHex(text)));
        } catch (error) {
          return error instanceof WireError ? error.detail : error;
        }
      };
      expect(refusal()).toMatchObject({ code, field });
    },
  );

  it.each([
    ['produce', 2],
    ['produce', 12],
    ['fetch', 3],
    ['metadata', 13],
  ] as const)('%s in version %i is not decoded', (name, version) => {
    expect(() => decodeRequest(name, version, new ByteReader(new Uint8Array(64)))).toThrow(
      `Cannot use ${name} in version ${version}`,
    );
  });

  it('refuses strings that no length could tell, both ways', () => {
    const most = 'x'.repeat(0x7fff);
    const head = { apiVersion: 12, correlationId: 0, clientId: null };
    const write = (topicName: string, apiVersion: number): Uint8Array =>
      bytesConcat(
        encodeRequestFrame('metadata', { ...head, apiVersion }, { topics: [{ name: topicName }] }),
      );
    for (const version of [1, 12]) {
      expect(write(most, version).length).toBeGreaterThan(0x7fff);
      expect(() => write(`${most}x`, version)).toThrow('Cannot write name: it has 32768 bytes');
    }
    const long = bytesConcat([fromHex('81 80 02'), new Uint8Array(0x8000), fromHex('02 61 00')]);
    expect(() => decodeRequest('apiVersions', 3, new ByteReader(long))).toThrow(
      'Cannot read clientSoftwareName: its length 32768',
    );
  });

  it('throws our own error only, and makes no more than what the bytes pay for', () => {
    const prng = new Prng(21);
    let decodedCount = 0;
    const kinds = cases.flatMap(([name, version]) =>
      [true, false].map((isRequest) => ({ name, version, isRequest })),
    );
    for (const kind of kinds) {
      const frame = drawFrame(kind, prng);
      for (let round = 0; round < 20; round++) {
        const bytes = mutate(frame, prng);
        const value = decodedOrRefused(kind, bytes);
        if (value === undefined) continue;
        if (costOf(value) >= 200 + bytes.length * 40) expect(bytesToHex(bytes)).toBe('refused');
        decodedCount++;
      }
    }
    expect(decodedCount).toBeGreaterThan(100);
  });
});

interface FrameKind {
  readonly name: ApiName;
  readonly version: number;
  readonly isRequest: boolean;
}

function drawFrame({ name, version, isRequest }: FrameKind, prng: Prng): Uint8Array {
  const schema = apis[name];
  const head = { apiVersion: version, correlationId: 1, clientId: 'c' };
  return bytesConcat(
    isRequest
      ? encodeRequestFrame(name, head, drawStruct(schema.request, version, prng))
      : encodeResponseFrame(name, head, drawStruct(schema.response, version, prng)),
  ).subarray(4);
}

function mutate(frame: Uint8Array, prng: Prng): Uint8Array {
  const mutated = frame.slice(0, prng.chance(200) ? prng.below(frame.length) : undefined);
  for (let count = prng.below(3); count >= 0 && mutated.length > 0; count--) {
    mutated[prng.below(mutated.length)] = prng.pick([0, 1, 127, 255, prng.below(256)]);
  }
  return mutated;
}

/** What the bytes are, or undefined where they were refused as they should be. */
function decodedOrRefused({ name, version, isRequest }: FrameKind, bytes: Uint8Array): unknown {
  const reader = new ByteReader(bytes);
  try {
    if (isRequest) decodeRequestHead(reader);
    else decodeResponseHead(name, version, reader);
    return isRequest ? decodeRequest(name, version, reader) : decodeResponse(name, version, reader);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

describe('error codes', () => {
  it('are told by name and number', () => {
    expect(errorName(errorCodes.NOT_LEADER_OR_FOLLOWER)).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(errorName(-1)).toBe('UNKNOWN_SERVER_ERROR');
    expect(errorName(999)).toBe('UNKNOWN_SERVER_ERROR');
  });

  it('have no gap and no double from -1 to 127', () => {
    const codes = Object.values(errorCodes).sort((left, right) => left - right);
    expect(codes).toEqual(Array.from({ length: 129 }, (_, index) => index - 1));
  });

  it.each([
    ['NOT_LEADER_OR_FOLLOWER', true],
    ['NOT_ENOUGH_REPLICAS', true],
    ['CORRUPT_MESSAGE', true],
    ['OUT_OF_ORDER_SEQUENCE_NUMBER', false],
    ['OFFSET_OUT_OF_RANGE', false],
    ['REBALANCE_IN_PROGRESS', false],
    ['NONE', false],
  ] as const)('%s: try again? %p', (name, isRetriable) => {
    expect(isRetriableError(errorCodes[name])).toBe(isRetriable);
  });
});
