/*
 * Three brokers on three coordinators beside three of Kafka 3.9 on three of its ZooKeeper, under the same load in turn:
 * `npm run bench:broker`.
 *
 * Kafka's jars come from Maven Central (needs Java and Maven), the load generator is built with Go. The last line is JSON; the exit
 * code is 0 only when all gates hold. CPU of the original is that of its brokers, without its ZooKeeper; ours likewise.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  alternate,
  BenchmarkError,
  cache,
  command,
  freePorts,
  lastJson,
  machine,
  main,
  printTable,
  readArguments,
  sharedTool,
} from './common.mjs';
import { exitCodeOf, judge, summary } from './gates.mjs';

const usage = `npm run bench:broker -- [--rounds N] [--seconds N] [--warm-seconds N] [--cells 'a;b'] [--ours-only]`;
const produce = (partitions, acks, size) => ({ verb: 'produce', partitions, acks, size });
const loads = {
  'acks=all 1 KiB, 12 partitions': produce(12, -1, 1024),
  'acks=all 1 KiB, 1 partition': produce(1, -1, 1024),
  'acks=1 1 B, 12 partitions': produce(12, 1, 1),
  'acks=1 100 B, 12 partitions': produce(12, 1, 100),
  'acks=1 1 KiB, 12 partitions': produce(12, 1, 1024),
  'one record under way': { verb: 'latency', partitions: 1, acks: -1, size: 1024 },
  'consume from the start': { verb: 'consume', partitions: 12 },
};
const cellNames = Object.keys(loads);
const gates = [
  ['acks=all 1 KiB, 12 partitions', 'perSecond', { least: 1.3 }],
  ['acks=all 1 KiB, 1 partition', 'perSecond', { least: 1.5 }],
  ['acks=1 1 B, 12 partitions', 'perSecond', { least: 1 }],
  ['acks=1 100 B, 12 partitions', 'perSecond', { least: 1 }],
  ['acks=1 1 KiB, 12 partitions', 'perSecond', { least: 1 }],
  ['one record under way', 'p50Us', { most: 0.75 }],
  ['consume from the start', 'perSecond', { least: 0.6 }],
];
const lab = process.env.KAFKA_LAB ?? join(cache, 'kafka');
const kafkabench = process.env.KAFKABENCH ?? join(lab, 'bin', 'kafkabench');
const replicasSyncMs = 2500;
const kafkaTool = (...args) =>
  command(sharedTool('kafka-load', 'real-kafka.sh'), args, {
    env: {
      KAFKA_LAB: lab,
      CLUSTER: `zookafka-benchmark-${process.pid}`,
      BROKER_CFG: 'log.segment.delete.delay.ms=1000',
    },
  });
let topicCount = 0;

await main(async (workplace) => {
  const asked = readArguments({ usage, cellNames, warmSeconds: 120 });
  if (asked === undefined) return 0;
  prepare(asked);
  const systems = [await startOurs(workplace)];
  if (!asked.oursOnly) systems.push(await startOriginal(workplace));
  for (const system of systems) {
    console.error(
      `${system.name}: ready after ${system.readyMs} ms, idle ${system.idleMb} MB a broker`,
    );
    await warm(
      system,
      system.name === 'ours' ? Math.min(20, asked.warmSeconds) : asked.warmSeconds,
    );
  }
  const found = await alternate({
    ...asked,
    systems,
    isConsume: (cell) => loads[cell].verb === 'consume',
    measureOnce: (system, cell) => measure(system, { load: loads[cell], seconds: asked.seconds }),
  });
  return report(found, { ...asked, systems });
});

function prepare({ oursOnly }) {
  if (!existsSync(kafkabench)) kafkaTool('build');
  if (!oursOnly && !existsSync(join(lab, 'libs', 'kafka'))) kafkaTool('resolve');
}

async function startOurs(workplace) {
  const ports = await freePorts(12);
  const ids = [0, 1, 2];
  const sinceMs = Date.now();
  const servers = ids.map((id) => `server.${id + 1}=127.0.0.1:${ports[3 + id]}:${ports[6 + id]}`);
  for (const id of ids) {
    const home = join(workplace.folder, `coordinator-${id + 1}`);
    mkdirSync(join(home, 'data'), { recursive: true });
    writeFileSync(join(home, 'data', 'myid'), `${id + 1}\n`);
    const lines = ['tickTime=2000', `dataDir=${join(home, 'data')}`, `clientPort=${ports[id]}`];
    writeFileSync(join(home, 'zoo.cfg'), [...lines, ...servers, ''].join('\n'));
    workplace.start('coordinator', join(home, 'zoo.cfg'));
  }
  const connect = ids.map((id) => `127.0.0.1:${ports[id]}`).join(',');
  const pids = ids.map((id) => {
    const home = join(workplace.folder, `broker-${id + 1}`);
    mkdirSync(home, { recursive: true });
    const lines = [
      `broker.id=${id + 1}`,
      `listeners=PLAINTEXT://127.0.0.1:${ports[9 + id]}`,
      `log.dirs=${join(home, 'log')}`,
      `zookeeper.connect=${connect}`,
      'log.segment.delete.delay.ms=1000',
    ];
    writeFileSync(join(home, 'server.properties'), [...lines, ''].join('\n'));
    return workplace.start('broker', join(home, 'server.properties'));
  });
  const bootstrap = ids.map((id) => `127.0.0.1:${ports[9 + id]}`).join(',');
  const ready = ['ready', '-b', bootstrap, '-n', '3', '-since', String(sinceMs)];
  command(kafkabench, ready);
  return { name: 'ours', bootstrap, pids, ...(await settle({ bootstrap, pids, sinceMs })) };
}

async function startOriginal(workplace) {
  workplace.onEnd(() => {
    kafkaTool('stop');
    kafkaTool('wipe');
  });
  const sinceMs = Date.now();
  kafkaTool('start', 'zk', '3', '3');
  const pids = kafkaTool('pids', 'broker').trim().split(',').map(Number);
  const bootstrap = kafkaTool('bootstrap').trim();
  return { name: 'original', bootstrap, pids, ...(await settle({ bootstrap, pids, sinceMs })) };
}

/** After a record was acknowledged by all replicas: how long until one is consumed too, and what an idle broker holds. */
async function settle({ bootstrap, pids, sinceMs }) {
  const topic = `ready-${process.pid}`;
  command(kafkabench, ['topic', '-b', bootstrap, '-t', topic, '-p', '1', '-rf', '3']);
  const time = ['-w', '0s', '-d', '100ms'];
  command(kafkabench, [
    'produce',
    '-b',
    bootstrap,
    '-t',
    topic,
    '-acks',
    '-1',
    '-s',
    '100',
    ...time,
  ]);
  const { records } = lastJson(
    command(kafkabench, ['consume', '-b', bootstrap, '-t', topic, ...time]),
  );
  if (!(records > 0)) throw new BenchmarkError('What was produced is not consumed', 1);
  const readyMs = Date.now() - sinceMs;
  command(kafkabench, ['delete', '-b', bootstrap, '-t', topic]);
  await delay(3000);
  return { readyMs, idleMb: residentMb(pids) };
}

