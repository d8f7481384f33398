import { type RequestOf } from '@zookafka/kafka-wire';
import { type PendingRequest } from '../connections.ts';
import { type JoinParts } from './joinParts.ts';
import { type CommittedOffset, OffsetTable } from './offsetTable.ts';

/** The first version that asks for several groups. */
const groupsFrom = 8;
/** The first version that can say that the whole request failed. */
const topErrorFrom = 2;

type Body = RequestOf<'offsetFetch'>;
type TopicsAsked = Body['topics'];

interface Found {
  readonly errorCode: number;
  readonly topics: readonly object[];
}

/** OffsetFetch: a group that nobody knows has committed nothing. Source: Apache Kafka 3.9, `KafkaApis`. */
export class OffsetReads {
  private readonly parts: JoinParts;

  constructor(parts: JoinParts) {
    this.parts = parts;
  }

  handle(request: PendingRequest): void {
    const { apiVersion } = request.input;
    const body = request.input.body as Body;
    const { port } = this.parts.context;
    if (apiVersion >= groupsFrom) {
      const groups = body.groups.map(({ groupId, topics }) => ({
        groupId,
        ...this.find(groupId, topics),
      }));
      port.answer(request, { throttleTimeMs: 0, groups });
      return;
    }
    const found = this.find(body.groupId, body.topics);
    const isPerPartition = found.errorCode !== 0 && apiVersion < topErrorFrom;
    const topics = isPerPartition ? refusedTopics(body.topics, found.errorCode) : found.topics;
    port.answer(request, { throttleTimeMs: 0, errorCode: found.errorCode, topics });
  }

  private find(groupId: string, asked: TopicsAsked): Found {
    const located = this.parts.partitions.locate(groupId, true);
    if (located.kind === 'refused') return { errorCode: located.errorCode, topics: [] };
    const group = located.led.groups.get(groupId);
    const offsets =
      group === undefined || group.state === 'Dead' ? new OffsetTable() : group.offsets;
    const topics = asked === null ? all(offsets) : some(offsets, asked);
    return { errorCode: 0, topics };
  }
}

function all(offsets: OffsetTable): readonly object[] {
  return [...offsets.byTopic()].map(([name, partitions]) => ({
    name,
    partitions: [...partitions].map(([index, committed]) => answerTo(index, committed)),
  }));
}

function some(offsets: OffsetTable, asked: NonNullable<TopicsAsked>): readonly object[] {
  return asked.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((index) => answerTo(index, offsets.get(name, index))),
  }));
}

function answerTo(partitionIndex: number, committed: CommittedOffset | undefined): object {
  return {
    partitionIndex,
    committedOffset: committed?.offset ?? -1,
    committedLeaderEpoch: committed?.leaderEpoch ?? -1,
    metadata: committed?.metadata ?? '',
    errorCode: 0,
  };
}

function refusedTopics(asked: TopicsAsked, errorCode: number): readonly object[] {
  return (asked ?? []).map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((index) => ({ ...answerTo(index, undefined), errorCode })),
  }));
}
