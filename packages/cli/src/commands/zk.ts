import { parseAddresses } from '@zookafka/client';
import { createFlags, openAcl } from '@zookafka/zookeeper-wire';
import { EnsembleClient } from '../cluster/ensembleClient.ts';
import { usageError } from '../failure.ts';
import { statText } from '../output/statOutput.ts';
import {
  command,
  type Command,
  print,
  printJson,
  requireRunning,
  tell,
  withData,
  withJson,
} from './command.ts';

interface ZkOptions {
  readonly data: string;
  readonly json: boolean;
  readonly server: string | undefined;
  readonly path: string;
  readonly value: string | undefined;
  readonly ephemeral: boolean;
  readonly sequential: boolean;
  readonly version: number;
  readonly recursive: boolean;
}

type Run = (client: EnsembleClient, options: ZkOptions) => Promise<void>;

const anyVersion = -1;

const verbs: Readonly<Record<string, Run>> = {
  ls: async (client, { path, json }) => {
    const { children } = await client.ask<'getChildren'>({ op: 'getChildren', path, watch: false });
    const sorted = [...children].sort();
    if (json) printJson(sorted);
    else print(`[${sorted.join(', ')}]`);
  },
  get: async (client, { path, json }) => {
    const { data, stat } = await client.ask<'getData'>({ op: 'getData', path, watch: false });
    const text = data === null ? null : Buffer.from(data).toString('utf8');
    if (json) printJson({ data: text, stat });
    else print(text ?? 'null');
  },
  stat: async (client, { path, json }) => {
    const { stat } = await client.ask<'exists'>({ op: 'exists', path, watch: false });
    if (json) printJson(stat);
    else print(statText(stat));
  },
  create: async (client, { path, value, ephemeral, sequential, json }) => {
    const kind =
      `${ephemeral ? 'ephemeral' : 'persistent'}${sequential ? 'Sequential' : ''}` as const;
    const flags = createFlags[kind];
    const data = value === undefined ? null : Buffer.from(value);
    const created = await client.ask<'create'>({ op: 'create', path, data, acl: openAcl, flags });
    if (json) printJson({ created: created.path });
    else print(`Created ${created.path}`);
    if (ephemeral) tell('The node is gone with this command: its session ends here');
  },
  set: async (client, { path, value, version, json }) => {
    if (value === undefined) throw usageError('zk set needs a value: zookafka zk set PATH VALUE');
    const data = Buffer.from(value);
    const { stat } = await client.ask<'setData'>({ op: 'setData', path, data, version });
    if (json) printJson(stat);
    else print(`Set ${path}, now version ${stat.version}`);
  },
  delete: async (client, { path, version, json }) => {
    await client.ask<'delete'>({ op: 'delete', path, version });
    if (json) printJson({ deleted: path });
    else print(`Deleted ${path}`);
  },
};

/** `zookafka zk VERB PATH [VALUE]` */
export const zkCommand: Command = command<ZkOptions & { readonly verb: string }>({
  command: 'zk <verb> <path> [value]',
  describe: 'ls, get, stat, create, set, delete, watch: the znodes of the ensemble',
  builder: (yargs) =>
    withJson(withData(yargs))
      .positional('verb', { choices: [...Object.keys(verbs), 'watch'], demandOption: true })
      .positional('path', { type: 'string', demandOption: true, describe: 'such as /brokers/ids' })
      .positional('value', { type: 'string', describe: 'the data, for create and set' })
      .option('server', {
        type: 'string',
        requiresArg: true,
        describe: 'members to ask (host:port,…), in place of --data',
      })
      .option('ephemeral', { type: 'boolean', alias: 'e', default: false })
      .option('sequential', { type: 'boolean', alias: 's', default: false })
      .option('recursive', {
        type: 'boolean',
        alias: 'R',
        default: false,
        describe: 'watch: the whole subtree',
      })
      .option('expect-version', {
        type: 'number',
        requiresArg: true,
        default: anyVersion,
        describe: 'for set and delete',
      }) as never,
  handler: async (options) => {
    const expected = (options as unknown as { readonly expectVersion: number }).expectVersion;
    const { verb, path, data, server } = options;
    if (!path.startsWith('/')) throw usageError(`"${path}" is no path: it begins with /`);
    if (server !== undefined) parseAddresses(server);
    const connect = server ?? requireRunning(data, 'coordinators').zookeeper;
    if (verb === 'watch') {
      await watch(connect, options);
      return;
    }
    const client = new EnsembleClient({ connect });
    try {
      await (verbs[verb] as Run)(client, { ...options, version: expected });
    } finally {
      await client.close();
    }
  },
});

/** Prints events until the person ends it. */
async function watch(connect: string, { path, json, recursive }: ZkOptions): Promise<void> {
  const client = new EnsembleClient({
    connect,
    onEvent: ({ type, path: changed, zxid }) => {
      if (json) printJson({ type, path: changed, zxid });
      else print(`${type} ${changed}`);
    },
  });
  await client.ask<'addWatch'>({ op: 'addWatch', path, mode: recursive ? 1 : 0 });
  tell(`Watching ${path}${recursive ? ' and everything below it' : ''}; Ctrl-C ends`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await client.close();
}
