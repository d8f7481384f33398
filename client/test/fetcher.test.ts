import { utf8Decode, utf8Encode } from '@zookafka/base';
import { batchHeads, decodeRecords, encodeBatch, errorCodes } from '@zookafka/kafka-wire';
import { type FetcherOptions } from '../src/core/index.ts';
import { consumerOptions, FakeClient } from './fake/fakeClient.ts';
import { FakeCluster } from './fake/fakeCluster.ts';
import { World } from './fake/world.ts';

function start(options: Partial<FetcherOptions> = {}): {
  world: World;
  cluster: FakeCluster;
  client: FakeClient;
} {
  const world = new World();
  const cluster = new FakeCluster(world);
  cluster.addTopic('t', 2);
  const client = new FakeClient(cluster, { consumer: { ...consumerOptions, ...options } });
  return { world, cluster, client };
}

function append(cluster: FakeCluster, values: readonly string[], partition = 0): void {
  const { log, leaderEpoch } = cluster.partition('t', partition);
  for (const value of values) {
    const record = { key: null, value: utf8Encode(value), headers: [], timestampMs: 0 };
    const bytes = encodeBatch({
      records: [record],
      producerId: -1,
      producerEpoch: -1,
      baseSequence: -1,
    });
    log.append(bytes, leaderEpoch);
  }
  log.committed = log.endOffset;
}

function readBy(client: FakeClient, partition = 0): readonly string[] {
  return client
    .of('records')
    .filter((piece) => piece.partition === partition)
    .flatMap(({ batches, offset }) =>
      [...batchHeads(batches)].flatMap((head) =>
        decodeRecords(batches, head)
          .filter((record) => record.offset >= offset)
          .map(({ value }) => utf8Decode(value as Uint8Array)),
      ),
    );
}

function assign(client: FakeClient, offset?: number, partition = 0): void {
  client.feed({ kind: 'assign', partitions: [{ topic: 't', partition, offset }] });
}

/** Lets time pass while the program takes whatever comes. */
function poll(world: World, client: FakeClient, ms = 2000): void {
  for (let passed = 0; passed < ms; passed += 50) {
    client.feed({ kind: 'poll' });
    world.run(50);
  }
}

describe('a fetcher', () => {
  it('begins at the earliest record when no offset is given', () => {
    const { world, cluster, client } = start();
    append(cluster, ['a', 'b', 'c']);
    assign(client);
    poll(world, client);
    expect(readBy(client)).toEqual(['a', 'b', 'c']);
  });

  it('begins at the end when it is told so', () => {
    const { world, cluster, client } = start({ autoOffsetReset: 'latest' });
    append(cluster, ['a', 'b']);
    assign(client);
    poll(world, client);
    append(cluster, ['c']);
    poll(world, client);
    expect(readBy(client)).toEqual(['c']);
  });

  it('says that it has no offset when it may not choose one', () => {
    const { world, client } = start({ autoOffsetReset: 'none' });
    assign(client);
    world.run(2000);
    expect(client.of('failed').map(({ refusal }) => refusal.code)).toEqual(['NO_OFFSET']);
  });

  it('gives each record once and in order when the leader moves', () => {
    const { world, cluster, client } = start();
    append(cluster, ['a', 'b']);
    assign(client, 0);
    poll(world, client);
    cluster.move('t', 0, { leader: 3, isCut: false });
    append(cluster, ['c', 'd']);
    poll(world, client);
    expect(readBy(client)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('gives each record once and in order when connections are cut', () => {
    const { world, cluster, client } = start();
    assign(client, 0);
    for (const value of ['a', 'b', 'c', 'd']) {
      append(cluster, [value]);
      world.run(20);
      client.cut();
      poll(world, client, 500);
    }
    poll(world, client);
    expect(readBy(client)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('goes to the earliest record when its offset is out of range', () => {
    const { world, cluster, client } = start();
    append(cluster, ['a', 'b']);
    assign(client, 77);
    poll(world, client);
    expect(readBy(client)).toEqual(['a', 'b']);
    expect(client.of('trace').map(({ event }) => event)).toContain('offsetOutOfRange');
  });

  it('fetches no more than the program can hold', () => {
    const { world, cluster, client } = start({ bufferedCountMax: 2 });
    append(cluster, ['a', 'b', 'c', 'd', 'e']);
    assign(client, 0);
    world.run(5000);
    expect(readBy(client)).toEqual(['a', 'b']);
    poll(world, client);
    expect(readBy(client)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('has one fetch of a leader under way at a time', () => {
    const { world, cluster, client } = start();
    cluster.move('t', 1, { leader: 1, isCut: false });
    const partitions = [0, 1].map((partition) => ({ topic: 't', partition, offset: 0 }));
    client.feed({ kind: 'assign', partitions });
    world.run(2000);
    expect(cluster.count('fetch')).toBeGreaterThan(5);
    expect(cluster.count('fetch')).toBeLessThanOrEqual(11);
    for (const { topics } of cluster.requests('fetch')) {
      expect(topics.flatMap((topic) => topic.partitions)).toHaveLength(2);
    }
  });

  it('does not listen to answers of an assignment that is over', () => {
    const { world, cluster, client } = start();
    append(cluster, ['a']);
    append(cluster, ['z'], 1);
    assign(client, 0);
    world.until('it fetches', () => cluster.count('fetch') > 0);
    assign(client, 0, 1);
    poll(world, client);
    expect(readBy(client, 0)).toEqual([]);
    expect(readBy(client, 1)).toEqual(['z']);
  });

  it.each(['FENCED_LEADER_EPOCH', 'UNKNOWN_LEADER_EPOCH', 'NOT_LEADER_OR_FOLLOWER'] as const)(
    'looks for the leader anew after %s, with a back-off',
    (name) => {
      const { world, cluster, client } = start();
      append(cluster, ['a']);
      let isRefusing = true;
      cluster.intercept = ({ api }) => {
        if (api !== 'fetch' || !isRefusing) return undefined;
        const partitions = [
          { partitionIndex: 0, errorCode: errorCodes[name], highWatermark: -1, records: null },
        ];
        return {
          responses: [{ topic: 't', topicId: cluster.topics.get('t')?.id as string, partitions }],
        };
      };
      assign(client, 0);
      world.run(2000);
      expect(cluster.count('fetch')).toBeLessThanOrEqual(20);
      expect(cluster.count('metadata')).toBeGreaterThan(5);
      isRefusing = false;
      poll(world, client, 500);
      expect(readBy(client)).toEqual(['a']);
    },
  );

  it('waits with a back-off while nobody leads', () => {
    const { world, cluster, client } = start();
    cluster.partition('t', 0).leader = -1;
    assign(client, 0);
    world.run(300);
    const { stepCount } = client;
    world.run(5000);
    expect(client.stepCount - stepCount).toBeLessThan(51 * 3);
  });
});
