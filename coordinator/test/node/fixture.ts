import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { EventLog, type Log, type LogFields } from '@zookafka/runtime';
import { Coordinator, readCoordinatorConfiguration } from '@zookafka/coordinator';

/** One line of a log that is kept. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** A log whose lines can be waited for. */
export class KeptLog implements Log {
  readonly lines: LogLine[] = [];
  private readonly watchers = new Set<() => void>();

  debug(message: string, fields: LogFields = {}): void {
    this.add({ level: 'debug', message, fields });
  }

  info(message: string, fields: LogFields = {}): void {
    this.add({ level: 'info', message, fields });
  }

  warn(message: string, fields: LogFields = {}): void {
    this.add({ level: 'warn', message, fields });
  }

  error(message: string, fields: LogFields = {}): void {
    this.add({ level: 'error', message, fields });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** @returns the first line with this message, now or when it comes */
  line(message: string): Promise<LogLine> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.lines.find((line) => line.message === message);
        if (found === undefined) return;
        this.watchers.delete(look);
        resolve(found);
      };
      this.watchers.add(look);
      look();
    });
  }

  private add(line: LogLine): void {
    this.lines.push(line);
    for (const look of [...this.watchers]) look();
  }
}

/** A member in this process. */
export interface RunningMember {
  readonly coordinator: Coordinator;
  readonly log: KeptLog;
  /** Resolves with the reason when the member gave up. */
  readonly failed: Promise<unknown>;
}

/** Starts and stops members. */
export interface Members {
  /** Starts one; one that is alone serves when it is given out. */
  readonly start: (
    folder: string,
    lines?: readonly string[],
    options?: { readonly databaseBytesMax?: number },
  ) => Promise<RunningMember>;
  readonly stop: (member: RunningMember) => Promise<void>;
}

/** Starts members and stops them after each test. */
export function members(): Members {
  const running = new Map<RunningMember, EventLog>();
  const stop = async (member: RunningMember): Promise<void> => {
    await member.coordinator.stop();
    running.get(member)?.close();
    running.delete(member);
  };
  afterEach(async () => {
    for (const member of running.keys()) await stop(member);
  });
  return {
    stop,
    start: async (folder, lines = [], options = {}) => {
      const path = configure(folder, lines);
      const log = new KeptLog();
      const events = new EventLog({ file: join(folder, 'events.jsonl'), node: 'test' });
      let onFailed: (error: unknown) => void = () => undefined;
      const failed = new Promise<unknown>((resolve) => {
        onFailed = resolve;
      });
      const configuration = readCoordinatorConfiguration(path);
      const coordinator = await Coordinator.start({
        configuration,
        log,
        events,
        onFailed,
        ...options,
      });
      const member = { coordinator, log, failed };
      running.set(member, events);
      if (configuration.peers.length === 1) await log.line('serving');
      return member;
    },
  };
}

/** Writes a `zoo.cfg` for a member alone; later lines win. @returns its path */
export function configure(folder: string, lines: readonly string[] = []): string {
  const path = join(folder, 'zoo.cfg');
  mkdirSync(join(folder, 'data'), { recursive: true });
  const base = ['tickTime=100', `dataDir=${join(folder, 'data')}`, 'clientPort=0'];
  writeFileSync(path, [...base, 'zookafka.store=loop', ...lines, ''].join('\n'));
  return path;
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve) => {
        server.listen(0, '127.0.0.1', () => {
          resolve(server);
        });
      });
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(
    servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => {
            resolve();
          });
        }),
    ),
  );
  return ports;
}
