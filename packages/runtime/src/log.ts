import { createLogger as createWinston, format, type Logger as Winston, transports } from 'winston';

/** What varies in a log line: plain data, units in the names. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The four methods of every log. A message is a constant; what varies is in the fields. */
export interface Log {
  /** Each request. */
  debug(message: string, fields?: LogFields): void;
  /** Changes of role, epoch, membership. */
  info(message: string, fields?: LogFields): void;
  /** What may become someone's problem. */
  warn(message: string, fields?: LogFields): void;
  /** Someone must act. */
  error(message: string, fields?: LogFields): void;
  /** Resolves when all lines are written. */
  close(): Promise<void>;
}

/** The names of the levels, the loudest last. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Where and how a node logs. */
export interface LogOptions {
  /** Stands in every line. */
  readonly node: string;
  readonly level?: LogLevel;
  readonly form?: 'json' | 'text';
  /** A file to append to; without it, lines go to stderr. */
  readonly file?: string;
}

const levels = { error: 0, warn: 1, info: 2, debug: 3 };

/** A log through winston. An `Error` among the fields becomes its message (and its stack in debug). */
export function createLog(options: LogOptions): Log {
  const { node, level = 'info', form = 'text', file } = options;
  const target =
    file === undefined
      ? new transports.Console({ stderrLevels: Object.keys(levels) })
      : new transports.File({ filename: file });
  const winston = createWinston({
    level,
    levels,
    defaultMeta: { node },
    format: format.combine(
      format.timestamp(),
      form === 'json' ? format.json() : format.printf((info) => textLine(info)),
    ),
    transports: [target],
  });
  const write = (name: LogLevel, message: string, fields: LogFields = {}): void => {
    if (winston.isLevelEnabled(name)) winston.log(name, message, { fields: plain(fields) });
  };
  return {
    debug: (message, fields) => {
      write('debug', message, fields);
    },
    info: (message, fields) => {
      write('info', message, fields);
    },
    warn: (message, fields) => {
      write('warn', message, fields);
    },
    error: (message, fields) => {
      write('error', message, fields);
    },
    close: () => closed(winston, target),
  };
}

/** A log that says nothing: for tests and labs. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  close: () => Promise.resolve(),
};

type Target = InstanceType<typeof transports.Console> | InstanceType<typeof transports.File>;

function closed(winston: Winston, target: Target): Promise<void> {
  return new Promise((resolve) => {
    // winston ends its transports when it has given them all lines; a file is flushed at its own end.
    target.once('finish', () => {
      resolve();
    });
    winston.end();
  });
}

function plain(fields: LogFields): LogFields {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    result[name] = value instanceof Error ? value.message : value;
  }
  return result;
}

function textLine(info: Readonly<Record<string, unknown>>): string {
  const { timestamp, level, node, message, fields } = info;
  const words = Object.entries((fields ?? {}) as LogFields).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${String(timestamp)} ${String(level).toUpperCase().padEnd(5)} ${String(node)} ${String(message)}${words.join('')}`;
}
