import {
  Admin,
  ClientError,
  NodeConsumer,
  NodeProducer,
  parseAddresses,
} from '../src/node/index.ts';
import { Frames } from '../src/node/frames.ts';
import { TcpCluster } from './fake/tcpCluster.ts';

let broker: TcpCluster;

beforeEach(async () => {
  broker = await TcpCluster.start();
  broker.cluster.addTopic('t', 1);
});

afterEach(async () => {
  await broker.stop();
});

const text = new TextDecoder();

/** Reads so many records. */
async function read(consumer: NodeConsumer, count: number): Promise<readonly string[]> {
  const values: string[] = [];
  if (count === 0) return values;
  for await (const { value } of consumer.records()) {
    values.push(text.decode(value ?? undefined));
    if (values.length === count) break;
  }
  return values;
}

describe('a producer over a socket', () => {
  it.each([0, 5])('delivers what it was given, with a linger time of %i ms', async (lingerMs) => {
    const producer = new NodeProducer({ bootstrap: broker.bootstrap, lingerMs });
    const sent = ['a', 'b', 'c'].map((value) => producer.send({ topic: 't', value }));
    const deliveries = await Promise.all(sent);
    expect(deliveries.map(({ offset }) => offset)).toEqual([0, 1, 2]);
    await producer.close();
    expect(broker.cluster.partition('t', 0).log.values).toEqual(['a', 'b', 'c']);
  });

  it('goes on after its connections broke', async () => {
    const producer = new NodeProducer({ bootstrap: broker.bootstrap });
    await producer.send({ topic: 't', value: 'a' });
    broker.cut();
    await producer.send({ topic: 't', value: 'b' });
    await producer.close();
    expect(broker.cluster.partition('t', 0).log.values).toEqual(['a', 'b']);
  });

  it.each([
    ['a length that is too large', Uint8Array.of(0x7f, 0xff, 0xff, 0xff)],
    ['a length that is negative', Uint8Array.of(0xff, 0xff, 0xff, 0xff)],
    ['an answer to nothing', Uint8Array.of(0, 0, 0, 4, 0x70, 0, 0, 0)],
    ['an answer without a number', Uint8Array.of(0, 0, 0, 1, 0)],
  ])('goes on on another connection after %s', async (_, nonsense) => {
    broker.nonsense = nonsense;
    const producer = new NodeProducer({ bootstrap: broker.bootstrap });
    await producer.send({ topic: 't', value: 'a' });
    await producer.close();
    expect(broker.cluster.partition('t', 0).log.values).toEqual(['a']);
  });

  it('sends what waits when it is closed, and refuses records after that', async () => {
    const producer = new NodeProducer({ bootstrap: broker.bootstrap, lingerMs: 60_000 });
    const sent = producer.send({ topic: 't', value: 'a' });
    await producer.close();
    expect(await sent).toEqual({ partition: 0, offset: 0 });
    await expect(producer.send({ topic: 't', value: 'b' })).rejects.toMatchObject({
      code: 'CLOSED',
    });
  });

  it('says that nobody answered when its time is over', async () => {
    const { bootstrap } = broker;
    await broker.stop();
    const producer = new NodeProducer({ bootstrap, deliveryTimeoutMs: 200 });
    await expect(producer.send({ topic: 't', value: 'a' })).rejects.toMatchObject({
      code: 'DELIVERY_TIMED_OUT',
      isUnknown: false,
    });
    await producer.close();
  });
});

