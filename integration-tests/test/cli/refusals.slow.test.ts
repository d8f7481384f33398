/** What is off ends in one sentence and exit code 2, and leaves nothing running. */
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '@zookafka/testkit';
import { clusterTimeoutMs, freePortOffset } from '../cluster.ts';
import { type CommandAnswer, zookafka } from '../../src/zookafka.ts';

jest.setTimeout(clusterTimeoutMs);

const folder = temporaryFolder();
const isRoot = process.getuid?.() === 0;

function expectSentence(words: readonly string[], { code, stdout, stderr }: CommandAnswer): void {
  expect([words, code, stdout]).toEqual([words, 2, '']);
  expect(stderr).toMatch(/^zookafka: [^\n]+[^.\n]\n$/);
}

describe('words that are off', () => {
  it.each([
    [[]],
    [['bogus']],
    [['up', '--bogus']],
    [['up', 'here']],
    [['up', '--brokers', 'three']],
    [['up', '--brokers', '-1']],
    [['up', '--brokers', '1.5']],
    [['up', '--brokers']],
    [['up', '--coordinators', '0']],
    [['up', '--port-offset', '70000']],
    [['kill']],
    [['topics']],
    [['topics', '--list', '--describe']],
    [['topics', '--list', '--partitions', '3']],
    [['topics', '--delete', '--topic', 't', '--config', 'a=b']],
    [['topics', '--create', '--topic', 't', '--under-replicated-partitions']],
    [['topics', '--list', '--bootstrap-server', 'nowhere']],
    [['topics', '--create', '--bootstrap-server', '127.0.0.1:1']],
    [['topics', '--list', '--json', '--topic', 'a', '--topic', 'b']],
    [['topics', '--create', '--topic', 't', '--partitions', '1.5']],
    [['groups']],
    [['groups', '--describe', '--bootstrap-server', '127.0.0.1:1']],
    [['consume']],
    [['consume', '--topic', 't', '--partition', '0', '--group', 'g']],
    [['consume', '--topic', 't', '--partition', '-1']],
    [['consume', '--topic', 't', '--max-messages', '0']],
    [['consume', '--topic', 't', '--timeout-ms', '-1']],
    [['produce', '--topic', 't', '--acks', '2']],
    [['produce', '--topic', 't', '--partition', '-1']],
    [['logs', '--lines', 'many']],
    [['logs', '--lines', '0']],
    [['zk', 'ls', '/', '--server', 'foo']],
    [['zk', 'ls', '/', '--server', '127.0.0.1:2181,127.0.0.1:99999']],
    [['zk', 'frobnicate', '/']],
    [['zk', 'ls', 'brokers']],
    [['zk', 'ls', '/', 'value']],
    [['zk', 'get', '/', '--recursive']],
    [['zk', 'set', '/a', 'x', '-s']],
    [['zk', 'delete', '/a', '--ephemeral']],
    [['zk', 'watch', '/a', '--expect-version', '1']],
    [['zk', 'set', '/a', 'x', '--version', 'one']],
    [['zk', 'set', '/a', 'x', '--version', '1.5']],
    [['coordinator']],
    [['broker']],
  ])('%j', async (words) => {
    expectSentence(words, await zookafka(words));
  });

  it('every command that needs a cluster says where there is none', async () => {
    const data = join(folder(), 'none');
    const all = ['down', 'status', 'kill x', 'pause x', 'resume x', 'restart x', 'logs', 'events'];
    for (const text of [...all, 'topics --list', 'groups --list', 'zk ls /']) {
      const words = [...text.split(' '), '--data', data];
      const answer = await zookafka(words);
      expectSentence(words, answer);
      expect(answer.stderr).toContain(`There is no cluster in ${data}`);
    }
  });
});

describe('a folder that cannot be used', () => {
  it.each(['', 'below'])('because it is a file, or is in one: %j', async (below) => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    const offset = await freePortOffset({ coordinators: 3, brokers: 3 });
    const words = ['up', '--data', join(file, below), '--port-offset', String(offset)];
    const answer = await zookafka(words);
    expectSentence(words, answer);
    expect(answer.stderr).toContain(`Cannot use ${file}`);
  });

  (isRoot ? it.skip : it)('because it is read-only (skipped for root)', async () => {
    const data = join(folder(), 'fixed');
    mkdirSync(data);
    chmodSync(data, 0o555);
    const offset = await freePortOffset({ coordinators: 3, brokers: 3 });
    const words = ['up', '--data', data, '--port-offset', String(offset)];
    expectSentence(words, await zookafka(words));
  });

  it('because its description is of no use', async () => {
    writeFileSync(join(folder(), 'cluster.json'), '{"version":2}');
    const words = ['status', '--data', folder()];
    expectSentence(words, await zookafka(words));
    writeFileSync(join(folder(), 'cluster.json'), '{');
    expectSentence(words, await zookafka(words));
  });
});

describe('a port that is taken', () => {
  it.each([
    ['coordinator-2', 2182],
    ['coordinator-1', 2881],
    ['coordinator-1', 3881],
    ['broker-1', 9092],
  ])('is named, whose it would be, and nothing is left: %s, %d', async (name, port) => {
    const offset = await freePortOffset({ coordinators: 2, brokers: 1 });
    const server = createServer().listen(port + offset, '127.0.0.1');
    await once(server, 'listening');
    const data = join(folder(), 'data');
    const size = ['--coordinators', '2', '--brokers', '1', '--port-offset', String(offset)];
    const words = ['up', '--data', data, ...size];
    const answer = await zookafka(words);
    server.close();
    expectSentence(words, answer);
    expect(answer.stderr).toContain(`Cannot start ${name}: port ${port + offset} `);
    expect(existsSync(data)).toBe(false);
  });
});

describe('another program’s files', () => {
  it('are refused, never started empty, and nothing of the cluster stays', async () => {
    const data = join(folder(), 'data');
    const foreign = join(data, 'coordinator-1', 'data', 'version-2');
    mkdirSync(foreign, { recursive: true });
    writeFileSync(join(foreign, 'log.1'), 'ZKLG');
    const offset = await freePortOffset({ coordinators: 3, brokers: 0 });
    const { code, stderr } = await zookafka([
      ...['up', '--detach', '--data', data, '--brokers', '0', '--port-offset', String(offset)],
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('coordinator-1 ended while it started');
    expect(stderr).toMatch(/version-2/);
    expect(readdirSync(foreign)).toEqual(['log.1']);
    expect(readdirSync(join(data, 'coordinator-1', 'data')).sort()).toEqual(['myid', 'version-2']);
    expect((await zookafka(['down', '--data', data])).stdout).toBe('Nothing was running\n');
  });
});
