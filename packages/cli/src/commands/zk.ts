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
  requireTaken,
  tell,
  withData,
  withJson,
} from './command.ts';

/** What is given behind the verb. */
interface ZkOptions {
  readonly value?: string;
  readonly ephemeral?: boolean;
  readonly sequential?: boolean;
  readonly stat?: boolean;
  readonly recursive?: boolean;
  readonly expectVersion?: number;
}

interface ZkArguments extends ZkOptions {
  readonly verb: string;
  readonly path: string;
  readonly data: string;
  readonly json: boolean;
  readonly server: string | undefined;
  /** zkCli's own letter: sequential with `create`, else the stat. */
  readonly s?: boolean;
}

interface Verb {
  /** Which options it takes: others are refused. */
  readonly takes: readonly (keyof ZkOptions)[];
  readonly run: (client: EnsembleClient, options: ZkArguments) => Promise<void>;
}

const anyVersion = -1;

const verbs: Readonly<Record<string, Verb>> = {
  ls: {
    takes: ['recursive', 'stat'],
    run: async (client, { path, json, recursive, stat: wantsStat }) => {
      if (recursive === true) {
        if (wantsStat === true) throw usageError('zk ls takes --recursive or --stat, not both');
        const paths = await pathsBelow(client, path);
        if (json) printJson(paths);
        else print(paths.join('\n'));
        return;
      }
      const request = { op: 'getChildren2', path, watch: false } as const;
      const { children, stat } = await client.ask<'getChildren2'>(request);
      const sorted = [...children].sort();
      if (json) printJson(wantsStat === true ? { children: sorted, stat } : sorted);
      else print(`[${sorted.join(', ')}]${wantsStat === true ? `\n${statText(stat)}` : ''}`);
    },
  },
  get: {
    takes: ['stat'],
    run: async (client, { path, json, stat: wantsStat }) => {
      const { data, stat } = await client.ask<'getData'>({ op: 'getData', path, watch: false });
      const text = data === null ? null : Buffer.from(data).toString('utf8');
      if (json) printJson({ data: text, stat });
      else print(`${text ?? 'null'}${wantsStat === true ? `\n${statText(stat)}` : ''}`);
    },
  },
  stat: {
    takes: [],
    run: async (client, { path, json }) => {
      const { stat } = await client.ask<'exists'>({ op: 'exists', path, watch: false });
      if (json) printJson(stat);
      else print(statText(stat));
    },
  },
  create: {
    takes: ['value', 'ephemeral', 'sequential'],
    run: async (client, { path, value, ephemeral = false, sequential = false, json }) => {
      const kind =
        `${ephemeral ? 'ephemeral' : 'persistent'}${sequential ? 'Sequential' : ''}` as const;
      const flags = createFlags[kind];
      const data = value === undefined ? null : Buffer.from(value);
      const created = await client.ask<'create'>({ op: 'create', path, data, acl: openAcl, flags });
      if (json) printJson({ created: created.path });
      else print(`Created ${created.path}`);
      if (ephemeral) tell('The node is gone with this command: its session ends here');
    },
  },
  set: {
    takes: ['value', 'expectVersion'],
    run: async (client, { path, value, expectVersion: version = anyVersion, json }) => {
      if (value === undefined) throw usageError('zk set needs a value: zookafka zk set PATH VALUE');
      const data = Buffer.from(value);
      const { stat } = await client.ask<'setData'>({ op: 'setData', path, data, version });
      if (json) printJson(stat);
      else print(`Set ${path}, now version ${stat.version}`);
    },
  },
  delete: {
    takes: ['expectVersion'],
    run: async (client, { path, expectVersion: version = anyVersion, json }) => {
      await client.ask<'delete'>({ op: 'delete', path, version });
      if (json) printJson({ deleted: path });
      else print(`Deleted ${path}`);
    },
  },
  watch: { takes: ['recursive'], run: watch },
};

const optionNames: Readonly<Record<keyof ZkOptions, string>> = {
  value: 'value',
  ephemeral: '--ephemeral',
  sequential: '--sequential',
  stat: '--stat',
  recursive: '--recursive',
  expectVersion: '--expect-version',
};

/** `zookafka zk VERB PATH [VALUE]` */
export const zkCommand: Command = command<ZkArguments>({
  command: 'zk <verb> <path> [value]',
  describe: 'ls, get, stat, create, set, delete, watch: the znodes of the ensemble',
  builder: (yargs) =>
    // Here a version is a znode's.
    withJson(withData(yargs.version(false)))
      .positional('verb', { choices: Object.keys(verbs), demandOption: true })
      .positional('path', { type: 'string', demandOption: true, describe: 'such as /brokers/ids' })
      .positional('value', { type: 'string', describe: 'the data, for create and set' })
      .option('server', {
        type: 'string',
        requiresArg: true,
        describe: 'members to ask (host:port,…), in place of --data',
      })
      .option('ephemeral', { type: 'boolean', alias: 'e', describe: 'create' })
      .option('sequential', { type: 'boolean', describe: 'create (or -s)' })
      .option('stat', { type: 'boolean', describe: 'ls, get: with the stat (or -s)' })
      .option('s', { type: 'boolean', hidden: true })
      .option('recursive', {
        type: 'boolean',
        alias: 'R',
        describe: 'ls, watch: the whole subtree',
      })
      .option('expect-version', {
        type: 'number',
        alias: ['v', 'version'],
        requiresArg: true,
        describe: 'set, delete: only when the node has it',
      }) as never,
  handler: async (given) => {
    const { verb: name, path, data, server } = given;
    if (!path.startsWith('/')) throw usageError(`"${path}" is no path: it begins with /`);
    const short =
      given.s === undefined ? {} : { [name === 'create' ? 'sequential' : 'stat']: given.s };
    const options = { ...given, ...short };
    const verb = verbs[name] as Verb;
    requireTaken(`zk ${name}`, options, verb.takes, optionNames);
    if (server !== undefined) parseAddresses(server);
    const connect = server ?? requireRunning(data, 'coordinators').zookeeper;
    const client = new EnsembleClient({
      connect,
      onEvent: ({ type, path: changed, zxid }) => {
        if (given.json) printJson({ type, path: changed, zxid });
        else print(`${type} ${changed}`);
      },
    });
    try {
      await verb.run(client, options);
    } finally {
      await client.close();
    }
  },
});

/** A node and all below it, each before its children; what goes meanwhile is left out. */
async function pathsBelow(client: EnsembleClient, root: string): Promise<readonly string[]> {
  // Only the root must be there.
  await client.ask<'exists'>({ op: 'exists', path: root, watch: false });
  const paths: string[] = [];
  const waiting = [root];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    paths.push(path);
    const parent = path;
    const children = await client.childrenOf(parent);
    waiting.push(...children.map((name) => childPath(parent, name)).reverse());
  }
  return paths;
}

function childPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

/** Prints events until the person ends it. */
async function watch(client: EnsembleClient, { path, recursive }: ZkArguments): Promise<void> {
  const isRecursive = recursive === true;
  await client.ask<'addWatch'>({ op: 'addWatch', path, mode: isRecursive ? 1 : 0 });
  tell(`Watching ${path}${isRecursive ? ' and everything below it' : ''}; Ctrl-C ends`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}
