import { errorCodes } from '@zookafka/kafka-wire';
import { type ClientConfig } from '../src/core/index.ts';
import { consumerOptions, FakeClient, groupOptions } from './fake/fakeClient.ts';
import { FakeCluster } from './fake/fakeCluster.ts';
import { World } from './fake/world.ts';

const config: Partial<ClientConfig> = { consumer: consumerOptions, group: groupOptions };

function start(): { world: World; cluster: FakeCluster } {
  const world = new World();
  const cluster = new FakeCluster(world);
  cluster.addTopic('t', 4);
  return { world, cluster };
}

function member(cluster: FakeCluster): FakeClient {
  const client = new FakeClient(cluster, config);
  client.feed({ kind: 'subscribe', topics: ['t'] });
  return client;
}

/** What a member reads now. */
function ownedBy(client: FakeClient): readonly number[] {
  return (client.of('assigned').at(-1)?.partitions ?? []).map(({ partition }) => partition);
}

function commit(client: FakeClient, token: number, offsetNext: number, partition = 0): void {
  client.feed({ kind: 'consumed', topic: 't', partition, offsetNext });
  client.feed({ kind: 'commit', token });
}

describe('a member of a group', () => {
  it('that is alone reads every partition', () => {
    const { world, cluster } = start();
    const client = member(cluster);
    world.run(1000);
    expect(ownedBy(client)).toEqual([0, 1, 2, 3]);
  });

  it('takes the member id that it is given, and joins with it', () => {
    const { world, cluster } = start();
    member(cluster);
    world.run(1000);
    expect(cluster.requests('joinGroup').map(({ memberId }) => memberId)).toEqual(['', 'member-1']);
  });

  it('gives half of its partitions to one that comes, having stopped to read them before', () => {
    const { world, cluster } = start();
    const [first] = [member(cluster)];
    world.run(1000);
    const second = member(cluster);
    world.run(3000);
    expect([...ownedBy(first), ...ownedBy(second)].sort()).toEqual([0, 1, 2, 3]);
    expect(ownedBy(second)).toHaveLength(2);
    expect(first.of('assigned').map(({ partitions }) => partitions.length)).toEqual([4, 0, 2]);
  });

  it('takes the partitions of one that leaves, at once', () => {
    const { world, cluster } = start();
    const first = member(cluster);
    const second = member(cluster);
    world.run(5000);
    second.feed({ kind: 'close' });
    world.run(1500);
    expect(second.of('closed')).toHaveLength(1);
    expect(ownedBy(first)).toEqual([0, 1, 2, 3]);
  });

  it('beats its heart while it reads, and not more often than it should', () => {
    const { world, cluster } = start();
    member(cluster);
    world.run(1000);
    const count = cluster.count('heartbeat');
    world.run(3000);
    expect(cluster.count('heartbeat') - count).toBeGreaterThanOrEqual(9);
    expect(cluster.count('heartbeat') - count).toBeLessThanOrEqual(11);
  });

  it('joins as somebody new when the group has forgotten it', () => {
    const { world, cluster } = start();
    const client = member(cluster);
    world.run(1000);
    cluster.group('g').expel('member-1');
    world.run(2000);
    expect(ownedBy(client)).toEqual([0, 1, 2, 3]);
    expect([...cluster.group('g').members.keys()]).toEqual(['member-2']);
  });

  it('joins again under its name when its generation is over', () => {
    const { world, cluster } = start();
    const client = member(cluster);
    world.run(1000);
    cluster.group('g').generation++;
    world.run(2000);
    expect(ownedBy(client)).toEqual([0, 1, 2, 3]);
    expect([...cluster.group('g').members.keys()]).toEqual(['member-1']);
  });

  it('keeps what it reads when its coordinator moves', () => {
    const { world, cluster } = start();
    const client = member(cluster);
    world.run(1000);
    cluster.coordinator = 2;
    world.run(2000);
    expect(client.of('assigned')).toHaveLength(1);
    expect(
      cluster.asked.filter(({ api, broker }) => api === 'heartbeat' && broker === 2),
    ).not.toEqual([]);
  });

  it('keeps what it reads when the connection to its coordinator breaks', () => {
    const { world, cluster } = start();
    const client = member(cluster);
    world.run(1000);
    client.cut(1);
    world.run(2000);
    expect(client.of('assigned')).toHaveLength(1);
    expect(client.of('failed')).toEqual([]);
  });

  it('deals out anew when a topic gets partitions', () => {
    const { world, cluster } = start();
    const client = member(cluster);
    world.run(1000);
    const topic = cluster.topics.get('t');
    topic?.partitions.push({ ...cluster.partition('t', 0), waiting: [] });
    world.run(40_000);
    expect(ownedBy(client)).toHaveLength(5);
  });

  it('asks with a back-off while there is no coordinator', () => {
    const { world, cluster } = start();
    cluster.intercept = ({ api }) =>
      api === 'findCoordinator'
        ? {
            errorCode: errorCodes.COORDINATOR_NOT_AVAILABLE,
            nodeId: -1,
            host: '',
            port: -1,
            coordinators: [
              {
                key: 'g',
                nodeId: -1,
                host: '',
                port: -1,
                errorCode: errorCodes.COORDINATOR_NOT_AVAILABLE,
              },
            ],
          }
        : undefined;
    const client = member(cluster);
    world.run(5000);
    expect(cluster.count('findCoordinator')).toBeLessThanOrEqual(51);
    cluster.intercept = () => undefined;
    world.run(1000);
    expect(ownedBy(client)).toEqual([0, 1, 2, 3]);
  });

  it('says what trying again does not put right', () => {
    const { world, cluster } = start();
    cluster.intercept = ({ api }) =>
      api === 'joinGroup'
        ? {
            errorCode: errorCodes.GROUP_AUTHORIZATION_FAILED,
            memberId: '',
            protocolName: '',
            leader: '',
            members: [],
          }
        : undefined;
    const client = member(cluster);
    world.run(2000);
    expect(client.of('failed').map(({ refusal }) => refusal.code)).toEqual([
      'GROUP_AUTHORIZATION_FAILED',
    ]);
  });
});

