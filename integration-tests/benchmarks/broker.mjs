/*
 * Three brokers on three coordinators under the same load as a real Kafka, if one is given, in turn.
 *
 *     npm run build
 *     KAFKABENCH=…/kafkabench [REAL_BOOTSTRAP=h:p,… REAL_PIDS=1,2,3] node integration-tests/benchmarks/broker.mjs
 *
 * KAFKABENCH is a load generator of Kafka's protocol that prints one JSON line a run (rec_s, server_us_rec, p50_ms,
 * p99_ms, batch_records, other_cores). REAL_PIDS are the brokers only. ROUNDS (5), SECONDS a run (10), WARM: seconds of
 * load on each before anything counts (20; a JVM needs 120), CELLS (names below, with commas).
 *
 * The median of the runs in which all other programs together took less than OTHER (0.2) of a core; where there are none,
 * of all runs, with a mark. Ratios are of such medians, ours by the original's. The last line is JSON with all figures.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { performance } from 'node:perf_hooks';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const { KAFKABENCH, REAL_BOOTSTRAP, REAL_PIDS } = process.env;
const rounds = Number(process.env.ROUNDS ?? 5);
const seconds = Number(process.env.SECONDS ?? 10);
const warmSeconds = Number(process.env.WARM ?? 20);
const otherMax = Number(process.env.OTHER ?? 0.2);
const root = join(fileURLToPath(import.meta.url), '..', '..', '..');
const readyMsMax = 60_000;

const produce = (partitions, acks, size) => ({ verb: 'produce', partitions, acks, size });
const allCells = {
  'all, 1 KiB, 12 partitions': produce(12, -1, 1024),
  'all, 1 KiB, 1 partition': produce(1, -1, 1024),
  'one, 1 B, 12 partitions': produce(12, 1, 1),
  'one, 100 B, 12 partitions': produce(12, 1, 100),
  'one, 1 KiB, 12 partitions': produce(12, 1, 1024),
  'one record under way': { verb: 'latency', partitions: 1, acks: -1, size: 1024 },
  'consume from the start': { verb: 'consume', partitions: 12 },
};
const cells = process.env.CELLS?.split(';') ?? Object.keys(allCells);

if (KAFKABENCH === undefined) {
  console.error('KAFKABENCH must name the load generator');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'zookafka-benchmark-'));
const children = [];
const results = new Map();
let topicCount = 0;
try {
  const targets = [await startOurs()];
  if (REAL_BOOTSTRAP !== undefined) {
    targets.push({ name: 'real', bootstrap: REAL_BOOTSTRAP, pids: REAL_PIDS });
  }
  for (const target of targets) {
    target.idleBytes = residentBytes(target);
    run(target, produce(12, -1, 1024), {
      topic: await makeTopic(target, 12),
      duration: warmSeconds,
    });
  }
  for (let round = 0; round < rounds; round++) {
    for (const cell of cells) for (const target of targets) await measure(target, cell);
    console.error(`round ${round + 1} of ${rounds}`);
  }
  print(targets);
} finally {
  for (const child of children) child.kill('SIGKILL');
  await delay(200);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function startOurs() {
  const ports = await freePorts(12);
  const beginMs = performance.now();
  const servers = [0, 1, 2].map(
    (index) => `server.${index + 1}=127.0.0.1:${ports[3 + index]}:${ports[6 + index]}`,
  );
  for (const index of [0, 1, 2]) {
    const home = join(folder, `coordinator-${index + 1}`);
    mkdirSync(join(home, 'data'), { recursive: true });
    writeFileSync(join(home, 'data', 'myid'), `${index + 1}\n`);
    const lines = ['tickTime=2000', `dataDir=${join(home, 'data')}`, `clientPort=${ports[index]}`];
    writeFileSync(join(home, 'zoo.cfg'), [...lines, ...servers].join('\n'));
    start(
      `require('@zookafka/coordinator').runCoordinator(process.argv[1])`,
      join(home, 'zoo.cfg'),
    );
  }
  const connect = [0, 1, 2].map((index) => `127.0.0.1:${ports[index]}`).join(',');
  const homes = [0, 1, 2].map((index) => {
    const home = join(folder, `broker-${index + 1}`);
    mkdirSync(home, { recursive: true });
    const lines = [
      `broker.id=${index + 1}`,
      `listeners=PLAINTEXT://127.0.0.1:${ports[9 + index]}`,
      `log.dirs=${join(home, 'log')}`,
      `zookeeper.connect=${connect}`,
      'zookeeper.session.timeout.ms=6000',
      'log.segment.delete.delay.ms=1000',
    ];
    writeFileSync(join(home, 'server.properties'), lines.join('\n'));
    start(
      `require('@zookafka/broker').runBroker(process.argv[1])`,
      join(home, 'server.properties'),
    );
    return home;
  });
  while (!homes.every((home) => existsSync(join(home, 'pid')))) {
    if (performance.now() - beginMs > readyMsMax) throw new Error('The brokers are not ready');
    await delay(10);
  }
  const readyMs = Math.round(performance.now() - beginMs);
  return {
    name: 'ours',
    bootstrap: [0, 1, 2].map((index) => `127.0.0.1:${ports[9 + index]}`).join(','),
    pids: homes.map((home) => readFileSync(join(home, 'pid'), 'utf8').trim()).join(','),
    readyMs,
  };
}

function start(program, path) {
  const child = spawn(process.execPath, ['-e', program, path], { cwd: root, stdio: 'ignore' });
  children.push(child);
}

async function measure(target, cell) {
  const { partitions, ...rest } = allCells[cell];
  const topic = await makeTopic(target, partitions);
  if (rest.verb === 'consume') run(target, produce(12, 1, 1024), { topic, duration: seconds });
  const line = run(target, rest, { topic, duration: seconds });
  bench(['delete', '-b', target.bootstrap, '-t', topic]);
  const key = `${target.name} ${cell}`;
  results.set(key, [...(results.get(key) ?? []), line]);
}

/** A topic for each run: its replicas have to be in sync before the load, which takes the original two seconds. */
async function makeTopic({ bootstrap }, partitions) {
  const topic = `b${process.pid}-${topicCount++}`;
  bench(['topic', '-b', bootstrap, '-t', topic, '-p', String(partitions), '-rf', '3']);
  await delay(2500);
  return topic;
}

