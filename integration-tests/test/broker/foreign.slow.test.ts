/** Clients that we did not write, against brokers as processes. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { clusterTimeoutMs, testCluster } from '../cluster.ts';
import { describeForeign, missingProgram, missingPythonModule, python } from '../foreign.ts';

jest.setTimeout(clusterTimeoutMs);

const cluster = testCluster({ coordinators: 3, brokers: 3 });

/** Runs a program to its end. @returns what it printed; its last words when it failed */
async function run(program: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn(program, args, { stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${program}: exit code ${String(code)}: ${stderr}${stdout}`);
  return stdout;
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

describeForeign('kcat', missingProgram('kcat', ['-V']), () => {
  const kcat = (args: readonly string[], input = ''): Promise<string> =>
    run('kcat', ['-b', cluster().ready.bootstrap, '-m', '20', ...args], input);

  beforeAll(async () => {
    const create = ['topics', '--create', '--topic', 'kcat', '--partitions', '3'];
    await cluster().say([...create, '--replication-factor', '3']);
  });

  it('lists brokers and partitions', async () => {
    const listed = await kcat(['-L', '-t', 'kcat']);
    for (const { id, kafka } of cluster().ready.brokers) {
      expect(listed).toContain(`broker ${id} at ${kafka}`);
    }
    expect(listed).toContain('topic "kcat" with 3 partitions');
  });

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'produces and consumes with compression %s',
    async (compression) => {
      const values = Array.from({ length: 2000 }, (_, index) => `${compression}-${index}`);
      const produce = ['-P', '-t', 'kcat', '-z', compression, '-X', 'enable.idempotence=true'];
      await kcat(produce, values.join('\n'));
      const consumed = lines(await kcat(['-C', '-t', 'kcat', '-o', 'beginning', '-e', '-q']));
      const mine = consumed.filter((line) => line.startsWith(`${compression}-`));
      expect(new Set(mine)).toEqual(new Set(values));
      expect(mine).toHaveLength(values.length);
    },
  );

  it('finds offsets by time', async () => {
    expect(await kcat(['-Q', '-t', 'kcat:0:1'])).toContain('kcat [0] offset 0');
  });
});

describeForeign('kafka-python', missingPythonModule('kafka'), () => {
  it('creates a topic, produces, consumes and seeks', async () => {
    const suite = join(__dirname, 'kafkaPythonSuite.py');
    const said = await run(python, [suite, cluster().ready.bootstrap, 'python', '500']);
    expect(JSON.parse(lines(said).at(-1) ?? '')).toEqual({
      partitions: 3,
      distinctOffsets: 500,
      values: 500,
      ends: 500,
      firstByTime: 0,
    });
  });
});

describe('kafkajs', () => {
  it('creates a topic, produces with acks from all, and learns the offsets', async () => {
    const kafka = new Kafka({
      brokers: cluster().ready.bootstrap.split(','),
      logLevel: logLevel.ERROR,
    });
    const topic = 'kafkajs';
    const admin = kafka.admin();
    const producer = kafka.producer({ idempotent: true });
    await Promise.all([admin.connect(), producer.connect()]);
    try {
      await admin.createTopics({
        waitForLeaders: true,
        topics: [{ topic, numPartitions: 3, replicationFactor: 3 }],
      });
      for (let round = 0; round < 10; round++) {
        const messages = Array.from({ length: 50 }, (_, index) => ({
          key: `${round}-${index}`,
          value: 'x'.repeat(100),
        }));
        await producer.send({ topic, acks: -1, messages });
      }
      const offsets = await admin.fetchTopicOffsets(topic);
      expect(offsets.reduce((sum, { high }) => sum + Number(high), 0)).toBe(500);
    } finally {
      await Promise.all([admin.disconnect(), producer.disconnect()]);
    }
  });
});
