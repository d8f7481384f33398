/*
 * Three coordinators under the same load as a real ensemble, if one is given, in turn.
 *
 *     npm run build
 *     ZKLOAD=…/zkload [REAL_HOSTS=h:p,… REAL_PIDS=1,2,3] node integration-tests/benchmarks/coordinator.mjs
 *
 * ZKLOAD is a load generator of ZooKeeper's client protocol that prints one JSON line a run (ops_s, p50_us, p99_us,
 * server_cpu, other_cpu). ROUNDS (5), SECONDS a run (3), MODES (worker, or worker,loop: the store in a thread or on the
 * loop), CELLS (set:1x1,…: operation, connections, requests outstanding on each).
 *
 * The median of the runs in which all other programs together took less than OTHER (0.15) of a core; where there are none,
 * of all runs, with a mark. Ratios are of such medians.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const { ZKLOAD, REAL_HOSTS, REAL_PIDS } = process.env;
const rounds = Number(process.env.ROUNDS ?? 5);
const seconds = Number(process.env.SECONDS ?? 3);
const otherMax = Number(process.env.OTHER ?? 0.15);
const modes = (process.env.MODES ?? 'worker').split(',');
const operations = ['set', 'get'];
const shapes = ['1x1', '4x64', '256x1'];
const allCells = operations.flatMap((operation) => shapes.map((shape) => `${operation}:${shape}`));
const cells = process.env.CELLS?.split(',') ?? allCells;
const root = join(fileURLToPath(import.meta.url), '..', '..', '..');
const program = `require('@zookafka/coordinator').runCoordinator(process.argv[1])`;

if (ZKLOAD === undefined) {
  console.error('ZKLOAD must name the load generator');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'zookafka-benchmark-'));
const targets = [];
for (const mode of modes) targets.push(await startOurs(mode));
if (REAL_HOSTS !== undefined) {
  targets.push({ name: 'real', hosts: REAL_HOSTS, pids: REAL_PIDS, children: [] });
}
const results = new Map();
try {
  for (let round = 0; round < rounds; round++) {
    for (const cell of cells) for (const target of targets) measure(target, cell);
    console.error(`round ${round + 1} of ${rounds}`);
  }
  print();
} finally {
  for (const { children } of targets) for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

async function startOurs(mode) {
  const ports = await freePorts(9);
  const children = [];
  const servers = [0, 1, 2].map(
    (index) => `server.${index + 1}=127.0.0.1:${ports[3 + index]}:${ports[6 + index]}`,
  );
  for (const index of [0, 1, 2]) {
    const own = join(folder, `${mode}-${index + 1}`);
    mkdirSync(join(own, 'data'), { recursive: true });
    writeFileSync(join(own, 'data', 'myid'), String(index + 1));
    const lines = ['tickTime=2000', 'dataDir=data', 'maxClientCnxns=0', `zookafka.store=${mode}`];
    lines.push(`clientPort=${ports[index]}`, ...servers, '');
    writeFileSync(join(own, 'zoo.cfg'), lines.join('\n'));
    const args = ['-e', program, join(own, 'zoo.cfg')];
    children.push(
      spawn(process.execPath, args, { stdio: 'ignore', cwd: join(root, 'integration-tests') }),
    );
  }
  await delay(2000);
  const hosts = ports
    .slice(0, 3)
    .map((port) => `127.0.0.1:${port}`)
    .join(',');
  return { name: `ours, ${mode}`, hosts, pids: children.map(({ pid }) => pid).join(','), children };
}

function measure({ name, hosts, pids }, cell) {
  const [operation, shape] = cell.split(':');
  const [connections, outstanding] = shape.split('x');
  const args = ['-h', hosts, '-r', 'leader', '-c', connections, '-o', outstanding];
  args.push('-m', `${operation}:1`, '-s', '100', '-d', String(seconds), '-W', '1', '-l', cell);
  if (pids !== undefined) args.push('-P', pids);
  const { stdout } = spawnSync(ZKLOAD, args, { encoding: 'utf8' });
  const result = JSON.parse(stdout);
  if (result.errors > 0) console.error(`${name} ${cell}: ${result.errors} errors`);
  const key = `${name} ${cell}`;
  results.set(key, [...(results.get(key) ?? []), result]);
}

function summary(name, cell) {
  const all = results.get(`${name} ${cell}`);
  const quiet = all.filter(({ other_cpu }) => other_cpu <= otherMax);
  const used = quiet.length > 0 ? quiet : all;
  const median = (field) => {
    const values = used.map((result) => result[field]).sort((left, right) => left - right);
    return values[values.length >> 1];
  };
  return {
    runs: quiet.length > 0 ? `${quiet.length}/${all.length}` : `0/${all.length} (!)`,
    rate: median('ops_s'),
    p50: median('p50_us'),
    p99: median('p99_us'),
    cpu: (median('server_cpu') / median('ops_s')) * 1e6,
  };
}

function print() {
  console.log(
    '| cell | target | quiet runs | ops/s | p50 us | p99 us | server CPU us/op | to real |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const cell of cells) {
    const real = REAL_HOSTS === undefined ? undefined : summary('real', cell);
    for (const { name } of targets) {
      const { runs, rate, p50, p99, cpu } = summary(name, cell);
      const ratio = real === undefined ? '' : (rate / real.rate).toFixed(2);
      const figures = [rate, p50, p99].map((value) => Math.round(value)).join(' | ');
      console.log(`| ${cell} | ${name} | ${runs} | ${figures} | ${cpu.toFixed(1)} | ${ratio} |`);
    }
  }
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((done) => server.once('listening', done))));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
