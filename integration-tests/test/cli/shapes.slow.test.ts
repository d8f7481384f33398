/** What `up --json`, `status --json` and `groups --json` print: every name, and no other. */
import { clusterTimeoutMs, testCluster } from '../cluster.ts';

jest.setTimeout(clusterTimeoutMs);

const cluster = testCluster({ coordinators: 1, brokers: 1 });

/** Names and kinds of values, the first item standing for all of a list. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]));
}

it('up --json has the shape that programs rely on', () => {
  expect(shapeOf(cluster().ready)).toEqual({
    zookeeper: 'string',
    bootstrap: 'string',
    coordinators: [{ name: 'string', pid: 'number', client: 'string', websocket: 'string' }],
    brokers: [{ name: 'string', id: 'number', pid: 'number', kafka: 'string' }],
    data: 'string',
    readyMs: 'number',
  });
});

it('status --json has the shape that programs rely on', async () => {
  await cluster().say(['topics', '--create', '--topic', 'shapes', '--partitions', '1']);
  const status = await cluster().status();
  expect(shapeOf(status)).toEqual({
    ensemble: {
      leader: 'string',
      epoch: 'number',
      members: [{ name: 'string', pid: 'number', state: 'string', zxid: 'string' }],
    },
    controller: 'string',
    controllerEpoch: 'number',
    brokers: [
      { name: 'string', id: 'number', pid: 'number', state: 'string', brokerEpoch: 'number' },
    ],
    topics: [
      {
        name: 'string',
        partitions: [
          {
            partition: 'number',
            leader: 'number',
            leaderEpoch: 'number',
            replicas: ['number'],
            isr: ['number'],
            highWatermark: 'number',
          },
        ],
      },
    ],
  });
  expect(status).toMatchObject({
    ensemble: { leader: 'coordinator-1', members: [{ name: 'coordinator-1', state: 'leading' }] },
    controller: 'broker-1',
    brokers: [{ name: 'broker-1', id: 1, state: 'up' }],
    topics: [
      { name: 'shapes', partitions: [{ partition: 0, leader: 1, replicas: [1], isr: [1] }] },
    ],
  });
});

it('groups name every group, its state and its lag, missing values as null', async () => {
  await cluster().say(['produce', '--topic', 'shapes'], 'one\ntwo\n');
  const consume = ['consume', '--topic', 'shapes', '--from-beginning', '--group', 'readers'];
  await cluster().say([...consume, '--max-messages', '2', '--timeout-ms', '20000']);
  expect(await cluster().json(['groups', '--list', '--state'])).toEqual([
    { group: 'readers', state: 'Empty' },
  ]);
  expect(await cluster().json(['groups', '--describe', '--all-groups'])).toEqual([
    {
      group: 'readers',
      topic: 'shapes',
      partition: 0,
      currentOffset: 2,
      logEndOffset: 2,
      consumerId: null,
      host: null,
      clientId: null,
      lag: 0,
    },
  ]);
});
