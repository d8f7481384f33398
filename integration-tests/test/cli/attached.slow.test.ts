/** `up` in the foreground, as `npm start` runs it, and a member alone. */
import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mergeEvents, parseEvents } from '@zookafka/cli';
import { temporaryFolder } from '@zookafka/testkit';
import { eventually } from '../../src/eventually.ts';
import { PlainClient } from '../../src/plainClient.ts';
import { clusterTimeoutMs, freePortOffset, type StatusLine } from '../cluster.ts';
import { spawnZookafka, zookafka } from '../../src/zookafka.ts';
import { isAlive } from '../../src/alive.ts';

jest.setTimeout(clusterTimeoutMs);

const folder = temporaryFolder();
const running: ChildProcess[] = [];

afterEach(async () => {
  await zookafka(['down', '--data', join(folder(), 'data')]);
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

interface Attached {
  readonly child: ChildProcess;
  readonly data: string;
  readonly said: () => string;
  readonly ended: Promise<unknown[]>;
}

async function attachedUp(size: readonly string[]): Promise<Attached> {
  const data = join(folder(), 'data');
  const offset = await freePortOffset({ coordinators: 3, brokers: 3 });
  const child = spawnZookafka(['up', '--data', data, '--port-offset', String(offset), ...size]);
  running.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  return { child, data, said: () => text, ended: once(child, 'close') };
}

function ready({ said }: Attached): Promise<string> {
  return eventually('up says what to try', () => (said().includes('Ctrl-C') ? said() : undefined));
}

async function pidsOf(data: string): Promise<readonly number[]> {
  const { stdout } = await zookafka(['status', '--json', '--data', data]);
  const { ensemble, brokers } = JSON.parse(stdout) as StatusLine;
  return [...ensemble.members, ...brokers].map(({ pid }) => pid ?? 0);
}

describe('up in the foreground', () => {
  it('says where everything listens and what to try; Ctrl-C ends brokers, then members', async () => {
    const up = await attachedUp(['--coordinators', '1', '--brokers', '2']);
    const text = await ready(up);
    expect(text).toMatch(/^Ready in \d+ ms: 1 coordinator, 2 brokers, each a process of its own\n/);
    expect(text).toMatch(/\n {2}ZooKeeper {2}127\.0\.0\.1:\d+\n {2}Kafka {6}127\.0\.0\.1:\d+,/);
    expect(text).toMatch(/\n {2}WebSocket {2}ws:\/\/127\.0\.0\.1:\d+\/zookeeper\n/);
    expect(text).toContain('npx zookafka status');
    expect(text).toContain(' --replication-factor 2 ');
    const pids = await pidsOf(up.data);
    expect(pids.every(isAlive)).toBe(true);
    up.child.kill('SIGINT');
    expect(await up.ended).toEqual([0, null]);
    expect(up.said()).toContain('Stopping: brokers, then coordinators');
    expect(pids.some(isAlive)).toBe(false);
    const events = ['broker-1', 'broker-2', 'coordinator-1'].map((name) =>
      parseEvents(readFileSync(join(up.data, name, 'events.jsonl'), 'utf8')),
    );
    const ends = mergeEvents(events).filter(({ event }) => event === 'stopped');
    expect(ends.map(({ node }) => node.split('-')[0])).toEqual(['broker', 'broker', 'coordinator']);
  });

  it('ends everything at once with a second Ctrl-C', async () => {
    const up = await attachedUp(['--coordinators', '1', '--brokers', '1']);
    await ready(up);
    const pids = await pidsOf(up.data);
    // Two different signals: two of one kind may be delivered as one.
    up.child.kill('SIGINT');
    up.child.kill('SIGTERM');
    expect(await up.ended).toEqual([130, null]);
    await eventually('all are gone', () => (pids.some(isAlive) ? undefined : true));
  });

  it('leaves nothing behind when Ctrl-C comes before it is ready', async () => {
    const up = await attachedUp(['--coordinators', '3', '--brokers', '0']);
    const path = (id: number): string => join(up.data, `coordinator-${id}`, 'started.pid');
    const pids = await eventually('all were started', () => {
      try {
        return [1, 2, 3].map((id) => Number(readFileSync(path(id), 'utf8')));
      } catch {
        return undefined;
      }
    });
    up.child.kill('SIGINT');
    expect(await up.ended).toEqual([0, null]);
    expect(up.said()).not.toContain('Ready');
    expect(pids.some(isAlive)).toBe(false);
  });
});

describe('a member alone', () => {
  it('runs in the foreground from a zoo.cfg, and ends with SIGTERM', async () => {
    const offset = await freePortOffset({ coordinators: 1, brokers: 0 });
    const clientPort = 2181 + offset;
    const file = join(folder(), 'zoo.cfg');
    mkdirSync(join(folder(), 'data'));
    writeFileSync(
      file,
      [
        'tickTime=2000',
        'dataDir=data',
        `clientPort=${clientPort}`,
        '4lw.commands.whitelist=*',
        '',
      ].join('\n'),
    );
    const child = spawnZookafka(['coordinator', file]);
    running.push(child);
    const ended = once(child, 'close');
    const client = await eventually('it serves', async () => {
      try {
        return await PlainClient.open(clientPort);
      } catch {
        return undefined;
      }
    });
    expect(await client.create('/alone', 'kept')).toBe(0);
    expect(await client.get('/alone')).toBe('kept');
    client.close();
    const server = ['--server', `127.0.0.1:${clientPort}`];
    expect((await zookafka(['zk', 'get', '/alone', ...server])).stdout).toBe('kept\n');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    const { code, stderr } = await zookafka(['zk', 'get', '/alone', ...server]);
    expect([code, stderr]).toEqual([
      1,
      `zookafka: The ensemble did not answer within 3 s: has it a leader? (connect ECONNREFUSED 127.0.0.1:${clientPort})\n`,
    ]);
  });
});