function residentMb(pids) {
  const each = pids.map((pid) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  });
  return Math.round(each.reduce((sum, mb) => sum + mb, 0) / each.length);
}

async function warm(system, seconds) {
  const parts = [produce(12, -1, 1024), produce(12, 1, 100), { verb: 'consume', partitions: 12 }];
  for (const load of parts) {
    console.error(`warming ${system.name}: ${load.verb}`);
    await measure(system, { load, seconds: Math.max(1, seconds / parts.length) });
  }
}

async function measure(system, { load, seconds }) {
  const { bootstrap } = system;
  const topic = `bench-${process.pid}-${topicCount++}`;
  command(kafkabench, [
    'topic',
    '-b',
    bootstrap,
    '-t',
    topic,
    '-p',
    String(load.partitions),
    '-rf',
    '3',
  ]);
  // Replicas are in sync before the load, for which the original takes two seconds.
  await delay(replicasSyncMs);
  if (load.verb === 'consume') run(system, produce(12, 1, 1024), { topic, seconds });
  const line = run(system, load, { topic, seconds });
  if (line.errors > 0) throw new BenchmarkError(`${load.verb}: ${line.errors} requests failed`, 1);
  command(kafkabench, ['delete', '-b', bootstrap, '-t', topic]);
  return {
    perSecond: line.rec_s,
    cpuUs: line.server_us_rec * (line.batch_records ?? 1),
    p50Us: (line.p50_ms ?? line.fetch_p50_ms) * 1000,
    p99Us: (line.p99_ms ?? line.fetch_p99_ms) * 1000,
    residentMb: residentMb(system.pids),
    generatorCores: line.client_cores,
    otherCores: line.other_cores,
  };
}

