/** Consumer groups of clients that we did not write, over brokers as processes, one of which is killed. */
import { spawn } from 'node:child_process';
import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { clusterTimeoutMs, testCluster } from '../cluster.ts';
import { eventually } from '../../src/eventually.ts';
import { describeForeign, missingProgram } from '../foreign.ts';

jest.setTimeout(3 * clusterTimeoutMs);

const cluster = testCluster({ coordinators: 3, brokers: 3 });
const partitionCount = 6;
const recoveryMsMax = 60_000;

function kafkaOf(): Kafka {
  const brokers = cluster().ready.bootstrap.split(',');
  return new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 30 } });
}

function newTopic(topic: string): Promise<string> {
  const create = ['topics', '--create', '--topic', topic, '--replication-factor', '3'];
  return cluster().say([...create, '--partitions', String(partitionCount)]);
}

async function produce(topic: string, numbers: readonly number[]): Promise<void> {
  const producer = kafkaOf().producer();
  await producer.connect();
  try {
    for (const number of numbers) {
      const partition = number % partitionCount;
      await producer.send({ topic, acks: -1, messages: [{ partition, value: String(number) }] });
    }
  } finally {
    await producer.disconnect();
  }
}

describe('kafkajs', () => {
  const topic = 'shared';
  const groupId = 'workers';
  const consumed = new Map<number, number>();

  async function consumer(): Promise<Consumer> {
    const one = kafkaOf().consumer({ groupId, sessionTimeout: 10_000, heartbeatInterval: 500 });
    await one.connect();
    await one.subscribe({ topic, fromBeginning: true });
    await one.run({
      autoCommitInterval: 200,
      eachMessage: ({ message }) => {
        const number = Number(message.value?.toString());
        consumed.set(number, (consumed.get(number) ?? 0) + 1);
        return Promise.resolve();
      },
    });
    return one;
  }

  const allOf = (numbers: readonly number[]): Promise<true> =>
    eventually(
      'everything is consumed',
      () => Promise.resolve(numbers.every((number) => consumed.has(number)) ? true : undefined),
      recoveryMsMax,
    );

  it('two consumers share a topic, and go on when the coordinator is killed', async () => {
    const first = Array.from({ length: 60 }, (_, index) => index);
    const second = first.map((number) => number + 100);
    await newTopic(topic);
    await produce(topic, first);
    const consumers = await Promise.all([consumer(), consumer()]);
    const admin = kafkaOf().admin();
    await admin.connect();
    try {
      await allOf(first);
      const [described] = (await admin.describeGroups([groupId])).groups;
      expect(described).toMatchObject({ state: 'Stable', protocolType: 'consumer' });
      expect(described?.members).toHaveLength(2);
      const offsets = await eventually(
        'all is committed',
        async () => {
          const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
          const sum = found?.partitions.reduce((total, { offset }) => total + Number(offset), 0);
          return sum === first.length ? found?.partitions : undefined;
        },
        recoveryMsMax,
      );
      expect(offsets).toHaveLength(partitionCount);

      const coordinator = await coordinatorOf(groupId);
      await cluster().say(['kill', coordinator]);
      await produce(topic, second);
      await allOf(second);
      expect(await coordinatorOf(groupId)).not.toBe(coordinator);
    } finally {
      await Promise.all(consumers.map((one) => one.disconnect()));
      await admin.disconnect();
      await cluster().resume();
    }
    // What was committed before the kill was not read again, but for what was not committed yet.
    expect(first.every((number) => (consumed.get(number) ?? 0) >= 1)).toBe(true);
  });
});

describeForeign('kcat', missingProgram('kcat', ['-V']), () => {
  it('consumes as a group, and begins where the group ended', async () => {
    await newTopic('grouped');
    await produce('grouped', [1, 2, 3, 4, 5, 6, 7]);
    expect((await kcat('grouped')).sort()).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    await produce('grouped', [8, 9]);
    expect((await kcat('grouped')).sort()).toEqual(['8', '9']);
  });

  async function kcat(topic: string): Promise<string[]> {
    const brokers = cluster().ready.bootstrap;
    const child = spawn(
      'kcat',
      ['-b', brokers, '-G', 'kcats', '-e', '-q', '-X', 'auto.offset.reset=earliest', topic],
      { stdio: 'pipe' },
    );
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`kcat: exit code ${String(code)}: ${stderr}`);
    return stdout.split('\n').filter((line) => line !== '');
  }
});

/** @returns the name of the broker that coordinates a group */
async function coordinatorOf(groupId: string): Promise<string> {
  return eventually(
    'the group has a coordinator',
    async () => {
      const said = await cluster().run(['groups', '--describe', '--group', groupId, '--state']);
      const id = /:\d+\s+\((\d+)\)/.exec(said.stdout)?.[1];
      return id === undefined ? undefined : `broker-${id}`;
    },
    recoveryMsMax,
  );
}
