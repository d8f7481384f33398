import { type Admin } from '@zookafka/client';
import { type ResponseOf, zeroUuid } from '@zookafka/kafka-wire';
import { usageError } from '../failure.ts';
import {
  describePartitionsText,
  describeTopicText,
  type PartitionDescription,
  type TopicDescription,
} from '../output/topicsOutput.ts';
import { print, printJson } from './command.ts';
import { matchingTopics, type TopicChoice } from './matchingTopics.ts';

/** What may narrow a description to some partitions. */
export const partitionFilters = [
  'underReplicatedPartitions',
  'unavailablePartitions',
  'underMinIsrPartitions',
  'atMinIsrPartitions',
] as const;

/** One of them. */
export type PartitionFilter = (typeof partitionFilters)[number];

interface DescribeOptions extends TopicChoice, Readonly<Partial<Record<PartitionFilter, boolean>>> {
  readonly json: boolean;
}

type Configs = ResponseOf<'describeConfigs'>['results'][number]['configs'];

const topicResource = 2;
/** Where a configuration's value comes from: 1 is the topic's own. */
const topicConfigSource = 1;
const noConfigs: Configs = [];

/** `topics --describe`: all of the topics, or those of their partitions that a drill is about. */
export async function describeTopics(admin: Admin, options: DescribeOptions): Promise<void> {
  const filter = filterOf(options);
  const { topics, liveBrokers } = await matchingTopics(admin, options);
  const names = topics.map(({ name }) => name ?? '');
  const configs = await configsOf(admin, names);
  const described = topics.map((topic) => {
    const own = configs.get(topic.name ?? '') ?? noConfigs;
    const description = descriptionOf(topic, own);
    if (filter === undefined) return description;
    const isMeant = partitionTests[filter](liveBrokers, minInSyncOf(own));
    return { ...description, partitions: description.partitions.filter(isMeant) };
  });
  const shown = described.filter(({ partitions }) => filter === undefined || partitions.length > 0);
  const textOf = filter === undefined ? describeTopicText : describePartitionsText;
  if (options.json) printJson(shown);
  else for (const one of shown) print(textOf(one));
}

function filterOf(options: DescribeOptions): PartitionFilter | undefined {
  const filters = partitionFilters.filter((name) => options[name] === true);
  if (filters.length > 1) {
    throw usageError('topics --describe takes one of the options that choose partitions');
  }
  return filters[0];
}

type PartitionTest = (partition: PartitionDescription) => boolean;

/** Source: Apache Kafka 3.9, `TopicCommand.PartitionDescription`. */
const partitionTests: Readonly<
  Record<PartitionFilter, (liveBrokers: ReadonlySet<number>, minInSync: number) => PartitionTest>
> = {
  underReplicatedPartitions:
    () =>
    ({ isr, replicas }) =>
      isr.length < replicas.length,
  unavailablePartitions:
    (liveBrokers) =>
    ({ leader }) =>
      !liveBrokers.has(leader),
  underMinIsrPartitions:
    (_, minInSync) =>
    ({ isr }) =>
      isr.length < minInSync,
  atMinIsrPartitions:
    (_, minInSync) =>
    ({ isr }) =>
      isr.length === minInSync,
};

function minInSyncOf(configs: Configs): number {
  return Number(configs.find(({ name }) => name === 'min.insync.replicas')?.value ?? 1);
}

function descriptionOf(
  { name, topicId, partitions }: ResponseOf<'metadata'>['topics'][number],
  configs: Configs,
): TopicDescription {
  return {
    name: name ?? '',
    topicId: topicId === zeroUuid ? undefined : topicId,
    configs: configs
      .filter(({ configSource }) => configSource === topicConfigSource)
      .map((config) => [config.name, config.value ?? ''] as const),
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

/** All configurations of each topic, in the broker's order. */
async function configsOf(
  admin: Admin,
  names: readonly string[],
): Promise<ReadonlyMap<string, Configs>> {
  if (names.length === 0) return new Map();
  const resources = names.map((resourceName) => ({
    resourceType: topicResource,
    resourceName,
    configurationKeys: null,
  }));
  const { results } = await admin.call('describeConfigs', { resources });
  return new Map(results.map(({ resourceName, configs }) => [resourceName, configs]));
}
