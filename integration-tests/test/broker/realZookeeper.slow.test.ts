/** Our brokers on a ZooKeeper that we did not write, over plain TCP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../src/eventually.ts';
import { spawnZookafka, zookafka } from '../../src/zookafka.ts';
import { freePortOffset } from '../cluster.ts';
import { describeForeign, missingProgram } from '../foreign.ts';

jest.setTimeout(120_000);

const jarFolder = process.env['ZOOKAFKA_ZOOKEEPER_JARS'] ?? '/usr/share/java';
const serverClass = 'org.apache.zookeeper.server.ZooKeeperServerMain';

function missing(): string | undefined {
  const noJava = missingProgram('java', ['-version']);
  if (noJava !== undefined) return noJava;
  try {
    const isThere = readdirSync(jarFolder).some((name) => /^zookeeper(-[\d.]+)?\.jar$/.test(name));
    if (isThere) return undefined;
  } catch {
    // There is no such folder: the same to whoever reads the sentence.
  }
  return `no zookeeper.jar in ${jarFolder}, see ZOOKAFKA_ZOOKEEPER_JARS`;
}

describeForeign("Apache ZooKeeper's own server", missing(), () => {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'zookafka-'));
  const processes: ChildProcess[] = [];
  let bootstrap = '';

  beforeAll(async () => {
    const offset = await freePortOffset({ coordinators: 1, brokers: 2 });
    const zookeeper = `127.0.0.1:${2181 + offset}`;
    const words = ['-cp', `${jarFolder}/*`, serverClass, String(2181 + offset), join(folder, 'zk')];
    processes.push(
      spawn('java', ['-Xmx200m', '-Dzookeeper.admin.enableServer=false', ...words], {
        stdio: 'ignore',
      }),
    );
    const ports = [9092 + offset, 9093 + offset];
    bootstrap = ports.map((port) => `127.0.0.1:${port}`).join(',');
    for (const [index, port] of ports.entries()) {
      processes.push(broker(index + 1, port, zookeeper));
    }
    await eventually(
      'both brokers take replicas',
      async () => {
        const create = ['--create', '--topic', 'elsewhere', '--partitions', '2'];
        const { code } = await topics([...create, '--replication-factor', '2']);
        return code === 0 ? true : undefined;
      },
      60_000,
    );
  });

  afterAll(async () => {
    for (const child of processes) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  function topics(words: readonly string[]): ReturnType<typeof zookafka> {
    return zookafka(['topics', ...words, '--bootstrap-server', bootstrap]);
  }

  function broker(id: number, port: number, zookeeper: string): ChildProcess {
    const own = join(folder, `broker-${id}`);
    mkdirSync(own);
    const lines = [
      ...[`broker.id=${id}`, `listeners=PLAINTEXT://127.0.0.1:${port}`, `log.dirs=${own}/log`],
      ...[`zookeeper.connect=${zookeeper}`, 'zookeeper.transport=tcp'],
      'zookeeper.session.timeout.ms=4000',
    ];
    writeFileSync(join(own, 'server.properties'), lines.join('\n'));
    const child = spawnZookafka(['broker', join(own, 'server.properties')]);
    child.stdout?.resume();
    child.stderr?.resume();
    return child;
  }

  it('keeps our cluster: records are replicated, and led by the other broker after a kill', async () => {
    const sent = await zookafka(
      ['produce', '--topic', 'elsewhere', '--bootstrap-server', bootstrap],
      'one\ntwo\nthree\n',
    );
    expect(sent).toMatchObject({ code: 0 });
    processes[1]?.kill('SIGKILL');
    await eventually(
      'the other broker leads',
      async () => {
        const { stdout } = await topics(['--describe', '--topic', 'elsewhere']);
        return (stdout.match(/Leader: 2\t/g) ?? []).length === 2 ? true : undefined;
      },
      30_000,
    );
    const read = await zookafka([
      ...['consume', '--topic', 'elsewhere', '--from-beginning', '--max-messages', '3'],
      ...['--timeout-ms', '20000', '--bootstrap-server', bootstrap],
    ]);
    expect(read.stdout.trim().split('\n').sort()).toEqual(['one', 'three', 'two']);
  });
});
