import { FakeClient, consumerOptions, producerOptions } from './fake/fakeClient.ts';
import { FakeCluster } from './fake/fakeCluster.ts';
import { World } from './fake/world.ts';
import { errorCodes } from '@zookafka/kafka-wire';

function start(): { world: World; cluster: FakeCluster; client: FakeClient } {
  const world = new World();
  const cluster = new FakeCluster(world);
  cluster.addTopic('t', 2);
  return { world, cluster, client: new FakeClient(cluster, { producer: producerOptions }) };
}

describe('what a client knows of its cluster', () => {
  it('is asked of another broker when one is down', () => {
    const { world, cluster, client } = start();
    for (const id of [1, 2]) cluster.down.add(id);
    cluster.move('t', 0, { leader: 3, isCut: false });
    client.produce('a');
    world.run(1000);
    expect(client.of('delivered')).toHaveLength(1);
  });

  it('is asked of another broker when one accepts connections and says nothing', () => {
    const { world, cluster, client } = start();
    cluster.intercept = ({ broker }) => (broker === 2 ? 'silence' : undefined);
    for (let round = 0; round < 5; round++) {
      client.produce(`v${round}`);
      world.run(4000);
    }
    expect(client.of('delivered')).toHaveLength(5);
  });

  it('is never older than before: a broker that lags does not bring a deposed leader back', () => {
    const { world, cluster, client } = start();
    client.produce('a');
    world.run(300);
    cluster.move('t', 0, { leader: 2, isCut: false });
    client.produce('b');
    world.run(500);
    const stale = cluster.partition('t', 0);
    cluster.intercept = ({ api }) =>
      api === 'metadata'
        ? {
            brokers: cluster.brokerIds.map((nodeId) => ({
              nodeId,
              host: `b${nodeId}`,
              port: 9092,
            })),
            controllerId: 1,
            topics: [
              {
                errorCode: 0,
                name: 't',
                topicId: cluster.topics.get('t')?.id as string,
                partitions: [1, 2].map((leaderId, partitionIndex) => ({
                  partitionIndex,
                  leaderId,
                  leaderEpoch: 0,
                  replicaNodes: [],
                  isrNodes: [],
                })),
              },
            ],
          }
        : undefined;
    client.produce('unknown topic makes it look anew', 0, 'u');
    world.run(300);
    const asked = cluster.asked.length;
    client.produce('c');
    world.run(300);
    const sentTo = cluster.asked
      .slice(asked)
      .filter(({ api }) => api === 'produce')
      .map(({ broker }) => broker);
    expect(sentTo).toEqual([2]);
    expect(stale.log.values).toEqual(['a', 'b', 'c']);
  });

  it('is believed from epoch 0 on when a topic was made anew', () => {
    const { world, cluster, client } = start();
    for (let round = 0; round < 3; round++) cluster.move('t', 0, { leader: 2, isCut: false });
    client.produce('a');
    world.run(300);
    cluster.topics.delete('t');
    cluster.addTopic('other', 1);
    cluster.addTopic('t', 2);
    client.produce('b');
    world.run(1000);
    expect(cluster.partition('t', 0).log.values).toEqual(['b']);
  });

  it('grows by what is asked while an answer is under way', () => {
    const { world, cluster, client } = start();
    cluster.addTopic('u', 1);
    client.produce('a', 0, 't');
    client.produce('b', 0, 'u');
    world.run(1000);
    expect(client.of('delivered')).toHaveLength(2);
  });

  it('says that a topic may not be written, at once and for all its records', () => {
    const { world, cluster, client } = start();
    cluster.intercept = ({ api }) =>
      api === 'metadata'
        ? {
            brokers: [{ nodeId: 1, host: 'b1', port: 9092 }],
            topics: [
              { errorCode: errorCodes.TOPIC_AUTHORIZATION_FAILED, name: 't', partitions: [] },
            ],
          }
        : undefined;
    client.produce('a');
    client.produce('b');
    world.run(300);
    expect(client.of('notDelivered').map(({ refusal }) => refusal.code)).toEqual([
      'TOPIC_AUTHORIZATION_FAILED',
      'TOPIC_AUTHORIZATION_FAILED',
    ]);
  });
});

describe('a client that has nothing to do', () => {
  it('sets no timer', () => {
    const { world, cluster, client } = start();
    client.produce('a');
    world.run(1000);
    const { length } = client.timers;
    const asked = cluster.asked.length;
    world.run(60_000);
    expect(client.timers.length - length).toBeLessThan(3);
    expect(cluster.asked.length).toBe(asked);
    expect(consumerOptions.retryBackoffMs).toBeGreaterThan(0);
  });
});
