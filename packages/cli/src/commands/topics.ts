import { Admin } from '@zookafka/client';
import { errorName } from '@zookafka/kafka-wire';
import { failedError, usageError } from '../failure.ts';
import {
  bootstrapOf,
  command,
  print,
  printJson,
  requireTaken,
  withBootstrap,
  withJson,
} from './command.ts';
import { describeTopics, partitionFilters, type PartitionFilter } from './describeTopics.ts';
import { matchingTopics, missingError } from './matchingTopics.ts';

/** What is given besides the action. */
interface TopicsOptions extends Readonly<Partial<Record<PartitionFilter, boolean>>> {
  readonly topic?: string;
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly replicaAssignment?: string;
  readonly config?: readonly string[];
  readonly ifNotExists?: boolean;
  readonly ifExists?: boolean;
  readonly excludeInternal?: boolean;
}

type ActionName = 'create' | 'list' | 'describe' | 'delete';

interface TopicsArguments extends TopicsOptions, Readonly<Record<ActionName, boolean>> {
  readonly data: string;
  readonly bootstrapServer: string | undefined;
  readonly json: boolean;
}

const timeoutMs = 30_000;

/** `zookafka topics`: Kafka's own flags and layouts. */
export const topicsCommand = command<TopicsArguments>({
  command: 'topics',
  describe: "create, list, describe, delete topics: Kafka's own flags",
  builder: (yargs) =>
    withJson(withBootstrap(yargs))
      .option('create', { type: 'boolean', default: false })
      .option('list', { type: 'boolean', default: false })
      .option('describe', { type: 'boolean', default: false })
      .option('delete', { type: 'boolean', default: false })
      .option('topic', {
        type: 'string',
        requiresArg: true,
        describe: 'the name; but for --create also a regular expression',
      })
      .option('partitions', {
        type: 'number',
        requiresArg: true,
        describe: 'how many (default: num.partitions)',
      })
      .option('replication-factor', {
        type: 'number',
        requiresArg: true,
        describe: 'replicas of each (default: the broker’s)',
      })
      .option('replica-assignment', {
        type: 'string',
        requiresArg: true,
        describe: 'brokers a partition: 1:2,2:3',
      })
      .option('config', {
        type: 'string',
        requiresArg: true,
        array: true,
        describe: 'name=value, may be repeated',
      })
      .option('if-not-exists', { type: 'boolean', describe: 'create' })
      .option('if-exists', { type: 'boolean', describe: 'describe, delete' })
      .option('exclude-internal', { type: 'boolean', describe: 'list, describe' })
      .option('under-replicated-partitions', { type: 'boolean', describe: 'describe: only these' })
      .option('unavailable-partitions', {
        type: 'boolean',
        describe: 'describe: only those that nobody leads',
      })
      .option('under-min-isr-partitions', {
        type: 'boolean',
        describe: 'describe: only those that refuse acks=all',
      })
      .option('at-min-isr-partitions', {
        type: 'boolean',
        describe: 'describe: only those that may lose no other replica',
      }) as never,
  handler: async (options) => {
    const names = (Object.keys(actions) as ActionName[]).filter((name) => options[name]);
    const [name] = names;
    if (name === undefined || names.length > 1) {
      throw usageError('topics needs exactly one of --create, --list, --describe, --delete');
    }
    const { takes, run } = actions[name];
    requireTaken(`topics --${name}`, options, takes, optionNames);
    const admin = new Admin({ bootstrap: bootstrapOf(options), clientId: 'zookafka-topics' });
    try {
      await run(admin, options);
    } finally {
      admin.close();
    }
  },
});

interface Action {
  /** Which options it takes: others are refused, as by Kafka's tool. */
  readonly takes: readonly (keyof TopicsOptions)[];
  readonly run: (admin: Admin, options: TopicsArguments) => Promise<void>;
}

const shapeOptions = ['partitions', 'replicationFactor', 'replicaAssignment', 'config'] as const;

const actions: Readonly<Record<ActionName, Action>> = {
  create: { takes: ['topic', 'ifNotExists', ...shapeOptions], run: createTopic },
  list: { takes: ['topic', 'excludeInternal'], run: listTopics },
  describe: {
    takes: ['topic', 'excludeInternal', 'ifExists', ...partitionFilters],
    run: describeTopics,
  },
  delete: { takes: ['topic', 'ifExists'], run: deleteTopics },
};