function run({ bootstrap, pids }, { verb, acks, size }, { topic, duration }) {
  const of = acks === undefined ? [] : ['-acks', String(acks), '-s', String(size)];
  const time = ['-w', '1s', '-d', `${duration}s`];
  return bench([verb, '-b', bootstrap, '-P', pids, '-t', topic, ...of, ...time]);
}

function bench(args) {
  const { stdout, stderr, status } = spawnSync(KAFKABENCH, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`kafkabench ${args.join(' ')}: ${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

function residentBytes({ pids }) {
  const each = pids.split(',').map((pid) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  });
  return Math.round(each.reduce((sum, bytes) => sum + bytes, 0) / each.length);
}

function median(lines, pick) {
  const values = lines.map(pick).sort((left, right) => left - right);
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

function summary(target, cell) {
  const all = results.get(`${target.name} ${cell}`) ?? [];
  const quiet = all.filter(({ other_cores }) => other_cores < otherMax);
  const lines = quiet.length > 0 ? quiet : all;
  return {
    runs: quiet.length,
    isDisturbed: quiet.length === 0,
    perSecond: Math.round(median(lines, ({ rec_s }) => rec_s)),
    cpuUs: median(lines, ({ server_us_rec }) => server_us_rec),
    p50Ms: median(lines, ({ p50_ms, fetch_p50_ms }) => p50_ms ?? fetch_p50_ms),
    p99Ms: median(lines, ({ p99_ms, fetch_p99_ms }) => p99_ms ?? fetch_p99_ms),
    recordsABatch: lines[0]?.batch_records ?? 1,
  };
}

function print(targets) {
  const figures = {};
  for (const { name, readyMs, idleBytes } of targets) {
    figures[name] = { readyMs, idleBytes, cells: {} };
    console.log(
      `${name}: idle ${(idleBytes / 1e6).toFixed(0)} MB a broker, ready ${readyMs ?? '?'} ms`,
    );
  }
  console.log(
    `${'cell'.padEnd(28)}${'server'.padEnd(8)}${'rec/s'.padStart(10)}${'us/batch'.padStart(10)}` +
      `${'p50 ms'.padStart(9)}${'p99 ms'.padStart(9)}  quiet runs`,
  );
  for (const cell of cells) {
    const found = targets.map((target) => ({ target, ...summary(target, cell) }));
    for (const { target, ...figure } of found) {
      figures[target.name].cells[cell] = figure;
      const { perSecond, cpuUs, recordsABatch, p50Ms, p99Ms, runs, isDisturbed } = figure;
      console.log(
        `${cell.padEnd(28)}${target.name.padEnd(8)}${String(perSecond).padStart(10)}` +
          `${(cpuUs * recordsABatch).toFixed(1).padStart(10)}${p50Ms.toFixed(2).padStart(9)}` +
          `${p99Ms.toFixed(2).padStart(9)}  ${runs}${isDisturbed ? ' (all disturbed)' : ''}`,
      );
    }
    const [ours, real] = found;
    if (real === undefined) continue;
    const rate = (ours.perSecond / real.perSecond).toFixed(2);
    const cpu = (ours.cpuUs / real.cpuUs).toFixed(2);
    console.log(
      `${''.padEnd(28)}ratio: rate ${rate}, CPU ${cpu}, p50 ${(ours.p50Ms / real.p50Ms).toFixed(2)}`,
    );
  }
  console.log(JSON.stringify(figures));
}

async function freePorts(count) {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => {
            resolve(server);
          });
        }),
    ),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
