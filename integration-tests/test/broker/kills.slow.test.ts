/** Brokers as processes: killed under load, started again, given settings that nobody can use. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { temporaryFolder } from '@zookafka/testkit';
import { clusterTimeoutMs, type StatusLine, testCluster } from '../cluster.ts';
import { eventually } from '../../src/eventually.ts';
import { zookafka } from '../../src/zookafka.ts';

jest.setTimeout(3 * clusterTimeoutMs);

const topic = 'kept';
const partitionCount = 6;
const recoveryMsMax = 60_000;

describe('three brokers', () => {
  const cluster = testCluster({ coordinators: 3, brokers: 3 });

  async function allInSync(): Promise<StatusLine> {
    return eventually(
      'all replicas are in sync',
      async () => {
        const status = await cluster().status();
        const found = status.topics.find(({ name }) => name === topic);
        const isWhole =
          found?.partitions.every(({ isr, leader }) => isr.length === 3 && leader > 0) === true;
        return isWhole && status.brokers.every(({ state }) => state === 'up') ? status : undefined;
      },
      recoveryMsMax,
    );
  }

  /** Sends numbered records, some at a time, and keeps the numbers that were acknowledged. */
  class Load {
    readonly acknowledged = new Set<number>();
    private isOver = false;
    private next = 0;

    async run(producer: Producer): Promise<void> {
      const lane = async (): Promise<void> => {
        while (!this.isOver) {
          const numbers = Array.from({ length: 11 }, () => this.next++);
          // One partition a call: when a leader moves during a call, kafkajs takes the answer of the broker that leads
          // now for an answer about all of its partitions, and calls what it never sent again a success.
          const partition = (numbers[0] as number) % partitionCount;
          const messages = numbers.map((number) => ({ partition, value: String(number) }));
          try {
            await producer.send({ topic, acks: -1, messages });
          } catch {
            // Whether they are in the log is unknown: nobody promised it.
            continue;
          }
          for (const number of numbers) this.acknowledged.add(number);
        }
      };
      await Promise.all(Array.from({ length: 4 }, lane));
    }

    stop(): void {
      this.isOver = true;
    }
  }

  it('lose nothing that was acknowledged by all when brokers are killed under load', async () => {
    const create = ['topics', '--create', '--topic', topic, '--partitions', String(partitionCount)];
    const config = ['--config', 'min.insync.replicas=2'];
    await cluster().say([...create, '--replication-factor', '3', ...config]);
    await allInSync();
    const kafka = new Kafka({
      brokers: cluster().ready.bootstrap.split(','),
      logLevel: logLevel.NOTHING,
      retry: { retries: 30, initialRetryTime: 50, maxRetryTime: 1000 },
    });
    const producer = kafka.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    const load = new Load();
    const loading = load.run(producer);
    for (const victim of ['leader-of:kept-0', 'controller', 'broker-2']) {
      const before = load.acknowledged.size;
      await eventually('records are acknowledged', () =>
        load.acknowledged.size > before + 500 ? true : undefined,
      );
      const [name] = /broker-\d/.exec(await cluster().say(['kill', victim])) ?? [];
      const after = load.acknowledged.size;
      await eventually(
        'records are acknowledged without the victim',
        () => (load.acknowledged.size > after + 300 ? true : undefined),
        recoveryMsMax,
      );
      await cluster().say(['restart', name ?? victim]);
      await allInSync();
    }
    load.stop();
    await loading;
    await producer.disconnect();
    const found = await readAll();
    expect(load.acknowledged.size).toBeGreaterThan(2000);
    expect([...load.acknowledged].filter((number) => !found.has(number))).toEqual([]);
  });

  async function readAll(): Promise<ReadonlySet<number>> {
    const said = await cluster().say([
      ...['consume', '--topic', topic, '--from-beginning', '--timeout-ms', '5000'],
    ]);
    return new Set(
      said
        .split('\n')
        .filter((line) => line !== '')
        .map(Number),
    );
  }

  it('take a broker back inside the timeout of its old session', async () => {
    const before = await allInSync();
    const epochBefore = before.brokers.find(({ id }) => id === 1)?.brokerEpoch ?? 0;
    await cluster().say(['kill', 'broker-1']);
    const startMs = performance.now();
    await cluster().say(['restart', 'broker-1']);
    // The old session would hold the registration for six seconds more.
    expect(performance.now() - startMs).toBeLessThan(5000);
    const after = await allInSync();
    expect(after.brokers.find(({ id }) => id === 1)?.brokerEpoch).toBeGreaterThan(epochBefore);
    const states = cluster()
      .events()
      .filter(({ node, event }) => node === 'broker-1' && event === 'sessionState')
      .map(({ facts }) => facts['state']);
    expect(states.slice(-4)).toContain('reattached');
  });
});

describe('a broker that cannot start', () => {
  const folder = temporaryFolder();

  async function start(lines: readonly string[]): ReturnType<typeof zookafka> {
    const path = join(folder(), 'server.properties');
    writeFileSync(path, lines.join('\n'));
    return zookafka(['broker', path]);
  }

  it('says in one sentence which setting is wrong, and ends with 2', async () => {
    const { code, stderr } = await start(['broker.id=x', 'log.dirs=log', 'zookeeper.connect=h:1']);
    expect(code).toBe(2);
    expect(stderr.trim()).toMatch(
      /^broker: Cannot use .*, line 1: 'broker\.id' is 'x', accepted is an integer from 0 to \d+$/,
    );
  });

  it("refuses another broker's folder", async () => {
    const log = join(folder(), 'log');
    mkdirSync(log);
    writeFileSync(
      join(log, 'meta.properties'),
      'version=0\nbroker.id=7\ncluster.id=a-cluster-of-others-00\n',
    );
    const { code, stderr } = await start(['broker.id=1', 'log.dirs=log', 'zookeeper.connect=h:1']);
    expect(code).toBe(2);
    expect(stderr).toContain('it belongs to broker 7 of cluster a-cluster-of-others-00');
  });
});
