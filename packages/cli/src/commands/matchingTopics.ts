import { type Admin } from '@zookafka/client';
import { type RequestBody, type ResponseOf } from '@zookafka/kafka-wire';
import { type CommandError, failedError, usageError } from '../failure.ts';

/** Which topics are meant. */
export interface TopicChoice {
  /** A name, or a regular expression of whole names, commas meaning or. */
  readonly topic?: string;
  readonly excludeInternal?: boolean;
  /** Whether none is no error. */
  readonly ifExists?: boolean;
}

/** The topics that are meant, and who is there to lead them. */
export interface MatchingTopics {
  /** By name. */
  readonly topics: readonly ResponseOf<'metadata'>['topics'][number][];
  readonly liveBrokers: ReadonlySet<number>;
}

const internalTopics: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state']);
const allTopics: RequestBody<'metadata'> = { topics: null, allowAutoTopicCreation: false };

/**
 * Asks for the topics that a person means. One of exactly that name is meant alone: a dot in it is no pattern then.
 *
 * @throws {CommandError} USAGE when it is no regular expression, FAILED when there is none, and that is an error
 */
export async function matchingTopics(admin: Admin, choice: TopicChoice): Promise<MatchingTopics> {
  const { topic, excludeInternal = false, ifExists = false } = choice;
  const pattern = patternOf(topic);
  const { brokers, topics } = await admin.call('metadata', allTopics);
  const exact = topics.filter(({ name }) => name === topic);
  const found = exact.length > 0 ? exact : topics.filter(({ name }) => pattern.test(name ?? ''));
  const kept = found.filter(({ name }) => !excludeInternal || !internalTopics.has(name ?? ''));
  if (topic !== undefined && found.length === 0 && !ifExists) throw missingError(topic);
  return {
    topics: kept.sort((left, right) => ((left.name ?? '') < (right.name ?? '') ? -1 : 1)),
    liveBrokers: new Set(brokers.map(({ nodeId }) => nodeId)),
  };
}

/** In the words of Kafka's tool. */
export function missingError(topic: string): CommandError {
  return failedError(
    `Error while executing topic command : Topic '${topic}' does not exist as expected`,
  );
}

/** As Kafka's tool reads it: whole names, commas for alternatives. */
function patternOf(topic = '.*'): RegExp {
  const alternatives = topic.trim().replaceAll(',', '|');
  try {
    return new RegExp(`^(?:${alternatives})$`, 'u');
  } catch (cause) {
    throw usageError(`--topic is "${topic}", no regular expression: ${(cause as Error).message}`);
  }
}
