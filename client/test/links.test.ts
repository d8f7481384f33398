import { FakeClient } from './fake/fakeClient.ts';
import { FakeCluster } from './fake/fakeCluster.ts';
import { World } from './fake/world.ts';
import { apis, advertisedVersions, errorCodes } from '@zookafka/kafka-wire';

function start(): { world: World; cluster: FakeCluster; client: FakeClient } {
  const world = new World();
  const cluster = new FakeCluster(world, 1);
  return { world, cluster, client: new FakeClient(cluster, {}) };
}

function createTopic(client: FakeClient, token = 1, name = 'n'): void {
  const topics = [{ name, numPartitions: 1, replicationFactor: 1 }];
  const body = { topics, timeoutMs: 1000 };
  client.feed({ kind: 'call', token, target: { kind: 'any' }, api: 'createTopics', body });
}

describe('a connection', () => {
  it('is asked for its versions before anything else', () => {
    const { world, cluster, client } = start();
    createTopic(client);
    world.run(100);
    expect(cluster.asked[0]?.api).toBe('apiVersions');
    expect(cluster.asked.filter(({ api }) => api === 'apiVersions').length).toBe(
      cluster.asked.length - 2,
    );
  });

  it('is used in the highest version that both sides speak', () => {
    const { world, cluster, client } = start();
    const versionMax = 5;
    cluster.intercept = ({ api }) =>
      api === 'apiVersions'
        ? {
            apiKeys: advertisedVersions().map(({ apiKey, min, max }) => ({
              apiKey,
              minVersion: min,
              maxVersion: apiKey === apis.metadata.key ? versionMax : max,
            })),
          }
        : undefined;
    createTopic(client);
    world.run(100);
    expect(cluster.asked.find(({ api }) => api === 'metadata')?.version).toBe(versionMax);
  });

  it('asks an older broker again in a version that it knows', () => {
    const { world, cluster, client } = start();
    cluster.intercept = ({ api, version }) =>
      api === 'apiVersions' && version > 0
        ? { errorCode: errorCodes.UNSUPPORTED_VERSION, apiKeys: [] }
        : undefined;
    createTopic(client);
    world.run(100);
    expect(cluster.asked.slice(0, 2).map(({ api, version }) => [api, version])).toEqual([
      ['apiVersions', 3],
      ['apiVersions', 0],
    ]);
    expect(client.of('called')[0]?.outcome.kind).toBe('answered');
  });

  it('is given up when it brings an answer to nothing that was asked', () => {
    const { world, client } = start();
    createTopic(client);
    world.run(100);
    const [id] = client.links.keys();
    client.feed({ kind: 'response', link: id as number, correlationId: 99, body: {} as never });
    expect(client.links.has(id as number)).toBe(false);
  });

  it('that breaks leaves what was sent unknown', () => {
    const { world, cluster, client } = start();
    cluster.intercept = ({ api }) => (api === 'createTopics' ? 'silence' : undefined);
    createTopic(client);
    world.run(100);
    client.cut();
    expect(client.of('called').map(({ outcome }) => outcome)).toEqual([
      expect.objectContaining({ kind: 'failed', isUnknown: true }),
    ]);
  });

  it('that brings no answer in time is given up, and what was sent is unknown', () => {
    const { world, cluster, client } = start();
    cluster.intercept = ({ api }) => (api === 'createTopics' ? 'silence' : undefined);
    createTopic(client);
    world.run(3000);
    expect(client.of('called').map(({ outcome }) => outcome)).toEqual([
      expect.objectContaining({ kind: 'failed', isUnknown: true }),
    ]);
  });

  it('says clearly that a broker does not serve what is asked', () => {
    const { world, cluster, client } = start();
    cluster.intercept = ({ api }) =>
      api === 'apiVersions'
        ? {
            apiKeys: advertisedVersions()
              .filter(({ apiKey }) => apiKey !== apis.createTopics.key)
              .map(({ apiKey, min, max }) => ({ apiKey, minVersion: min, maxVersion: max })),
          }
        : undefined;
    createTopic(client);
    world.run(100);
    const [called] = client.of('called');
    expect(called?.outcome).toMatchObject({
      kind: 'failed',
      isUnknown: false,
      refusal: { message: expect.stringContaining('serves no version of createTopics') as string },
    });
  });

  it('settles each call once, also when a client closes', () => {
    const { world, cluster, client } = start();
    cluster.intercept = ({ api }) => (api === 'createTopics' ? 'silence' : undefined);
    createTopic(client, 1);
    createTopic(client, 2, 'm');
    world.run(100);
    client.feed({ kind: 'close' });
    expect(client.of('called').map(({ token }) => token)).toEqual([1, 2]);
    expect(client.of('closed')).toHaveLength(1);
    world.run(5000);
    expect(client.of('called')).toHaveLength(2);
  });
});

describe('a call', () => {
  it('reaches the controller, also while there is none at first', () => {
    const { world, cluster, client } = start();
    cluster.controller = -1;
    const body = { topics: [{ name: 'n', numPartitions: 1, replicationFactor: 1 }], timeoutMs: 1 };
    const target = { kind: 'controller' as const };
    client.feed({ kind: 'call', token: 1, target, api: 'createTopics', body });
    world.run(350);
    expect(client.of('called')).toEqual([]);
    expect(cluster.count('metadata')).toBeLessThan(6);
    cluster.controller = 1;
    world.run(300);
    expect(client.of('called')[0]?.outcome).toMatchObject({ kind: 'answered', from: 1 });
  });

  it('to a controller that never comes is given up in time', () => {
    const { world, cluster, client } = start();
    cluster.controller = -1;
    const target = { kind: 'controller' as const };
    client.feed({
      kind: 'call',
      token: 1,
      target,
      api: 'createTopics',
      body: { topics: [] } as never,
    });
    world.run(2000);
    expect(client.of('called')[0]?.outcome).toMatchObject({ kind: 'failed', isUnknown: false });
  });

  it('to a broker that nobody knows fails at once', () => {
    const { world, client } = start();
    const target = { kind: 'broker' as const, id: 77 };
    client.feed({ kind: 'call', token: 1, target, api: 'metadata', body: { topics: [] } });
    world.run(100);
    expect(client.of('called')[0]?.outcome).toMatchObject({
      kind: 'failed',
      refusal: { code: 'BROKER_NOT_AVAILABLE' },
    });
  });
});
