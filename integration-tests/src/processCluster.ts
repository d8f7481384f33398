/** A cluster of real processes for slow tests and scripts: made by the command line, in a folder and on ports of its own. */
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ClusterEvent,
  findCluster,
  killNodes,
  mergeEvents,
  type NodeLayout,
  parseEvents,
} from '@zookafka/cli';
import { type CommandAnswer, zookafka } from './zookafka.ts';

/** The line that `up --json` prints. */
export interface ReadyLine {
  readonly zookeeper: string;
  readonly bootstrap: string;
  readonly coordinators: readonly {
    readonly name: string;
    readonly pid: number;
    readonly client: string;
    readonly websocket: string;
  }[];
  readonly brokers: readonly {
    readonly name: string;
    readonly id: number;
    readonly pid: number;
    readonly kafka: string;
  }[];
  readonly data: string;
  readonly readyMs: number;
}

/** What `status --json` prints. */
export interface StatusLine {
  readonly ensemble: {
    readonly leader: string | null;
    readonly epoch: number | null;
    readonly members: readonly {
      readonly name: string;
      readonly pid: number | null;
      readonly state: string;
      readonly zxid: string | null;
    }[];
  };
  readonly controller: string | null;
  readonly controllerEpoch: number | null;
  readonly brokers: readonly {
    readonly name: string;
    readonly id: number;
    readonly pid: number | null;
    readonly state: 'up' | 'down';
    readonly brokerEpoch: number | null;
  }[];
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly leader: number;
      readonly leaderEpoch: number;
      readonly replicas: readonly number[];
      readonly isr: readonly number[];
      readonly highWatermark: number | null;
    }[];
  }[];
}

/** How large a cluster is. */
export interface ClusterSize {
  readonly coordinators: number;
  readonly brokers: number;
}

interface ClusterPlace {
  readonly data: string;
  readonly portOffset: number;
  readonly isKept: boolean;
}

const startAttemptsMax = 5;
/** Below what platforms deal out to outgoing connections, so that nobody takes a port in between by chance. */
const portOffsetMin = 1000;
const portOffsetMax = 23_000;
const portFirsts = { client: 2181, quorum: 2881, election: 3881, broker: 9092 } as const;

/** An offset at which every port of such a cluster was free a moment ago. */
export async function freePortOffset({ coordinators, brokers }: ClusterSize): Promise<number> {
  for (;;) {
    const range = portOffsetMax - portOffsetMin;
    const offset = portOffsetMin + 10 * Math.floor((Math.random() * range) / 10);
    const ports = portsOf(offset, coordinators, brokers);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return offset;
  }
}

function portsOf(offset: number, coordinators: number, brokers: number): readonly number[] {
  const { client, quorum, election, broker } = portFirsts;
  const row = (first: number, count: number): readonly number[] =>
    Array.from({ length: count }, (_, index) => first + offset + index);
  return [
    ...[client, quorum, election].flatMap((first) => row(first, coordinators)),
    ...row(broker, brokers),
  ];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ host: '127.0.0.1', port }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

/** A cluster that runs until `stop`. */
export class ProcessCluster {
  readonly data: string;
  readonly portOffset: number;
  /** What the first `up` printed; pids change with restarts. */
  readonly ready: ReadyLine;

  private readonly isKept: boolean;

  private constructor(place: ClusterPlace, ready: ReadyLine) {
    this.data = place.data;
    this.portOffset = place.portOffset;
    this.isKept = place.isKept;
    this.ready = ready;
  }

