import { type ByteWriter } from '@zookafka/base';
import { fetch } from '../messages/01-fetch.ts';
import { type Decoded, type Encodable } from '../schema.ts';
import { uuidBytes, zeroUuid } from '../uuidText.ts';
import { writeLength, writeTag, writeText } from './writing.ts';

type FetchBody = Encodable<Decoded<(typeof fetch)['request']>>;
type TopicBody = NonNullable<FetchBody['topics']>[number];
type PartitionBody = NonNullable<TopicBody['partitions']>[number];
type ForgottenBody = NonNullable<FetchBody['forgottenTopicsData']>[number];

const { flexibleFrom } = fetch;
/** The first versions that have these. */
const logStartOffsetFrom = 5;
const sessionFrom = 7;
const leaderEpochFrom = 9;
const rackFrom = 11;
const lastFetchedEpochFrom = 12;
const topicIdFrom = 13;
const replicaStateFrom = 15;
const directoryFrom = 17;
const maxBytesDefault = 0x7fff_ffff;
const replicaStateBytes = 13;
const none: readonly never[] = [];

/** Writes a Fetch request of version 4 or higher: what followers send all the time. */
export function encodeFetchRequest(body: FetchBody, version: number, writer: ByteWriter): void {
  const isCompact = version >= flexibleFrom;
  const { topics = none } = body;
  if (version < replicaStateFrom) writer.int32(body.replicaId ?? -1);
  writeBounds(body, writer);
  if (version >= sessionFrom) {
    writer.int32(body.sessionId ?? 0);
    writer.int32(body.sessionEpoch ?? -1);
  }
  writeLength(writer, topics.length, isCompact);
  for (const topic of topics) writeTopic(topic, version, writer);
  if (version >= sessionFrom) writeForgotten(body.forgottenTopicsData ?? none, version, writer);
  if (version >= rackFrom) writeText(writer, body.rackId ?? '', isCompact);
  if (isCompact) writeRequestTags(body, version, writer);
}

function writeBounds(
  { maxWaitMs = 0, minBytes = 0, maxBytes = maxBytesDefault, isolationLevel = 0 }: FetchBody,
  writer: ByteWriter,
): void {
  writer.int32(maxWaitMs);
  writer.int32(minBytes);
  writer.int32(maxBytes);
  writer.int8(isolationLevel);
}

function writeTopicName(
  { topic = '', topicId = zeroUuid }: Pick<TopicBody, 'topic' | 'topicId'>,
  version: number,
  writer: ByteWriter,
): void {
  if (version < topicIdFrom) writeText(writer, topic, version >= flexibleFrom);
  else writer.raw(uuidBytes(topicId));
}

function writeTopic(topic: TopicBody, version: number, writer: ByteWriter): void {
  const isCompact = version >= flexibleFrom;
  const { partitions = none } = topic;
  writeTopicName(topic, version, writer);
  writeLength(writer, partitions.length, isCompact);
  for (const partition of partitions) writePartition(partition, version, writer);
  if (isCompact) writer.uvarint(0);
}

function writePartition(partition: PartitionBody, version: number, writer: ByteWriter): void {
  writer.int32(partition.partition ?? 0);
  if (version >= leaderEpochFrom) writer.int32(partition.currentLeaderEpoch ?? -1);
  writer.int64(partition.fetchOffset ?? 0);
  if (version >= lastFetchedEpochFrom) writer.int32(partition.lastFetchedEpoch ?? -1);
  if (version >= logStartOffsetFrom) writer.int64(partition.logStartOffset ?? -1);
  writer.int32(partition.partitionMaxBytes ?? 0);
  if (version < flexibleFrom) return;
  const { replicaDirectoryId = zeroUuid } = partition;
  const hasDirectory = version >= directoryFrom && replicaDirectoryId !== zeroUuid;
  writer.uvarint(hasDirectory ? 1 : 0);
  if (!hasDirectory) return;
  writeTag(writer, 0, (content) => {
    content.raw(uuidBytes(replicaDirectoryId));
  });
}

function writeForgotten(
  topics: readonly ForgottenBody[],
  version: number,
  writer: ByteWriter,
): void {
  const isCompact = version >= flexibleFrom;
  writeLength(writer, topics.length, isCompact);
  for (const topic of topics) {
    const { partitions = none } = topic;
    writeTopicName(topic, version, writer);
    writeLength(writer, partitions.length, isCompact);
    for (const partition of partitions) writer.int32(partition);
    if (isCompact) writer.uvarint(0);
  }
}

function writeRequestTags(body: FetchBody, version: number, writer: ByteWriter): void {
  const { clusterId = null, replicaState } = body;
  const { replicaId = -1, replicaEpoch = -1 } = replicaState ?? {};
  const hasState = version >= replicaStateFrom && (replicaId !== -1 || replicaEpoch !== -1);
  writer.uvarint((clusterId === null ? 0 : 1) + (hasState ? 1 : 0));
  if (clusterId !== null) {
    writeTag(writer, 0, (content) => {
      writeText(content, clusterId, true);
    });
  }
  if (!hasState) return;
  writer.uvarint(1);
  writer.uvarint(replicaStateBytes);
  writer.int32(replicaId);
  writer.int64(replicaEpoch);
  writer.uvarint(0);
}
