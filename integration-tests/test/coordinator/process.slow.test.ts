/** One member as a process: how it begins and ends. */
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '@zookafka/testkit';
import { PlainClient } from '../../src/plainClient.ts';
import { Processes, spawnMember } from './processes.ts';

const folder = temporaryFolder();

async function failure(lines: readonly string[]): Promise<{ code: number; output: string }> {
  const path = join(folder(), 'zoo.cfg');
  writeFileSync(path, [...lines, ''].join('\n'));
  const child = spawnMember(path);
  let output = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

describe('a member that cannot begin ends with code 2 and one sentence', () => {
  it('for a configuration that cannot be used', async () => {
    const { code, output } = await failure(['dataDir=data', 'clientPort=none']);
    expect(code).toBe(2);
    expect(output).toMatch(/^coordinator: Cannot use .*line 2: 'clientPort' is 'none'.*\n$/);
  });

  it("for a folder with ZooKeeper's own files", async () => {
    mkdirSync(join(folder(), 'data', 'version-2'), { recursive: true });
    const { code, output } = await failure(['dataDir=data', 'clientPort=0']);
    expect(code).toBe(2);
    expect(output).toMatch(/^coordinator: Cannot use .*version-2.*\n$/);
  });

  it('for a folder that is a file', async () => {
    writeFileSync(join(folder(), 'data'), '');
    const { code, output } = await failure(['dataDir=data', 'clientPort=0']);
    expect(code).toBe(2);
    expect(output).toMatch(/^coordinator: Cannot use .*\n$/);
  });

  it('for a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, output } = await failure(['dataDir=data', `clientPort=${port}`]);
    server.close();
    expect(code).toBe(2);
    expect(output).toContain(`Cannot listen on 127.0.0.1:${port}: another program listens there\n`);
  });
});

describe('a member that runs', () => {
  it('says its pid, notes its events, and ends cleanly with SIGTERM', async () => {
    const processes = await Processes.start(folder(), 1, ['purgeMe=1']);
    const { folder: own, clientPort, process: child } = processes.member(1);
    expect(readFileSync(join(own, 'pid'), 'utf8')).toBe(`${String(child?.pid)}\n`);
    const client = await PlainClient.open(clientPort);
    expect(await client.create('/a', 'kept')).toBe(0);
    expect(await processes.end(1, 'SIGTERM')).toBe(0);
    expect(existsSync(join(own, 'pid'))).toBe(false);
    expect(existsSync(join(own, 'data', 'lock'))).toBe(false);
    expect(processes.member(1).output).toContain('Unknown keys change nothing keys=["purgeMe"]');
    const events = processes.events(1).map(({ event }) => event);
    expect(events).toEqual(expect.arrayContaining(['listening', 'leading', 'serving', 'stopped']));
  });

  it('has after kill -9 what it acknowledged', async () => {
    const processes = await Processes.start(folder(), 1);
    const { clientPort } = processes.member(1);
    const client = await PlainClient.open(clientPort);
    const codes = await Promise.all(
      Array.from({ length: 500 }, (_, index) => client.create(`/n${index}`, String(index))),
    );
    expect(new Set(codes)).toEqual(new Set([0]));
    await processes.end(1, 'SIGKILL');
    processes.up(1);
    await processes.serving(1);
    const again = await PlainClient.open(clientPort);
    expect((await again.children('/')).length).toBe(501);
    expect(await again.get('/n499')).toBe('499');
    again.close();
    await processes.endAll();
  });
});
