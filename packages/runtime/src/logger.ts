import winston from 'winston';

/** What varies in a log line: names with units, plain data. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A log of four levels. Messages are constants; what varies is in the fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** The names of the levels, quietest last. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Makes a logger that writes lines to standard error. */
export function makeLogger({
  node,
  level,
}: {
  readonly node: string;
  readonly level: LogLevel;
}): Logger {
  const { combine, printf, timestamp } = winston.format;
  return winston.createLogger({
    level,
    format: combine(
      timestamp(),
      printf(({ timestamp: time, level: name, message, ...fields }) => {
        const facts = Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`;
        return `${String(time)} ${name.toUpperCase().padEnd(5)} ${node} ${String(message)}${facts}`;
      }),
    ),
    transports: [
      new winston.transports.Console({ stderrLevels: ['debug', 'info', 'warn', 'error'] }),
    ],
  });
}
