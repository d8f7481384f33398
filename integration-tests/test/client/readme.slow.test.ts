/** The program in the client's README, on a cluster of real processes. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@zookafka/testkit';
import { clusterTimeoutMs, testCluster } from '../cluster.ts';

jest.setTimeout(clusterTimeoutMs);

describe("the program in the client's README", () => {
  const cluster = testCluster({ coordinators: 3, brokers: 3 });

  it('creates a topic, writes a record and reads it', () => {
    const readme = readFileSync(join(repositoryRoot(), 'client', 'README.md'), 'utf8');
    const program = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? '';
    const { bootstrap, data } = cluster().ready;
    const node = join(repositoryRoot(), 'client', 'lib', 'node', 'index.js');
    const script = program
      .replace("from '@zookafka/client'", `from ${JSON.stringify(node)}`)
      .replace("'127.0.0.1:9092'", JSON.stringify(bootstrap));
    expect(script).not.toBe(program);
    const file = join(data, 'readme.mjs');
    writeFileSync(file, script);
    const { stdout, stderr, status } = spawnSync(process.execPath, [file], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect([stderr, status]).toEqual(['', 0]);
    expect(stdout).toMatch(/^[012] 0 hello\n$/);
  });
});
