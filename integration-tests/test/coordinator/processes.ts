import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from '../../src/eventually.ts';

/** A member as a process of its own. */
export interface MemberProcess {
  readonly id: number;
  readonly folder: string;
  readonly clientPort: number;
  process: ChildProcess | undefined;
  /** What it wrote to stderr. */
  output: string;
}

const program = `require('@zookafka/coordinator').runCoordinator(process.argv[1])`;

/** Starts a process that runs the member of this configuration. */
export function spawnMember(configurationPath: string): ChildProcess {
  return spawn(process.execPath, ['-e', program, configurationPath], {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: join(__dirname, '..', '..'),
  });
}

/** Members as processes of their own, on ports that were free a moment ago. */
export class Processes {
  readonly members: readonly MemberProcess[];

  private constructor(members: readonly MemberProcess[]) {
    this.members = members;
  }

  /** Writes configurations, starts all members and waits until each serves. */
  static async start(
    folder: string,
    count: number,
    lines: readonly string[] = [],
  ): Promise<Processes> {
    const ports = await freePorts(3 * count);
    const port = (index: number): number => ports[index] as number;
    const members = Array.from({ length: count }, (_, index) => ({
      id: index + 1,
      folder: join(folder, String(index + 1)),
      clientPort: port(3 * index),
      process: undefined,
      output: '',
    }));
    const servers = members.map(
      ({ id }, index) => `server.${id}=127.0.0.1:${port(3 * index + 1)}:${port(3 * index + 2)}`,
    );
    const shared = [
      ...['tickTime=500', 'dataDir=data', '4lw.commands.whitelist=*', 'maxClientCnxns=0'],
      ...(count > 1 ? servers : []),
      ...lines,
    ];
    for (const { id, folder: own, clientPort } of members) {
      mkdirSync(join(own, 'data'), { recursive: true });
      writeFileSync(join(own, 'data', 'myid'), String(id));
      const text = [...shared, `clientPort=${clientPort}`, ''].join('\n');
      writeFileSync(join(own, 'zoo.cfg'), text);
    }
    const processes = new Processes(members);
    for (const { id } of members) processes.up(id);
    for (const { id } of members) await processes.serving(id);
    return processes;
  }

  /** `host:port,…` */
  get hosts(): string {
    return this.members.map(({ clientPort }) => `127.0.0.1:${clientPort}`).join(',');
  }

  member(id: number): MemberProcess {
    return this.members[id - 1] as MemberProcess;
  }

  up(id: number): void {
    const member = this.member(id);
    const child = spawnMember(join(member.folder, 'zoo.cfg'));
    member.process = child;
    child.stderr?.on('data', (chunk: Buffer) => {
      member.output += chunk.toString();
    });
  }

  /** Ends a member and waits for its end. @returns its exit code, null after a signal */
  async end(id: number, signal: NodeJS.Signals): Promise<number | null> {
    const { process: child } = this.member(id);
    if (child === undefined) return null;
    const exit = once(child, 'exit');
    child.kill(signal);
    const [code] = (await exit) as [number | null];
    this.member(id).process = undefined;
    return code;
  }

  /** Ends all that still run, at once. */
  async endAll(): Promise<void> {
    for (const { id } of this.members) await this.end(id, 'SIGKILL');
  }

  /** Waits until a member serves clients. @returns its role */
  async serving(id: number): Promise<string> {
    return eventually(`member ${id} serves`, async () => this.mode(id));
  }

  async mode(id: number): Promise<string | undefined> {
    const answer = await fourLetterWord(this.member(id).clientPort, 'srvr');
    return /^Mode: (\w+)$/m.exec(answer)?.[1];
  }

  /** The id of the member that leads, when one does. */
  async leader(): Promise<number> {
    return eventually('one leads', async () => {
      for (const { id, process: child } of this.members) {
        if (child !== undefined && (await this.mode(id)) === 'leader') return id;
      }
      return undefined;
    });
  }

  /** The events that a member has noted. */
  events(id: number): readonly Readonly<Record<string, unknown>>[] {
    const text = readFileSync(join(this.member(id).folder, 'events.jsonl'), 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  }

  /** Empties a member's folder but for its identity. */
  wipe(id: number): void {
    const data = join(this.member(id).folder, 'data');
    rmSync(data, { recursive: true });
    mkdirSync(data);
    writeFileSync(join(data, 'myid'), String(id));
  }
}

/** Asks a four-letter word. @returns the answer; empty when nobody listens */
export async function fourLetterWord(port: number, word: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
  });
  socket.on('error', () => undefined);
  socket.write(word);
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
