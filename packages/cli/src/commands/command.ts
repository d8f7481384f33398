import { type Argv, type CommandModule } from 'yargs';

import { type ClusterLayout, dataDefault, requireCluster } from '../cluster/layout.ts';
import { runningPidOf } from '../cluster/nodeProcess.ts';
import { failedError, usageError } from '../failure.ts';
import { shellWord } from '../words.ts';

/** A command of the command line. */
export type Command = CommandModule<object, never>;

/** Makes a command; its handler gets the options that `builder` declares. */
export function command<Options>(parts: {
  readonly command: string;
  readonly describe: string;
  readonly builder: (yargs: Argv) => Argv<Options>;
  readonly handler: (options: Options) => Promise<void> | void;
}): Command {
  return parts as unknown as Command;
}

/** Adds `--data`. */
export function withData<Options>(yargs: Argv<Options>): Argv<Options & { readonly data: string }> {
  return yargs.option('data', {
    type: 'string',
    requiresArg: true,
    default: dataDefault,
    describe: 'the folder that holds the cluster',
  });
}

/** Adds `--json`. */
export function withJson<Options>(
  yargs: Argv<Options>,
): Argv<Options & { readonly json: boolean }> {
  return yargs.option('json', {
    type: 'boolean',
    default: false,
    describe: 'one line of JSON on standard output',
  });
}

/** Adds `--data` and `--bootstrap-server`, which takes its place for a cluster that is not in a folder. */
export function withBootstrap<Options>(
  yargs: Argv<Options>,
): Argv<Options & { readonly data: string; readonly bootstrapServer: string | undefined }> {
  return withData(yargs).option('bootstrap-server', {
    type: 'string',
    requiresArg: true,
    describe: 'brokers to ask (host:port,…), in place of --data',
  }) as unknown as Argv<
    Options & { readonly data: string; readonly bootstrapServer: string | undefined }
  >;
}

/** @throws {CommandError} USAGE saying what is accepted */
export function requireWithin(
  name: string,
  value: number | undefined,
  { min, max = Number.MAX_SAFE_INTEGER }: { readonly min: number; readonly max?: number },
): void {
  if (value === undefined || (value >= min && value <= max)) return;
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} on` : `${min} to ${max}`;
  throw usageError(`${name} is ${value}: accepted is a whole number from ${range}`);
}

/**
 * Refuses what was given and does not belong to a verb or action, which would else be ignored.
 *
 * @param names of all options, as a person writes them
 * @throws {CommandError} USAGE
 */
export function requireTaken<Option extends string>(
  action: string,
  given: Readonly<Partial<Record<Option, unknown>>>,
  takes: readonly Option[],
  names: Readonly<Record<Option, string>>,
): void {
  for (const option of Object.keys(names) as Option[]) {
    if (given[option] === undefined || takes.includes(option)) continue;
    throw usageError(`${action} takes no ${names[option]}`);
  }
}

/** Which brokers a command asks. */
export function bootstrapOf({
  data,
  bootstrapServer,
}: {
  readonly data: string;
  readonly bootstrapServer: string | undefined;
}): string {
  return bootstrapServer ?? requireRunning(data, 'brokers').bootstrap;
}

/** The cluster in a folder. Without a node to ask, somebody else may listen where the nodes did. */
export function requireRunning(data: string, kind: 'brokers' | 'coordinators'): ClusterLayout {
  const cluster = requireCluster(data);
  if (cluster[kind].length === 0) {
    throw failedError(
      `The cluster in ${cluster.data} has no ${kind}: "zookafka up" makes one that has in another folder`,
    );
  }
  if (cluster[kind].some((node) => runningPidOf(node) !== undefined)) return cluster;
  throw failedError(
    `None of the ${kind} in ${cluster.data} runs: start them with "zookafka up --data ${shellWord(data)}"`,
  );
}

/** Prints a line of data. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints a line for the person, which is no data. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Prints one line of JSON. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}
