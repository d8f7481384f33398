/** Other people's clients of ZooKeeper's protocol, over TCP, against three members. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zookeeper from 'node-zookeeper-client';
import { describeForeign, missingProgram, missingPythonModule, python } from '../foreign.ts';
import { Processes } from './processes.ts';

jest.setTimeout(90_000);

const jarFolder = process.env['ZOOKAFKA_ZOOKEEPER_JARS'] ?? '/usr/share/java';

let folder = '';
let processes: Processes;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zookafka-'));
  processes = await Processes.start(folder, 3);
});

afterAll(async () => {
  await processes.endAll();
  rmSync(folder, { recursive: true, force: true });
});

interface Finished {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program to its end, with these lines as its input. */
async function run(program: string, args: readonly string[], input = ''): Promise<Finished> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  const add = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', add);
  child.stderr.on('data', add);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

describe('node-zookeeper-client', () => {
  type Client = ReturnType<typeof zookeeper.createClient>;
  let client: Client;

  beforeAll(async () => {
    client = zookeeper.createClient(processes.hosts);
    const connected = new Promise<void>((resolve) => {
      client.once('connected', () => {
        resolve();
      });
    });
    client.connect();
    await connected;
  });

  afterAll(() => {
    client.close();
  });

  /** Calls a method whose last argument is a callback. */
  function ask<Value>(
    call: (done: (error: unknown, value: Value) => void) => void,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      call((error, value) => {
        if (error instanceof Error) reject(error);
        else resolve(value);
      });
    });
  }

  it('creates, reads, changes, lists and removes', async () => {
    const path = await ask<string>((done) => {
      client.create('/njs', Buffer.from('one'), zookeeper.CreateMode.PERSISTENT, done);
    });
    expect(path).toBe('/njs');
    await ask((done) => {
      client.setData('/njs', Buffer.from('two'), 0, done);
    });
    expect(
      String(
        await ask<Buffer>((done) => {
          client.getData('/njs', done);
        }),
      ),
    ).toBe('two');
    await ask((done) => {
      client.mkdirp('/njs/a', done);
    });
    expect(
      await ask<string[]>((done) => {
        client.getChildren('/njs', done);
      }),
    ).toEqual(['a']);
    for (const path of ['/njs/a', '/njs']) {
      await ask((done) => {
        client.remove(path, -1, (error) => {
          done(error, undefined);
        });
      });
    }
    expect(
      await ask((done) => {
        client.exists('/njs', done);
      }),
    ).toBeNull();
  });

  it('is told of a change that it watches', async () => {
    await ask((done) => {
      client.create('/njsWatched', done);
    });
    const event = new Promise<{ name: string; path: string }>((resolve) => {
      client.getData(
        '/njsWatched',
        (seen) => {
          resolve({ name: seen.getName(), path: seen.getPath() });
        },
        () => undefined,
      );
    });
    await ask((done) => {
      client.setData('/njsWatched', Buffer.from('x'), -1, done);
    });
    expect(await event).toEqual({ name: 'NODE_DATA_CHANGED', path: '/njsWatched' });
  });

  it('makes ephemeral sequential nodes and transactions', async () => {
    const path = await ask<string>((done) => {
      client.create('/njs-', zookeeper.CreateMode.EPHEMERAL_SEQUENTIAL, done);
    });
    expect(path).toMatch(/^\/njs-\d{10}$/);
    await ask((done) => {
      client
        .transaction()
        .create('/njsMulti')
        .setData('/njsMulti', Buffer.from('x'), -1)
        .remove('/njsMulti', -1)
        .commit(done);
    });
    await expect(
      ask((done) => {
        client.transaction().create('/njsMulti').check('/none', 0).commit(done);
      }),
    ).rejects.toThrow(/NO_NODE/);
  });
});

describeForeign('kazoo', missingPythonModule('kazoo'), () => {
  it('does nodes, watches, ephemerals, transactions, permissions, locks, elections, queues', async () => {
    const { code, output } = await run(python, [join(__dirname, 'kazooSuite.py'), processes.hosts]);
    expect(output.split('\n').slice(-15).join('\n')).toContain('test_commands');
    expect(code).toBe(0);
  });
});

describeForeign("ZooKeeper's own shell", missingShell(), () => {
  const classPath = join(jarFolder, '*');
  const main = 'org.apache.zookeeper.ZooKeeperMain';

  /** Runs commands in one session. */
  async function shell(commands: readonly string[]): Promise<string> {
    const args = ['-XX:TieredStopAtLevel=1', '-cp', classPath, main, '-server', processes.hosts];
    const input = [...commands, 'quit', ''].join('\n');
    const { output } = await run('java', args, input);
    return output;
  }

  it('creates, reads, changes, lists, watches and removes', async () => {
    const output = await shell([
      'create /shell hello',
      'create -s /shell/n- a',
      'create -e /shell/e b',
      'get -s /shell',
      'ls -R /shell',
      'set -v 0 /shell bye',
      'get -w /shell',
      'set /shell changed',
      'stat /shell',
      'getAcl /shell',
      'delete /shell',
      'deleteall /shell',
      'ls /shell',
      'sync /',
      'version',
    ]);
    expect(output).toContain('Created /shell/n-0000000000');
    expect(output).toMatch(/^hello$/m);
    expect(output).toContain('dataVersion = 0');
    expect(output).toMatch(/^\/shell\/e$/m);
    expect(output).toContain('type:NodeDataChanged path:/shell');
    expect(output).toContain('dataVersion = 2');
    expect(output).toContain("'world,'anyone");
    expect(output).toContain('Node not empty: /shell');
    expect(output).toContain('Node does not exist: /shell');
    expect(output).toContain('Sync is OK');
  });
});

function missingShell(): string | undefined {
  const noJava = missingProgram('java', ['-version']);
  if (noJava !== undefined) return noJava;
  const { stdout } = spawnSync('ls', [jarFolder], { encoding: 'utf8' });
  const jars = stdout === '' ? [] : readdirSync(jarFolder);
  if (jars.some((name) => /^zookeeper(-[\d.]+)?\.jar$/.test(name))) return undefined;
  return `no zookeeper.jar in ${jarFolder}, see ZOOKAFKA_ZOOKEEPER_JARS`;
}
