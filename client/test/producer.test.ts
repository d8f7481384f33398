import { errorCodes, type RequestOf } from '@zookafka/kafka-wire';
import { FakeClient, producerOptions } from './fake/fakeClient.ts';
import { FakeCluster } from './fake/fakeCluster.ts';
import { World } from './fake/world.ts';
import { type ProducerOptions } from '../src/core/index.ts';

function start(options: Partial<ProducerOptions> = {}): {
  world: World;
  cluster: FakeCluster;
  client: FakeClient;
} {
  const world = new World();
  const cluster = new FakeCluster(world);
  cluster.addTopic('t', 2);
  const client = new FakeClient(cluster, { producer: { ...producerOptions, ...options } });
  return { world, cluster, client };
}

function valuesOf(cluster: FakeCluster, partition = 0): readonly string[] {
  return cluster.partition('t', partition).log.values;
}

function refused(errorCode: number, index = 0) {
  const partitionResponses = [{ index, errorCode, baseOffset: -1 }];
  return { responses: [{ name: 't', partitionResponses }] };
}

/** Answers the first so many Produce requests so, without looking at them. */
function refuseFirst(cluster: FakeCluster, count: number, errorCode: number): void {
  let left = count;
  cluster.intercept = ({ api }) => {
    if (api !== 'produce' || left === 0) return undefined;
    left--;
    return refused(errorCode);
  };
}

describe('a producer gathers', () => {
  it('records until the oldest has lingered, and sends them as one batch', () => {
    const { world, cluster, client } = start({ lingerMs: 50 });
    client.produce('warm');
    world.run(500);
    client.produce('a');
    world.run(40);
    client.produce('b');
    expect(cluster.count('produce')).toBe(1);
    world.run(20);
    expect(cluster.count('produce')).toBe(2);
    expect(valuesOf(cluster)).toEqual(['warm', 'a', 'b']);
    expect(client.of('delivered').map(({ offset }) => offset)).toEqual([0, 1, 2]);
  });

  it('no longer than until a batch is full', () => {
    const { world, cluster, client } = start({ lingerMs: 10_000, batchBytesMax: 300 });
    client.produce('warm');
    client.feed({ kind: 'flush' });
    world.run(500);
    for (let index = 0; index < 4; index++) client.produce('x'.repeat(60));
    world.run(100);
    expect(cluster.count('produce')).toBe(2);
    expect(valuesOf(cluster).length).toBeGreaterThan(2);
  });

  it('nothing after a flush', () => {
    const { world, cluster, client } = start({ lingerMs: 10_000 });
    client.produce('a');
    client.produce('b', 1);
    client.feed({ kind: 'flush' });
    world.run(100);
    expect([valuesOf(cluster), valuesOf(cluster, 1)]).toEqual([['a'], ['b']]);
  });

  it('one request for the batches of all partitions of a leader', () => {
    const { world, cluster, client } = start();
    cluster.move('t', 1, { leader: 1, isCut: false });
    client.produce('a', 0);
    client.produce('b', 1);
    world.run(100);
    expect(cluster.count('produce')).toBe(1);
  });
});

