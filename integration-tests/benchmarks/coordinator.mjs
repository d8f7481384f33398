/*
 * Three coordinators beside three of ZooKeeper, under the same load in turn: `npm run bench:coordinator`.
 *
 * ZooKeeper is Debian's (libzookeeper-java, and libzookeeper-mt-dev for the load generator). The last line is JSON; the exit
 * code is 0 only when all gates hold.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
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

const usage = `npm run bench:coordinator -- [--rounds N] [--seconds N] [--warm-seconds N] [--cells 'a;b'] [--ours-only]`;
const shapes = ['1x1', '4x64', '256x1', '4x250'];
const leaderCells = ['set', 'get'].flatMap((operation) =>
  shapes.map((shape) => `${operation} ${shape}`),
);
const cellNames = [...leaderCells, ...leaderCells.map((cell) => `${cell} all`)];
const gates = [
  ['set 1x1', 1],
  ['set 4x64', 2.5],
  ['set 256x1', 2],
  ['get 4x64', 5],
  ['get 256x1', 1.7],
];
const zookeeperJar = process.env.ZK_JAR ?? '/usr/share/java/zookeeper.jar';

await main(async (workplace) => {
  const asked = readArguments({ usage, cellNames, warmSeconds: 40 });
  if (asked === undefined) return 0;
  const generator = buildGenerator();
  const systems = [await startOurs(workplace)];
  if (!asked.oursOnly) systems.push(startOriginal(workplace));
  for (const system of systems) warm(generator, system, asked.warmSeconds);
  const found = await alternate({
    ...asked,
    systems,
    measureOnce: (system, cell) => measure(generator, system, { cell, seconds: asked.seconds }),
  });
  return report(found, asked);
});

function buildGenerator() {
  if (process.env.ZKLOAD !== undefined) return process.env.ZKLOAD;
  const folder = join(cache, 'zookeeper-load');
  if (!existsSync(join(folder, 'zkload'))) {
    command('make', ['-C', sharedTool('zookeeper-load'), `O=${folder}`, `${folder}/zkload`]);
  }
  return join(folder, 'zkload');
}

async function startOurs(workplace) {
  const ports = await freePorts(9);
  const ids = [0, 1, 2];
  const servers = ids.map((id) => `server.${id + 1}=127.0.0.1:${ports[3 + id]}:${ports[6 + id]}`);
  const pids = ids.map((id) => {
    const home = join(workplace.folder, `coordinator-${id + 1}`);
    mkdirSync(join(home, 'data'), { recursive: true });
    writeFileSync(join(home, 'data', 'myid'), `${id + 1}\n`);
    const lines = ['tickTime=2000', `dataDir=${join(home, 'data')}`, 'maxClientCnxns=0'];
    lines.push(`clientPort=${ports[id]}`, ...servers, '');
    writeFileSync(join(home, 'zoo.cfg'), lines.join('\n'));
    return workplace.start('coordinator', join(home, 'zoo.cfg'));
  });
  await delay(3000);
  return { name: 'ours', hosts: ids.map((id) => `127.0.0.1:${ports[id]}`).join(','), pids };
}

function startOriginal(workplace) {
  if (!existsSync(zookeeperJar)) {
    throw new BenchmarkError(
      `${zookeeperJar} is missing: install libzookeeper-java, or measure with --ours-only`,
    );
  }
  const starter = sharedTool('zookeeper-load', 'real-ensemble.sh');
  const folder = join(workplace.folder, 'zookeeper');
  workplace.onEnd(() => command(starter, ['stop', folder]));
  // Ports that another ensemble of the same starter does not have.
  const base = 12_000 + (process.pid % 900) * 20;
  const env = {
    CFG: 'maxClientCnxns=0',
    CLIENT_BASE: base,
    PEER_BASE: base + 4,
    ELECT_BASE: base + 8,
    ADMIN_BASE: base + 12,
  };
  command(starter, ['start', folder], { env });
  const pids = command(starter, ['pids', folder]).trim().split(',').map(Number);
  return { name: 'original', hosts: command(starter, ['hosts', folder]).trim(), pids };
}

/** Both sorts of requests in the shapes that are measured, so that what compiles itself has. */
function warm(generator, system, seconds) {
  const parts = [...leaderCells];
  for (const cell of parts) {
    console.error(`warming ${system.name}: ${cell}`);
    measure(generator, system, { cell, seconds: Math.max(1, seconds / parts.length) });
  }
}

function measure(generator, { hosts, pids }, { cell, seconds }) {
  const [operation, shape, over = 'leader'] = cell.split(' ');
  const [connections, outstanding] = shape.split('x');
  const args = [
    '-h',
    hosts,
    '-r',
    over,
    '-c',
    connections,
    '-o',
    outstanding,
    '-m',
    `${operation}:1`,
  ];
  args.push('-s', '100', '-d', String(seconds), '-W', '1', '-P', pids.join(','), '-l', cell);
  const line = lastJson(command(generator, args));
  if (line.errors > 0) throw new BenchmarkError(`${cell}: ${line.errors} requests failed`, 1);
  return {
    perSecond: line.ops_s,
    cpuUs: (line.server_cpu / line.ops_s) * 1e6,
    p50Us: line.p50_us,
    p99Us: line.p99_us,
    residentMb: Math.max(...line.servers.map(({ rss_mb }) => rss_mb)),
    generatorCores: line.client_cpu,
    otherCores: line.other_cpu,
  };
}

function report(found, { cells, oursOnly, rounds, seconds }) {
  const figures = {};
  const rows = [
    [
      'cell',
      'system',
      'ops/s',
      'CPU us/op',
      'p50 us',
      'p99 us',
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
    figures[cell] = of;
    for (const [name, figure] of Object.entries(of)) {
      const ratio =
        name === 'ours' && !oursOnly ? (figure.perSecond / of.original.perSecond).toFixed(2) : '';
      rows.push([
        cell,
        name,
        figure.perSecond.toFixed(0),
        figure.cpuUs.toFixed(1),
        figure.p50Us.toFixed(0),
        figure.p99Us.toFixed(0),
        figure.residentMb.toFixed(0),
        figure.generatorCores.toFixed(2),
        `${figure.runs}${figure.isVoid ? ` (${figure.voidRuns} void)` : ''}`,
        ratio,
      ]);
    }
  }
  printTable(rows);
  const judged = oursOnly
    ? []
    : gates
        .filter(([cell]) => cells.includes(cell))
        .map(([cell, least]) => {
          const { ours, original } = figures[cell];
          const isVoid = ours.isVoid || original.isVoid;
          return judge(
            cell,
            { ours: ours.perSecond, original: original.perSecond, isVoid },
            { least },
          );
        });
  for (const { name, ratio, least, holds, isVoid } of judged) {
    console.log(
      `${holds ? 'holds' : 'FAILS'}  ${name}: ${ratio}, at least ${least}${isVoid ? ' (void)' : ''}`,
    );
  }
  console.log(JSON.stringify({ machine: machine(), rounds, seconds, figures, gates: judged }));
  return exitCodeOf(judged, gates.length);
}
