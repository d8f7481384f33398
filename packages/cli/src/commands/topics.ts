import { Admin } from '@zookafka/client';
import { errorName, type RequestBody, type ResponseOf, zeroUuid } from '@zookafka/kafka-wire';
import { failedError, usageError } from '../failure.ts';
import { describeTopicText, type TopicDescription } from '../output/topicsOutput.ts';
import { bootstrapOf, command, print, printJson, withBootstrap, withJson } from './command.ts';

interface TopicsOptions {
  readonly data: string;
  readonly bootstrapServer: string | undefined;
  readonly json: boolean;
  readonly create: boolean;
  readonly list: boolean;
  readonly describe: boolean;
  readonly delete: boolean;
  readonly topic: string | undefined;
  readonly partitions: number | undefined;
  readonly replicationFactor: number | undefined;
  readonly replicaAssignment: string | undefined;
  readonly config: readonly string[] | undefined;
  readonly ifNotExists: boolean;
  readonly ifExists: boolean;
  readonly excludeInternal: boolean;
}

const timeoutMs = 30_000;
const topicResource = 2;
const internalTopics: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state']);
/** Where a configuration's value comes from: 1 is the topic's own. */
const topicConfigSource = 1;

/** `zookafka topics`: Kafka's own flags and layouts. */
export const topicsCommand = command<TopicsOptions>({
  command: 'topics',
  describe: "create, list, describe, delete topics: Kafka's own flags",
  builder: (yargs) =>
    withJson(withBootstrap(yargs))
      .option('create', { type: 'boolean', default: false })
      .option('list', { type: 'boolean', default: false })
      .option('describe', { type: 'boolean', default: false })
      .option('delete', { type: 'boolean', default: false })
      .option('topic', { type: 'string', requiresArg: true, describe: 'the name' })
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
      .option('if-not-exists', { type: 'boolean', default: false })
      .option('if-exists', { type: 'boolean', default: false })
      .option('exclude-internal', { type: 'boolean', default: false }) as never,
  handler: async (options) => {
    const actions = (['create', 'list', 'describe', 'delete'] as const).filter(
      (name) => options[name],
    );
    const [action] = actions;
    if (action === undefined || actions.length > 1) {
      throw usageError('topics needs exactly one of --create, --list, --describe, --delete');
    }
    const admin = new Admin({ bootstrap: bootstrapOf(options), clientId: 'zookafka-topics' });
    try {
      await actionsByName[action](admin, options);
    } finally {
      admin.close();
    }
  },
});

type Action = (admin: Admin, options: TopicsOptions) => Promise<void>;

const actionsByName: Readonly<Record<'create' | 'list' | 'describe' | 'delete', Action>> = {
  create: createTopic,
  list: listTopics,
  describe: describeTopics,
  delete: deleteTopic,
};

async function createTopic(admin: Admin, options: TopicsOptions): Promise<void> {
  const topic = requireTopic(options);
  const answer = await admin.call(
    'createTopics',
    { timeoutMs, topics: [{ name: topic, ...shapeOf(options) }] },
    { kind: 'controller' },
  );
  const [result] = answer.topics;
  const errorCode = result?.errorCode ?? -1;
  const name = errorName(errorCode);
  if (errorCode !== 0 && !(name === 'TOPIC_ALREADY_EXISTS' && options.ifNotExists)) {
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

async function deleteTopic(admin: Admin, options: TopicsOptions): Promise<void> {
  const topic = requireTopic(options);
  const body = { timeoutMs, topicNames: [topic], topics: [{ name: topic }] };
  const { responses } = await admin.call('deleteTopics', body, { kind: 'controller' });
  const errorCode = responses[0]?.errorCode ?? -1;
  const isMissing = errorName(errorCode) === 'UNKNOWN_TOPIC_OR_PARTITION';
  if (errorCode !== 0 && !(isMissing && options.ifExists)) {
    throw failedError(
      isMissing
        ? `Error while executing topic command : Topic '${topic}' does not exist as expected`
        : `Error while executing topic command : ${errorName(errorCode)}`,
    );
  }
  if (options.json) printJson({ deleted: topic });
}

async function listTopics(admin: Admin, { json, excludeInternal }: TopicsOptions): Promise<void> {
  const { topics } = await admin.call('metadata', allTopics);
  const names = topics
    .map(({ name }) => name ?? '')
    .filter((name) => !(excludeInternal && internalTopics.has(name)))
    .sort();
  if (json) printJson(names);
  else for (const name of names) print(name);
}

async function describeTopics(admin: Admin, options: TopicsOptions): Promise<void> {
  const { topic, json, excludeInternal } = options;
  const { topics } = await admin.call(
    'metadata',
    topic === undefined ? allTopics : oneTopic(topic),
  );
  const known = topics
    .filter(({ errorCode }) => errorName(errorCode) !== 'UNKNOWN_TOPIC_OR_PARTITION')
    .filter(({ name }) => !(excludeInternal && internalTopics.has(name ?? '')))
    .sort((left, right) => ((left.name ?? '') < (right.name ?? '') ? -1 : 1));
  if (topic !== undefined && known.length === 0 && !options.ifExists) {
    throw failedError(
      `Error while executing topic command : Topic '${topic}' does not exist as expected`,
    );
  }
  const configs = await configsOf(
    admin,
    known.map(({ name }) => name ?? ''),
  );
  const described = known.map((one) => descriptionOf(one, configs.get(one.name ?? '') ?? []));
  if (json) printJson(described);
  else for (const one of described) print(describeTopicText(one));
}

const allTopics: RequestBody<'metadata'> = { topics: null, allowAutoTopicCreation: false };

function oneTopic(name: string): RequestBody<'metadata'> {
  return { topics: [{ name }], allowAutoTopicCreation: false };
}

function descriptionOf(
  { name, topicId, partitions }: ResponseOf<'metadata'>['topics'][number],
  configs: TopicDescription['configs'],
): TopicDescription {
  return {
    name: name ?? '',
    topicId: topicId === zeroUuid ? undefined : topicId,
    configs,
    partitions: partitions
      .map(({ partitionIndex, leaderId, replicaNodes, isrNodes }) => ({
        partition: partitionIndex,
        leader: leaderId,
        replicas: replicaNodes,
        isr: isrNodes,
      }))
      .sort((left, right) => left.partition - right.partition),
  };
}

/** What each topic sets itself, in the broker's order. */
async function configsOf(
  admin: Admin,
  names: readonly string[],
): Promise<ReadonlyMap<string, TopicDescription['configs']>> {
  if (names.length === 0) return new Map();
  const resources = names.map((resourceName) => ({
    resourceType: topicResource,
    resourceName,
    configurationKeys: null,
  }));
  const { results } = await admin.call('describeConfigs', { resources });
  return new Map(
    results.map(({ resourceName, configs }) => [
      resourceName,
      configs
        .filter(({ configSource }) => configSource === topicConfigSource)
        .map(({ name, value }) => [name, value ?? ''] as const),
    ]),
  );
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