const optionNames: Readonly<Record<keyof TopicsOptions, string>> = {
  topic: '--topic',
  partitions: '--partitions',
  replicationFactor: '--replication-factor',
  replicaAssignment: '--replica-assignment',
  config: '--config',
  ifNotExists: '--if-not-exists',
  ifExists: '--if-exists',
  excludeInternal: '--exclude-internal',
  underReplicatedPartitions: '--under-replicated-partitions',
  unavailablePartitions: '--unavailable-partitions',
  underMinIsrPartitions: '--under-min-isr-partitions',
  atMinIsrPartitions: '--at-min-isr-partitions',
};

async function createTopic(admin: Admin, options: TopicsArguments): Promise<void> {
  const topic = requireTopic(options);
  const answer = await admin.call(
    'createTopics',
    { timeoutMs, topics: [{ name: topic, ...shapeOf(options) }] },
    { kind: 'controller' },
  );
  const [result] = answer.topics;
  const errorCode = result?.errorCode ?? -1;
  const name = errorName(errorCode);
  if (errorCode !== 0 && !(name === 'TOPIC_ALREADY_EXISTS' && options.ifNotExists === true)) {
    const message = result?.errorMessage ?? name;
    throw failedError(`Error while executing topic command : ${message}`);
  }
  if (options.json) printJson({ created: topic, topicId: result?.topicId ?? null });
  else if (errorCode === 0) print(`Created topic ${topic}.`);
}

/** Partitions and replicas, counted or assigned; -1 leaves the choice to the broker. */
function shapeOf(options: TopicsOptions): object {
  const { partitions, replicationFactor } = options;
  const assignments = parseAssignment(options.replicaAssignment);
  const configs = parseConfigs(options.config);
  if (assignments.length === 0) {
    const numPartitions = partitions ?? -1;
    return { numPartitions, replicationFactor: replicationFactor ?? -1, configs };
  }
  if (partitions !== undefined || replicationFactor !== undefined) {
    throw usageError('--replica-assignment goes without --partitions and --replication-factor');
  }
  return { numPartitions: -1, replicationFactor: -1, assignments, configs };
}

async function deleteTopics(admin: Admin, options: TopicsArguments): Promise<void> {
  const topic = requireTopic(options);
  const matching = await matchingTopics(admin, options);
  const names = matching.topics.map(({ name }) => name ?? '');
  if (names.length > 0) {
    const body = { timeoutMs, topicNames: names, topics: names.map((name) => ({ name })) };
    const { responses } = await admin.call('deleteTopics', body, { kind: 'controller' });
    for (const { name, errorCode } of responses) {
      if (errorCode === 0) continue;
      const error = errorName(errorCode);
      // Somebody else deleted it meanwhile.
      if (error !== 'UNKNOWN_TOPIC_OR_PARTITION') {
        throw failedError(`Error while executing topic command : ${name ?? ''}: ${error}`);
      }
      if (options.ifExists !== true) throw missingError(name ?? '');
    }
  }
  if (options.json) printJson({ deleted: topic });
}

async function listTopics(admin: Admin, options: TopicsArguments): Promise<void> {
  const { topics } = await matchingTopics(admin, { ...options, ifExists: true });
  const names = topics.map(({ name }) => name ?? '');
  if (options.json) printJson(names);
  else for (const name of names) print(name);
}

function requireTopic({ topic }: TopicsOptions): string {
  if (topic === undefined || topic === '') throw usageError('--topic is missing');
  return topic;
}

function parseAssignment(
  text: string | undefined,
): readonly { readonly partitionIndex: number; readonly brokerIds: readonly number[] }[] {
  if (text === undefined) return [];
  return text.split(',').map((replicas, partitionIndex) => {
    const brokerIds = replicas.split(':').map(Number);
    if (brokerIds.some((id) => !Number.isSafeInteger(id) || id < 0)) {
      throw usageError(
        `--replica-assignment is "${text}": accepted is a list of brokers for each partition, such as 1:2,2:3`,
      );
    }
    return { partitionIndex, brokerIds };
  });
}

function parseConfigs(
  all: readonly string[] | undefined,
): readonly { readonly name: string; readonly value: string }[] {
  return (all ?? []).map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw usageError(`--config is "${text}": accepted is name=value`);
    return { name: text.slice(0, at), value: text.slice(at + 1) };
  });
}
