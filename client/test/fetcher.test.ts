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

function assign(client: FakeClient, offset?: number, partition = 0, leaderEpoch?: number): void {
  const known = leaderEpoch === undefined ? {} : { leaderEpoch };
  client.feed({ kind: 'assign', partitions: [{ topic: 't', partition, offset, ...known }] });
}

/** Elects one whose log is shorter, as an unclean election does, and lets it write. */
function elect(cluster: FakeCluster, { endOffset }: { endOffset: number }): void {
  cluster.partition('t', 0).log.lose(endOffset);
  cluster.move('t', 0, { leader: 3, isCut: false });
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

describe('a fetcher, when another leads', () => {
  it('tells each leader the epoch that it believes in, in Fetch and in ListOffsets', () => {
    const { world, cluster, client } = start();
    cluster.move('t', 0, { leader: 2, isCut: false });
    append(cluster, ['a']);
    assign(client);
    poll(world, client);
    const asked = [...cluster.requests('fetch'), ...cluster.requests('listOffsets')];
    expect(asked.length).toBeGreaterThan(1);
    for (const { topics } of asked) {
      expect(topics[0]?.partitions[0]?.currentLeaderEpoch).toBe(1);
    }
  });

  it('asks once whether its log holds what was read, and reads on', () => {
    const { world, cluster, client } = start();
    append(cluster, ['a', 'b']);
    assign(client, 0);
    poll(world, client);
    cluster.move('t', 0, { leader: 3, isCut: false });
    append(cluster, ['c']);
    poll(world, client);
    expect(readBy(client)).toEqual(['a', 'b', 'c']);
    expect(cluster.requests('offsetForLeaderEpoch').map(({ topics }) => topics)).toEqual([
      [{ topic: 't', partitions: [{ partition: 0, currentLeaderEpoch: 1, leaderEpoch: 0 }] }],
    ]);
    expect(client.of('truncated')).toEqual([]);
  });

  it('does not ask while nothing was read', () => {
    const { world, cluster, client } = start();
    assign(client, 0);
    poll(world, client);
    cluster.move('t', 0, { leader: 3, isCut: false });
    append(cluster, ['a']);
    poll(world, client);
    expect(readBy(client)).toEqual(['a']);
    expect(cluster.count('offsetForLeaderEpoch')).toBe(0);
  });

  it('goes back to where the logs part when records that were read are lost, and says so', () => {
    const { world, cluster, client } = start();
    append(cluster, ['a', 'b', 'c']);
    assign(client, 0);
    poll(world, client);
    elect(cluster, { endOffset: 1 });
    append(cluster, ['x', 'y', 'z']);
    poll(world, client);
    expect(readBy(client)).toEqual(['a', 'b', 'c', 'x', 'y', 'z']);
    expect(client.of('truncated')).toEqual([
      { kind: 'truncated', topic: 't', partition: 0, offsetNext: 3, endOffset: 1 },
    ]);
  });

  it('goes where the policy says when the leader knows nothing of what was read', () => {
    const { world, cluster, client } = start();
    append(cluster, ['a', 'b']);
    assign(client, 0);
    poll(world, client);
    elect(cluster, { endOffset: 0 });
    append(cluster, ['x', 'y', 'z']);
    poll(world, client);
    expect(readBy(client)).toEqual(['a', 'b', 'x', 'y', 'z']);
    expect(client.of('truncated').map(({ endOffset }) => endOffset)).toEqual([-1]);
    expect(client.of('trace').map(({ event }) => event)).not.toContain('offsetOutOfRange');
  });

  it('asks for the epoch of what is left, once records are lost', () => {
    const { world, cluster, client } = start();
    append(cluster, ['a']);
    cluster.move('t', 0, { leader: 2, isCut: false });
    append(cluster, ['b']);
    assign(client, 0);
    poll(world, client);
    elect(cluster, { endOffset: 1 });
    poll(world, client);
    cluster.move('t', 0, { leader: 1, isCut: false });
    poll(world, client);
    const asked = cluster.requests('offsetForLeaderEpoch').map(({ topics }) => topics[0]);
    expect(asked.map((topic) => topic?.partitions[0]?.leaderEpoch)).toEqual([1, 0]);
    expect(client.of('truncated')).toHaveLength(1);
  });

  it('reads no more when records that were read are lost and no policy allows to go back', () => {
    const { world, cluster, client } = start({ autoOffsetReset: 'none' });
    append(cluster, ['a', 'b', 'c']);
    assign(client, 0);
    poll(world, client);
    elect(cluster, { endOffset: 1 });
    append(cluster, ['x', 'y', 'z']);
    poll(world, client);
    expect(readBy(client)).toEqual(['a', 'b', 'c']);
    expect(client.of('failed').map(({ refusal }) => refusal)).toEqual([
      {
        code: 'LOG_TRUNCATION',
        message:
          'Cannot go on reading t-0 at 3: records before it are lost, the log of its leader ended at 1',
      },
    ]);
  });

  it('checks a position that it is given with an epoch before it reads there', () => {
    const { world, cluster, client } = start();
    append(cluster, ['a', 'b', 'c']);
    elect(cluster, { endOffset: 1 });
    append(cluster, ['x', 'y', 'z']);
    assign(client, 3, 0, 0);
    poll(world, client);
    expect(readBy(client)).toEqual(['x', 'y', 'z']);
    expect(client.of('truncated')).toHaveLength(1);
  });

  it('asks again, with a back-off and new metadata, when the check is refused', () => {
    const { world, cluster, client } = start();
    append(cluster, ['a', 'b']);
    assign(client, 0);
    poll(world, client);
    let isRefusing = true;
    cluster.intercept = ({ api }) => {
      if (api !== 'offsetForLeaderEpoch' || !isRefusing) return undefined;
      const refused = { errorCode: errorCodes.FENCED_LEADER_EPOCH, partition: 0 };
      return { topics: [{ topic: 't', partitions: [refused] }] };
    };
    cluster.move('t', 0, { leader: 3, isCut: false });
    append(cluster, ['c']);
    const before = cluster.count('metadata');
    poll(world, client);
    expect(cluster.count('offsetForLeaderEpoch')).toBeLessThanOrEqual(20);
    expect(cluster.count('metadata')).toBeGreaterThan(before + 5);
    expect(readBy(client)).toEqual(['a', 'b']);
    isRefusing = false;
    poll(world, client, 500);
    expect(readBy(client)).toEqual(['a', 'b', 'c']);
  });
});