function run({ bootstrap, pids }, { verb, acks, size }, { topic, seconds }) {
  const of = acks === undefined ? [] : ['-acks', String(acks), '-s', String(size)];
  const time = ['-w', '1s', '-d', `${seconds}s`];
  return lastJson(
    command(kafkabench, [verb, '-b', bootstrap, '-P', pids.join(','), '-t', topic, ...of, ...time]),
  );
}

function report(found, { cells, oursOnly, rounds, seconds, systems }) {
  const figures = {
    systems: Object.fromEntries(
      systems.map(({ name, readyMs, idleMb: idle }) => [name, { readyMs, idleMb: idle }]),
    ),
    cells: {},
  };
  const rows = [
    [
      'cell',
      'system',
      'rec/s',
      'CPU us/batch',
      'p50 ms',
      'p99 ms',
      'RSS MB',
      'generator',
      'runs',
      'ratio',
    ],
  ];
  for (const cell of cells) {
    const of = Object.fromEntries(
      [...found.get(cell)].map(([name, runs]) => [name, summary(runs)]),
    );
    figures.cells[cell] = of;
    for (const [name, figure] of Object.entries(of)) {
      const ratio =
        name === 'ours' && !oursOnly ? (figure.perSecond / of.original.perSecond).toFixed(2) : '';
      rows.push([
        cell,
        name,
        figure.perSecond.toFixed(0),
        figure.cpuUs.toFixed(1),
        (figure.p50Us / 1000).toFixed(2),
        (figure.p99Us / 1000).toFixed(2),
        figure.residentMb.toFixed(0),
        figure.generatorCores.toFixed(2),
        `${figure.runs}${figure.isVoid ? ` (${figure.voidRuns} void)` : ''}`,
        ratio,
      ]);
    }
  }
  printTable(rows);
  const judged = oursOnly ? [] : judgeAll(figures, systems, cells);
  for (const { name, ratio, least, most, holds, isVoid } of judged) {
    const needed = least === undefined ? `at most ${most}` : `at least ${least}`;
    console.log(
      `${holds ? 'holds' : 'FAILS'}  ${name}: ${ratio}, ${needed}${isVoid ? ' (void)' : ''}`,
    );
  }
  console.log(JSON.stringify({ machine: machine(), rounds, seconds, figures, gates: judged }));
  return exitCodeOf(judged, gates.length + 2);
}

function judgeAll({ cells: figures }, [ours, original], cells) {
  const byCell = gates
    .filter(([cell]) => cells.includes(cell))
    .map(([cell, field, gate]) => {
      const { ours: left, original: right } = figures[cell];
      const isVoid = left.isVoid || right.isVoid;
      return judge(cell, { ours: left[field], original: right[field], isVoid }, gate);
    });
  return [
    ...byCell,
    judge(
      'idle memory',
      { ours: ours.idleMb, original: original.idleMb },
      { most: Number((1 / 3).toFixed(3)) },
    ),
    judge('ready', { ours: ours.readyMs, original: original.readyMs }, { most: 0.2 }),
  ];
}