describe('a consumer over a socket', () => {
  it('reads what was written, and goes on where a loop was left', async () => {
    const producer = new NodeProducer({ bootstrap: broker.bootstrap });
    await Promise.all(['a', 'b', 'c'].map((value) => producer.send({ topic: 't', value })));
    await producer.close();
    const consumer = await NodeConsumer.create({ bootstrap: broker.bootstrap });
    consumer.assign([{ topic: 't', partition: 0, offset: 0 }]);
    expect(await read(consumer, 2)).toEqual(['a', 'b']);
    expect(await read(consumer, 1)).toEqual(['c']);
    consumer.close();
    await consumer.whenClosed();
  });

  it('commits what its group has read, and the next member goes on there', async () => {
    const producer = new NodeProducer({ bootstrap: broker.bootstrap });
    await Promise.all(['a', 'b', 'c'].map((value) => producer.send({ topic: 't', value })));
    await producer.close();
    const options = {
      bootstrap: broker.bootstrap,
      group: 'g',
      autoOffsetReset: 'earliest' as const,
    };
    const first = await NodeConsumer.create(options);
    first.subscribe(['t']);
    expect(await read(first, 2)).toEqual(['a', 'b']);
    await first.commit();
    first.close();
    await first.whenClosed();
    await expect(first.commit()).rejects.toBeInstanceOf(ClientError);
    const second = await NodeConsumer.create(options);
    second.subscribe(['t']);
    expect(await read(second, 1)).toEqual(['c']);
    second.close();
    await second.whenClosed();
  });

  it('says that it has no offset when it may not choose one', async () => {
    const consumer = await NodeConsumer.create({
      bootstrap: broker.bootstrap,
      autoOffsetReset: 'none',
    });
    consumer.assign([{ topic: 't', partition: 0, offset: undefined }]);
    await expect(read(consumer, 1)).rejects.toMatchObject({ code: 'NO_OFFSET' });
    consumer.close();
    await consumer.whenClosed();
  });
});

describe('an administrator over a socket', () => {
  it('creates and lists topics, and is told what the broker says of an existing one', async () => {
    const admin = new Admin({ bootstrap: broker.bootstrap });
    const create = () =>
      admin.call(
        'createTopics',
        { topics: [{ name: 'n', numPartitions: 2, replicationFactor: 1 }], timeoutMs: 1000 },
        { kind: 'controller' },
      );
    expect((await create()).topics.map(({ errorCode }) => errorCode)).toEqual([0]);
    expect((await create()).topics.map(({ errorCode }) => errorCode)).toEqual([36]);
    const { topics } = await admin.call('metadata', { topics: null });
    expect(topics.map(({ name }) => name)).toEqual(['t', 'n']);
    admin.close();
  });

  it('is told that no answer came, and that what it asked for may have been done', async () => {
    broker.cluster.intercept = ({ api }) => (api === 'createTopics' ? 'silence' : undefined);
    const admin = new Admin({ bootstrap: broker.bootstrap, requestTimeoutMs: 100 });
    await expect(admin.call('createTopics', { topics: [], timeoutMs: 1 })).rejects.toMatchObject({
      code: 'NO_ANSWER',
      isUnknown: true,
    });
    admin.close();
  });

  it('ends what waits when it is closed, and refuses what comes later', async () => {
    broker.cluster.intercept = () => 'silence';
    const admin = new Admin({ bootstrap: broker.bootstrap });
    const waiting = admin.call('metadata', { topics: null });
    admin.close();
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(admin.call('metadata', { topics: null })).rejects.toBeInstanceOf(ClientError);
  });
});

describe('addresses', () => {
  it('are host and port, separated by commas', () => {
    expect(parseAddresses(' a:1, [::1]:65535 ')).toEqual([
      { host: 'a', port: 1 },
      { host: '::1', port: 65_535 },
    ]);
  });

  it.each(['', 'a', 'a:', 'a:0', 'a:65536', 'a:b', ':1'])('refuse "%s"', (bad) => {
    expect(() => parseAddresses(bad)).toThrow(ClientError);
  });
});

describe('frames', () => {
  it('are the same however the bytes were cut', () => {
    const bytes = Uint8Array.of(0, 0, 0, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 9);
    for (let size = 1; size <= bytes.length; size++) {
      const frames = new Frames(10);
      const got: number[][] = [];
      for (let at = 0; at < bytes.length; at += size) {
        for (const frame of frames.push(bytes.subarray(at, at + size))) got.push([...frame]);
      }
      expect(got).toEqual([[1, 2], [], [9]]);
    }
  });

  it('over the bound are refused', () => {
    expect(() => new Frames(10).push(Uint8Array.of(0, 0, 0, 11))).toThrow(RangeError);
  });
});