describe('an idempotent producer', () => {
  it('numbers the batches of each partition from 0, under one producer id', () => {
    const { world, cluster, client } = start();
    for (const round of [1, 2, 3]) {
      client.produce(`a${round}`, 0);
      client.produce(`b${round}`, 1);
      world.run(100);
    }
    expect(cluster.count('initProducerId')).toBe(1);
    for (const partition of [0, 1]) {
      const { batches } = cluster.partition('t', partition).log;
      expect(batches.map(({ firstSequence }) => firstSequence)).toEqual([0, 1, 2]);
      expect(new Set(batches.map(({ producerId }) => producerId)).size).toBe(1);
    }
  });

  it('has at most five batches of a partition on their way', () => {
    const { world, cluster, client } = start({ lingerMs: 0 });
    client.produce('warm');
    world.run(200);
    cluster.replicationMs = () => 500;
    for (let index = 0; index < 9; index++) client.produce(`v${index}`);
    for (let index = 0; index < 9; index++) client.produce('x'.repeat(990));
    world.run(50);
    expect(cluster.count('produce')).toBe(1 + 5);
    world.run(3000);
    expect(client.of('delivered')).toHaveLength(19);
  });

  it('sends the same batch again to the new leader when the old one was deposed, written once', () => {
    const { world, cluster, client } = start();
    client.produce('a');
    world.run(200);
    cluster.move('t', 0, { leader: 2, isCut: false });
    client.produce('b');
    client.produce('c');
    world.run(1000);
    expect(valuesOf(cluster)).toEqual(['a', 'b', 'c']);
    expect(client.of('delivered')).toHaveLength(3);
  });

  it('writes a batch once whose answer was lost with the connection', () => {
    const { world, cluster, client } = start();
    client.produce('a');
    world.run(200);
    cluster.replicationMs = () => 100;
    client.produce('b');
    world.until('it is appended', () => valuesOf(cluster).length === 2);
    client.cut(1);
    world.run(2000);
    expect(valuesOf(cluster)).toEqual(['a', 'b']);
    expect(client.of('delivered')).toHaveLength(2);
  });

  it('writes a batch once whose answer did not come in time', () => {
    const { world, cluster, client } = start();
    client.produce('a');
    world.run(200);
    let isFirst = true;
    cluster.replicationMs = () => {
      const delayMs = isFirst ? 1500 : 1;
      isFirst = false;
      return delayMs;
    };
    client.produce('b');
    world.run(5000);
    expect(valuesOf(cluster)).toEqual(['a', 'b']);
    expect(client.of('delivered')).toHaveLength(2);
  });

  it('keeps the order of what was under way when an earlier batch is refused', () => {
    const { world, cluster, client } = start({ lingerMs: 0 });
    client.produce('warm');
    world.run(200);
    refuseFirst(cluster, 1, errorCodes.NOT_ENOUGH_REPLICAS);
    for (const value of ['a', 'b', 'c', 'd']) client.produce(value);
    world.run(5000);
    expect(valuesOf(cluster)).toEqual(['warm', 'a', 'b', 'c', 'd']);
  });

  it('goes on in the next epoch after a batch that was given up', () => {
    const { world, cluster, client } = start({ lingerMs: 0 });
    client.produce('warm');
    world.run(200);
    refuseFirst(cluster, 1, errorCodes.MESSAGE_TOO_LARGE);
    const given = client.produce('too large');
    world.run(200);
    expect(client.of('notDelivered')).toEqual([
      expect.objectContaining({ token: given, isUnknown: false }),
    ]);
    client.produce('next');
    world.run(1000);
    expect(valuesOf(cluster)).toEqual(['warm', 'next']);
    const last = cluster.partition('t', 0).log.batches.at(-1);
    expect([last?.producerEpoch, last?.firstSequence]).toEqual([1, 0]);
  });

  it('sends the first batch of each producer id alone, and nothing before it is acknowledged', () => {
    const { world, cluster, client } = start({ lingerMs: 0 });
    // A leader takes whatever sequence comes first of a producer that it knows nothing of.
    let isFirst = false;
    cluster.intercept = ({ api }) => {
      if (api === 'initProducerId') isFirst = true;
      if (api !== 'produce' || !isFirst) return undefined;
      isFirst = false;
      return refused(errorCodes.NOT_ENOUGH_REPLICAS);
    };
    const values = Array.from({ length: 20 }, (_, index) => `v${index}`);
    for (const value of values.slice(0, 10)) {
      client.produce(value);
      world.run(1);
    }
    world.run(500);
    const { intercept } = cluster;
    refuseFirst(cluster, 1, errorCodes.INVALID_PRODUCER_EPOCH);
    client.produce('v10');
    world.run(20);
    cluster.intercept = intercept;
    // The others gather while a new producer id is asked for.
    for (const value of values.slice(11)) client.produce(value);
    world.run(2000);
    expect(valuesOf(cluster)).toEqual(values);
    expect(cluster.count('initProducerId')).toBe(2);
  });

  it('takes DUPLICATE_SEQUENCE_NUMBER for what it is: written before', () => {
    const { world, cluster, client } = start();
    refuseFirst(cluster, 1, errorCodes.DUPLICATE_SEQUENCE_NUMBER);
    const token = client.produce('a');
    world.run(500);
    expect(client.of('delivered')).toEqual([expect.objectContaining({ token, offset: -1 })]);
  });
});