  /** Starts a cluster and waits until it serves. Pair it with `stop`. */
  static async start(size: ClusterSize, { isKept = false } = {}): Promise<ProcessCluster> {
    const data = mkdtempSync(join(realpathSync(tmpdir()), 'zookafka-cluster-'));
    killOnExit(data, isKept);
    for (let attempt = 1; ; attempt++) {
      const offset = await freePortOffset(size);
      const answer = await zookafka([
        ...['up', '--detach', '--json', '--data', data, '--port-offset', String(offset)],
        ...['--coordinators', String(size.coordinators), '--brokers', String(size.brokers)],
      ]);
      if (answer.code === 0) {
        const place = { data, portOffset: offset, isKept };
        return new ProcessCluster(place, JSON.parse(answer.stdout) as ReadyLine);
      }
      const wasTaken = answer.code === 2 && answer.stderr.includes('is taken');
      if (wasTaken && attempt < startAttemptsMax) {
        rmSync(data, { recursive: true, force: true });
        continue;
      }
      const logs = await zookafka(['logs', '--data', data]);
      remove(data);
      throw new Error(`The cluster did not start: ${answer.stderr}\n${logs.stdout}`);
    }
  }

  /** Runs a command against this cluster. */
  run(words: readonly string[], input = ''): Promise<CommandAnswer> {
    return zookafka([...words, '--data', this.data], input);
  }

  /** Runs a command that must succeed. @returns what it printed */
  async say(words: readonly string[], input = ''): Promise<string> {
    const { code, stdout, stderr } = await this.run(words, input);
    if (code === 0) return stdout;
    throw new Error(`zookafka ${words.join(' ')}: exit code ${String(code)}: ${stderr}${stdout}`);
  }

  /** Runs a command with `--json` that must succeed. @returns what it printed, parsed */
  async json<Value>(words: readonly string[]): Promise<Value> {
    return JSON.parse(await this.say([...words, '--json'])) as Value;
  }

  status(): Promise<StatusLine> {
    return this.json<StatusLine>(['status']);
  }

  /** Where the files and addresses of a node are. */
  node(name: string): NodeLayout {
    const found = findCluster(this.data)?.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`There is no node ${name}`);
    return found;
  }

  /** Ends these nodes with kill -9, all at once, and waits for nothing. */
  kill(...names: readonly string[]): void {
    killNodes(names.map((name) => this.node(name)));
  }

  /** Starts a node that is down and waits until it serves. */
  async restart(name: string): Promise<void> {
    await this.say(['restart', name]);
  }

  /** Starts every node that is down, all at once, and waits until the cluster serves. */
  async resume(): Promise<void> {
    await this.say(['up', '--detach']);
  }

  /** The events of all nodes so far, in order. */
  events(): readonly ClusterEvent[] {
    const nodes = findCluster(this.data)?.nodes ?? [];
    const paths = nodes.map(({ eventsPath }) => eventsPath).filter((path) => existsSync(path));
    return mergeEvents(paths.map((path) => parseEvents(readFileSync(path, 'utf8'))));
  }

  /** Stops all processes, whatever state they are in, and removes the folder unless it is to be kept. */
  async stop(): Promise<void> {
    await this.run(['down']);
    remove(this.data, this.isKept);
  }
}

/** Ends what is left of a cluster at once and removes its folder, unless that is kept. */
function remove(data: string, isKept = false): void {
  for (const pid of pidsOf(data)) kill(pid);
  if (!isKept) rmSync(data, { recursive: true, force: true, maxRetries: 5 });
}

/** The processes whose command lines name this folder: also those that never wrote a pid file. */
function pidsOf(data: string): readonly number[] {
  const nodes = findCluster(data)?.nodes ?? [];
  return nodes.flatMap(({ eventsPath, pidPath }) => {
    const started = existsSync(eventsPath)
      ? parseEvents(readFileSync(eventsPath, 'utf8')).map(({ facts }) => facts['pid'])
      : [];
    const pids = existsSync(pidPath) ? [Number(readFileSync(pidPath, 'utf8'))] : [];
    return [...started, ...pids].filter(
      (pid): pid is number => typeof pid === 'number' && pid > 0 && isOf(pid, data),
    );
  });
}

function isOf(pid: number, data: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(data);
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

/** A test run that is ended by a signal leaves no processes behind. */
function killOnExit(data: string, isKept: boolean): void {
  process.once('exit', () => {
    if (existsSync(data)) remove(data, isKept);
  });
}
