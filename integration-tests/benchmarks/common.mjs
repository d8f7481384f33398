/* What both benchmarks share: arguments, the originals' starters and load generators, processes, ports. */
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { voidReason } from './gates.mjs';

export const root = join(fileURLToPath(import.meta.url), '..', '..', '..');
const shared = process.env.ZOOKAFKA_SHARED ?? join(root, '..', 'shared');
/** Where load generators are built, and the originals' jars are kept. */
export const cache = process.env.ZOOKAFKA_BENCH_CACHE ?? join(tmpdir(), 'zookafka-bench');
const options = {
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '10' },
  'warm-seconds': { type: 'string' },
  cells: { type: 'string' },
  'ours-only': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};
/** A run that was void because of others is repeated so often at most; a generator that needs its core does so always. */
const repeatsMax = 4;

/** A benchmark that cannot be run as asked: one sentence. */
export class BenchmarkError extends Error {
  constructor(message, exitCode = 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** @returns what was asked for, or undefined after the help */
export function readArguments({ usage, cellNames, warmSeconds }) {
  let values;
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    throw new BenchmarkError(error.message);
  }
  if (values.help) {
    console.log(`${usage}\nCells: ${cellNames.join('; ')}`);
    return undefined;
  }
  const cells = values.cells?.split(';') ?? cellNames;
  for (const cell of cells) {
    if (!cellNames.includes(cell)) {
      throw new BenchmarkError(`There is no cell '${cell}', there are: ${cellNames.join('; ')}`);
    }
  }
  return {
    rounds: positive('rounds', values.rounds),
    seconds: positive('seconds', values.seconds),
    warmSeconds: positive('warm-seconds', values['warm-seconds'] ?? String(warmSeconds)),
    cells,
    oursOnly: values['ours-only'],
  };
}

function positive(name, text) {
  const value = Number(text);
  if (value > 0 && value < 10_000) return value;
  throw new BenchmarkError(`--${name} is a number above 0 and below 10000, not '${text}'`);
}

/** A tool of the shared folder. */
export function sharedTool(...path) {
  const tool = join(shared, 'tools', ...path);
  if (existsSync(tool)) return tool;
  throw new BenchmarkError(
    `${tool} is missing: ZOOKAFKA_SHARED names the folder with the load generators`,
  );
}

/** Runs a command to its end. @returns its output */
export function command(name, args, { env = {}, seconds = 600 } = {}) {
  const { stdout, stderr, status, error } = spawnSync(name, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: seconds * 1000,
    maxBuffer: 64 << 20,
  });
  if (status === 0) return stdout;
  const reason = error?.message ?? `${stderr}${stdout}`.trim().split('\n').slice(-3).join(' ');
  throw new BenchmarkError(`${name} ${args[0]} failed: ${reason}`, 1);
}

export function lastJson(output) {
  return JSON.parse(output.trim().split('\n').at(-1));
}

/** All that a benchmark started, and its folder: gone at its end, whatever that is. */
export class Workplace {
  folder;
  #children = [];
  #ends = [];
  #isEnding = false;

  constructor() {
    mkdirSync(cache, { recursive: true });
    this.folder = mkdtempSync(join(tmpdir(), 'zookafka-benchmark-'));
  }

  /** Starts a program of ours. @returns its pid */
  start(program, configuration) {
    const cli = join(root, 'packages', 'cli', 'bin', 'zookafka.js');
    const name = `${program}-${this.#children.length + 1}`;
    const path = join(this.folder, `${name}.log`);
    const log = openSync(path, 'a');
    const child = spawn(process.execPath, [cli, program, configuration], {
      cwd: root,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    child.once('exit', (code, signal) => {
      if (this.#isEnding) return;
      const last = readFileSync(path, 'utf8').trim().split('\n').slice(-5).join('\n');
      console.error(
        `${name} (${program}) ended: code ${code}, signal ${signal}. It said:\n${last}`,
      );
    });
    this.#children.push(child);
    return child.pid;
  }

  onEnd(end) {
    this.#ends.push(end);
  }

  async end() {
    // Whoever died before is heard first: nothing was, while a command ran.
    await delay(10);
    this.#isEnding = true;
    for (const child of this.#children) child.kill('SIGKILL');
    for (const end of this.#ends.splice(0)) {
      try {
        end();
      } catch (error) {
        console.error(error.message);
      }
    }
    await delay(300);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Runs a benchmark to its exit code; whatever ends it, what it started ends too. */
export async function main(run) {
  const workplace = new Workplace();
  const stop = (code) => {
    void workplace.end().then(() => process.exit(code));
  };
  process.once('SIGINT', () => {
    stop(130);
  });
  process.once('SIGTERM', () => {
    stop(143);
  });
  try {
    process.exitCode = await run(workplace);
  } catch (error) {
    console.error(error instanceof BenchmarkError ? error.message : error);
    process.exitCode = error.exitCode ?? 1;
  }
  await workplace.end();
}

/**
 * Measures each cell on each system in turn, who is first changing each round; a void run is repeated.
 *
 * @param measureOnce gives one run: perSecond, cpuUs, p50Us, p99Us, residentMb, generatorCores, otherCores
 * @returns runs by cell and system
 */
export async function alternate({ rounds, cells, systems, measureOnce, isConsume = () => false }) {
  const found = new Map(
    cells.map((cell) => [cell, new Map(systems.map(({ name }) => [name, []]))]),
  );
  for (let round = 0; round < rounds; round++) {
    for (const cell of cells) {
      const order = round % 2 === 0 ? systems : [...systems].reverse();
      for (const system of order) {
        const runs = found.get(cell).get(system.name);
        for (let repeat = 0; repeat <= repeatsMax; repeat++) {
          const run = await measureOnce(system, cell);
          const reason = voidReason(run, isConsume(cell));
          runs.push({ ...run, isVoid: reason !== undefined });
          const rate = Math.round(run.perSecond).toLocaleString('en');
          console.error(
            `round ${round + 1} of ${rounds}  ${cell}  ${system.name}  ${rate}/s${reason === undefined ? '' : `  void: ${reason}`}`,
          );
          if (reason === undefined || reason.startsWith('the generator')) break;
        }
      }
    }
  }
  return found;
}

/** What the machine is, for whoever reads the figures. */
export function machine() {
  return { cores: availableParallelism(), node: process.version, platform: process.platform };
}

export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((done) => server.once('listening', done))));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** A table of texts, columns aligned. */
export function printTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const row of rows) {
    console.log(
      row
        .map((text, column) =>
          column < 2 ? text.padEnd(widths[column]) : text.padStart(widths[column]),
        )
        .join('  '),
    );
  }
}