describe('offsets', () => {
  it('are where the next member begins', () => {
    const { world, cluster } = start();
    const first = member(cluster);
    world.run(1000);
    commit(first, 1, 7);
    world.run(100);
    expect(first.of('committed')).toEqual([{ kind: 'committed', token: 1, refusal: undefined }]);
    first.feed({ kind: 'close' });
    world.run(1000);
    const second = member(cluster);
    world.run(2000);
    expect(second.of('assigned').at(-1)?.partitions[0]).toEqual({
      topic: 't',
      partition: 0,
      offset: 7,
      leaderEpoch: -1,
    });
  });

  it('never go back: a commit whose answer was lost is made again before the next', () => {
    const { world, cluster } = start();
    const client = member(cluster);
    world.run(1000);
    let isFirst = true;
    cluster.intercept = ({ api }) => {
      if (api !== 'offsetCommit' || !isFirst) return undefined;
      isFirst = false;
      client.cut(1);
      return 'silence';
    };
    commit(client, 1, 5);
    commit(client, 2, 9);
    world.run(3000);
    expect(client.of('committed').map(({ token, refusal }) => [token, refusal])).toEqual([
      [1, undefined],
      [2, undefined],
    ]);
    expect(cluster.group('g').committed.get('t-0')).toBe(9);
  });

  it('of a generation that is over are refused', () => {
    const { world, cluster } = start();
    const client = member(cluster);
    world.run(1000);
    cluster.group('g').generation++;
    commit(client, 1, 5);
    world.run(100);
    expect(client.of('committed').map(({ refusal }) => refusal?.code)).toEqual([
      'ILLEGAL_GENERATION',
    ]);
    expect(cluster.group('g').committed.size).toBe(0);
  });

  it('are committed before a member leaves', () => {
    const { world, cluster } = start();
    const client = member(cluster);
    world.run(1000);
    commit(client, 1, 5);
    client.feed({ kind: 'close' });
    world.run(1000);
    expect(client.of('committed').map(({ refusal }) => refusal)).toEqual([undefined]);
    expect(cluster.group('g').committed.get('t-0')).toBe(5);
    expect(cluster.group('g').members.size).toBe(0);
  });

  it('cannot be committed outside a group', () => {
    const { cluster } = start();
    const client = new FakeClient(cluster, { consumer: consumerOptions });
    client.feed({ kind: 'commit', token: 1 });
    expect(client.of('committed').map(({ refusal }) => refusal?.code)).toEqual(['NO_GROUP']);
  });

  it('commits the epoch of what it read, and whoever reads on there checks it', () => {
    const { world, cluster } = start();
    const first = member(cluster);
    world.run(1000);
    first.feed({ kind: 'consumed', topic: 't', partition: 0, offsetNext: 5, leaderEpoch: 3 });
    first.feed({ kind: 'commit', token: 1 });
    first.feed({ kind: 'close' });
    world.run(1000);
    const second = member(cluster);
    world.run(1000);
    expect(second.of('assigned')[0]?.partitions[0]).toEqual({
      topic: 't',
      partition: 0,
      offset: 5,
      leaderEpoch: 3,
    });
  });
});
