import { type ControllerRules } from '../elections.ts';
import { type ControllerTerm } from './election.ts';
import { type StatePayload } from './statePayload.ts';

/** What the controller knows of one topic: only its own tasks change it. */
export interface ControlledTopic {
  readonly name: string;
  /** Null in a topic that a program older than topic ids made. */
  readonly topicId: string | null;
  /** Czxid of the topic's znode: a topic of the same name that is made later has another. */
  readonly createdZxid: number;
  readonly replicas: readonly (readonly number[])[];
  /** By partition: the leader that was last seen, -1 for none, undefined while there is no state. */
  readonly leaders: (number | undefined)[];
}

/** One partition, by name. */
export interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}

/**
 * What the controller works on, from its election to its resignation. It is no cache of ISRs: those are read before each
 * election, because in watch mode leaders change them without asking.
 */
export interface ControllerContext {
  readonly term: ControllerTerm;
  readonly rules: ControllerRules;
  readonly isWatching: boolean;
  readonly isUncleanAllowedByDefault: boolean;
  readonly isTopicDeletionAllowed: boolean;
  /** Live brokers and their epochs. */
  readonly brokers: Map<number, number>;
  readonly topics: Map<string, ControlledTopic>;
  /** Topics that are being deleted: nobody is elected for them any more. */
  readonly deleting: Set<string>;
  readonly trace: (event: string, facts: Readonly<Record<string, unknown>>) => void;
}

/** @returns all partitions of all topics, or of `topics`, that any of `brokers` (or anyone) holds a copy of */
export function partitionsOf(
  context: ControllerContext,
  wanted: { readonly topics?: Iterable<string>; readonly brokers?: ReadonlySet<number> } = {},
): PartitionName[] {
  const names: PartitionName[] = [];
  for (const topic of wanted.topics ?? context.topics.keys()) {
    const known = context.topics.get(topic);
    if (known === undefined || context.deleting.has(topic)) continue;
    for (const [partition, replicas] of known.replicas.entries()) {
      const { brokers } = wanted;
      if (brokers === undefined || replicas.some((broker) => brokers.has(broker))) {
        names.push({ topic, partition });
      }
    }
  }
  return names;
}

/** Notes and tells that a partition's state was written. */
export function traceElected(
  context: ControllerContext,
  { topic, partition }: PartitionName,
  { leader, leaderEpoch, isr }: StatePayload,
): void {
  const known = context.topics.get(topic);
  if (known !== undefined) known.leaders[partition] = leader;
  context.trace('leaderElected', { topic, partition, leader, leaderEpoch, isr });
}