describe('a batch that is too large', () => {
  const values = Array.from({ length: 30 }, (_, index) => `v${index}`);

  it.each([true, false])('is sent in parts, in order (idempotent: %p)', (isIdempotent) => {
    const { world, cluster, client } = start({ isIdempotent });
    const { log } = cluster.partition('t', 0);
    log.batchBytesMax = 200;
    for (const value of values) client.produce(value);
    world.run(2000);
    expect(log.values).toEqual(values);
    expect(client.of('delivered').map(({ offset }) => offset)).toEqual(values.map((_, at) => at));
    expect(Math.max(...log.batches.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(200);
    // No part needed another epoch, and none a sequence of its own.
    expect(log.batches.map(({ producerEpoch }) => producerEpoch)).toEqual(
      log.batches.map(() => (isIdempotent ? 0 : -1)),
    );
    expect(log.batches.map(({ firstSequence }) => firstSequence)).toEqual(
      log.batches.map(({ baseOffset }) => (isIdempotent ? baseOffset : -1)),
    );
  });

  it('is followed by smaller ones', () => {
    const { world, cluster, client } = start();
    const { log } = cluster.partition('t', 0);
    log.batchBytesMax = 200;
    for (const value of values) client.produce(value);
    world.run(2000);
    const { tooLargeCount } = log;
    expect(tooLargeCount).toBeGreaterThan(0);
    for (const value of values) client.produce(value);
    world.run(2000);
    expect(log.values).toEqual([...values, ...values]);
    expect(log.tooLargeCount).toBe(tooLargeCount);
  });

  it('keeps its place before those that were sent behind it', () => {
    const { world, cluster, client } = start({ lingerMs: 0 });
    client.produce('warm');
    world.run(200);
    const { log } = cluster.partition('t', 0);
    log.batchBytesMax = 200;
    // The first waits for the linger time with the others of its batch; the rest leaves behind it.
    for (const value of values) client.produce(value);
    client.feed({ kind: 'flush' });
    for (const value of ['w1', 'w2', 'w3']) client.produce(value);
    world.run(3000);
    expect(log.values).toEqual(['warm', ...values, 'w1', 'w2', 'w3']);
  });

  it('costs the record alone that is too large itself', () => {
    const { world, cluster, client } = start();
    const { log } = cluster.partition('t', 0);
    log.batchBytesMax = 200;
    const before = values.slice(0, 4);
    const after = values.slice(4, 9);
    for (const value of before) client.produce(value);
    const large = client.produce('x'.repeat(300));
    for (const value of after) client.produce(value);
    world.run(5000);
    expect(log.values).toEqual([...before, ...after]);
    expect(client.of('notDelivered')).toEqual([
      expect.objectContaining({
        token: large,
        isUnknown: false,
        refusal: { code: 'MESSAGE_TOO_LARGE', message: expect.any(String) as string },
      }),
    ]);
  });
});

describe('a producer retries', () => {
  it.each(['NOT_LEADER_OR_FOLLOWER', 'REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS'] as const)(
    '%s until the record is written',
    (name) => {
      const { world, cluster, client } = start();
      refuseFirst(cluster, 3, errorCodes[name]);
      client.produce('a');
      world.run(3000);
      expect(valuesOf(cluster)).toEqual(['a']);
      expect(client.of('delivered')).toHaveLength(1);
    },
  );

  it('with a back-off between any two looks at the metadata while nobody leads', () => {
    const { world, cluster, client } = start();
    cluster.partition('t', 0).leader = -1;
    client.produce('a');
    world.run(200);
    const [asked, steps] = [cluster.count('metadata'), client.stepCount];
    const timerCount = client.timers.length;
    world.run(5000);
    expect(cluster.count('metadata') - asked).toBeLessThanOrEqual(51);
    expect(client.stepCount - steps).toBeLessThanOrEqual(51 * 3);
    expect(client.timers.slice(timerCount).filter((delayMs) => delayMs < 50)).toEqual([]);
    cluster.partition('t', 0).leader = 1;
    world.run(300);
    expect(valuesOf(cluster)).toEqual(['a']);
  });

  it('with a back-off while no broker can be reached', () => {
    const { world, cluster, client } = start();
    for (const id of cluster.brokerIds) cluster.down.add(id);
    client.produce('a');
    world.run(5000);
    expect(client.stepCount).toBeLessThan(51 * 6);
    cluster.down.clear();
    world.run(500);
    expect(valuesOf(cluster)).toEqual(['a']);
  });

  it('no longer than the delivery timeout, and says that the record may be written', () => {
    const { world, cluster, client } = start({ deliveryTimeoutMs: 3000 });
    cluster.intercept = ({ api }) => (api === 'produce' ? 'silence' : undefined);
    const token = client.produce('a');
    world.run(10_000);
    expect(client.of('notDelivered')).toEqual([
      expect.objectContaining({
        token,
        isUnknown: true,
        refusal: expect.objectContaining({ code: 'DELIVERY_TIMED_OUT' }) as object,
      }),
    ]);
  });

  it('no longer than the delivery timeout, and says that a record surely is not written', () => {
    const { world, cluster, client } = start({ deliveryTimeoutMs: 3000 });
    cluster.partition('t', 0).leader = -1;
    client.produce('a');
    world.run(4000);
    expect(client.of('notDelivered').map(({ isUnknown }) => isUnknown)).toEqual([false]);
  });
});

describe('a producer refuses', () => {
  it('records over the count that it holds, and takes others when there is room', () => {
    const { world, client } = start({ bufferCountMax: 2 });
    client.produce('a');
    client.produce('b');
    client.produce('c');
    expect(client.of('notDelivered').map(({ token, refusal }) => [token, refusal.code])).toEqual([
      [3, 'BUFFER_FULL'],
    ]);
    world.run(500);
    const token = client.produce('d');
    world.run(500);
    expect(client.of('delivered').map((one) => one.token)).toContain(token);
  });

  it('records over the bytes that it holds', () => {
    const { client } = start({ bufferBytesMax: 500 });
    client.produce('x'.repeat(300));
    client.produce('x'.repeat(300));
    expect(client.of('notDelivered').map(({ refusal }) => refusal.code)).toEqual(['BUFFER_FULL']);
  });

  it('a partition that is no number', () => {
    const { client } = start();
    client.produce('a', -1);
    expect(client.of('notDelivered').map(({ refusal }) => refusal.code)).toEqual(['BAD_PARTITION']);
  });

  it('records after it was closed, and closes when all before were delivered', () => {
    const { world, cluster, client } = start({ lingerMs: 10_000 });
    client.produce('a');
    client.feed({ kind: 'close' });
    client.produce('b');
    expect(client.of('notDelivered').map(({ refusal }) => refusal.code)).toEqual(['CLOSED']);
    expect(client.of('closed')).toEqual([]);
    world.run(500);
    expect(valuesOf(cluster)).toEqual(['a']);
    expect(client.of('closed')).toHaveLength(1);
    expect(client.links.size).toBe(0);
  });
});

describe('a producer that does not wait for an answer', () => {
  it('has delivered what it wrote to the connection, at no offset', () => {
    const { world, cluster, client } = start({ acks: 0, isIdempotent: false });
    client.produce('a');
    world.run(500);
    expect(valuesOf(cluster)).toEqual(['a']);
    expect(client.of('delivered').map(({ offset }) => offset)).toEqual([-1]);
    expect((cluster.requests('produce')[0] as RequestOf<'produce'>).acks).toBe(0);
  });
});
