import { type ByteWriter } from '@zookafka/base';
import { type fetch } from '../messages/01-fetch.ts';
import { type Decoded, type Encodable } from '../schema.ts';
import { uuidBytes, zeroUuid } from '../uuidText.ts';
import { since, writeTopics } from './fetchTopics.ts';
import { writeTag, writeText } from './writing.ts';

type FetchBody = Encodable<Decoded<(typeof fetch)['request']>>;
type TopicBody = NonNullable<FetchBody['topics']>[number];
type PartitionBody = NonNullable<TopicBody['partitions']>[number];

const maxBytesDefault = 0x7fff_ffff;
const replicaStateBytes = 13;
const none: readonly never[] = [];

/** Writes a Fetch request of version 4 or higher: what followers send all the time. */
export function encodeFetchRequest(body: FetchBody, version: number, writer: ByteWriter): void {
  const isCompact = version >= since.compact;
  const { topics = none } = body;
  if (version < since.replicaState) writer.int32(body.replicaId ?? -1);
  writeBounds(body, writer);
  if (version >= since.session) {
    writer.int32(body.sessionId ?? 0);
    writer.int32(body.sessionEpoch ?? -1);
  }
  writeTopics(topics, version, writer, writePartition);
  if (version >= since.session) {
    writeTopics(body.forgottenTopicsData ?? none, version, writer, writeForgotten);
  }
  if (version >= since.rack) writeText(writer, body.rackId ?? '', isCompact);
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

function writePartition(partition: PartitionBody, version: number, writer: ByteWriter): void {
  writer.int32(partition.partition ?? 0);
  if (version >= since.leaderEpoch) writer.int32(partition.currentLeaderEpoch ?? -1);
  writer.int64(partition.fetchOffset ?? 0);
  if (version >= since.lastFetchedEpoch) writer.int32(partition.lastFetchedEpoch ?? -1);
  if (version >= since.logStartOffset) writer.int64(partition.logStartOffset ?? -1);
  writer.int32(partition.partitionMaxBytes ?? 0);
  if (version < since.compact) return;
  const { replicaDirectoryId = zeroUuid } = partition;
  const hasDirectory = version >= since.directory && replicaDirectoryId !== zeroUuid;
  writer.uvarint(hasDirectory ? 1 : 0);
  if (!hasDirectory) return;
  writeTag(writer, 0, (content) => {
    content.raw(uuidBytes(replicaDirectoryId));
  });
}

function writeForgotten(partition: number, _version: number, writer: ByteWriter): void {
  writer.int32(partition);
}

function writeRequestTags(body: FetchBody, version: number, writer: ByteWriter): void {
  const { clusterId = null, replicaState } = body;
  const { replicaId = -1, replicaEpoch = -1 } = replicaState ?? {};
  const hasState = version >= since.replicaState && (replicaId !== -1 || replicaEpoch !== -1);
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
