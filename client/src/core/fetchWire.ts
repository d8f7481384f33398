import { type RequestBody, type ResponseOf, zeroUuid } from '@zookafka/kafka-wire';
import { type TopicView } from './cluster.ts';
import { byTopic } from './byPartition.ts';

/** Where the reading of one partition stands. */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  /** Undefined until the reset policy gave one. */
  offsetNext: number | undefined;
  /** Of the leader that appended the record before `offsetNext`; -1: not known. */
  epochRead: number;
  /** The newest leader epoch whose leader's log is known to hold what was read; -1: none. */
  epochChecked: number;
  /** The leader epoch under which the last question was asked. */
  epochAsked: number;
  /** Asked for and not answered yet. */
  isFetching: boolean;
  notBeforeMs: number;
}

/** What a leader says of one partition. */
export type FetchAnswer = ResponseOf<'fetch'>['responses'][number]['partitions'][number];

/** Where an epoch ends in a leader's log. */
export type EpochEnd = ResponseOf<'offsetForLeaderEpoch'>['topics'][number]['partitions'][number];

/** A fetch, and how to read its answer. */
export interface WrittenFetch {
  readonly body: RequestBody<'fetch'>;
  /** The topics by the ids that stand in the request; undefined when one has none, and names must do. */
  readonly namesById: ReadonlyMap<string, string> | undefined;
}

/** One fetch of all these positions, each of which has an offset. */
export function fetchBody(
  positions: readonly Position[],
  topics: ReadonlyMap<string, TopicView>,
  options: {
    readonly fetchWaitMsMax: number;
    readonly fetchBytesMax: number;
    readonly partitionBytesMax: number;
  },
): WrittenFetch {
  const namesById = new Map<string, string>();
  const grouped = byTopic(positions, ({ partition, offsetNext = 0, epochAsked }) => ({
    partition,
    currentLeaderEpoch: epochAsked,
    fetchOffset: offsetNext,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: options.partitionBytesMax,
  })).map(({ name: topic, partitions }) => {
    const topicId = topics.get(topic)?.topicId ?? zeroUuid;
    namesById.set(topicId, topic);
    return { topic, topicId, partitions };
  });
  const body = {
    replicaId: -1,
    maxWaitMs: options.fetchWaitMsMax,
    minBytes: 1,
    maxBytes: options.fetchBytesMax,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: grouped,
    forgottenTopicsData: [],
    rackId: '',
  };
  return { body, namesById: namesById.has(zeroUuid) ? undefined : namesById };
}

/** Asks for the offset at a timestamp, or at one of the stand-ins for beginning and end. */
export function listOffsetsBody(
  positions: readonly Position[],
  timestamp: number,
): RequestBody<'listOffsets'> {
  const topics = byTopic(positions, ({ partition, epochAsked }) => ({
    partitionIndex: partition,
    currentLeaderEpoch: epochAsked,
    timestamp,
  }));
  return { replicaId: -1, isolationLevel: 0, topics };
}

/** Asks a leader where the epochs of what was read last end in its log. */
export function epochEndsBody(positions: readonly Position[]): RequestBody<'offsetForLeaderEpoch'> {
  const topics = byTopic(positions, ({ partition, epochAsked, epochRead }) => ({
    partition,
    currentLeaderEpoch: epochAsked,
    leaderEpoch: epochRead,
  })).map(({ name: topic, partitions }) => ({ topic, partitions }));
  return { replicaId: -1, topics };
}
