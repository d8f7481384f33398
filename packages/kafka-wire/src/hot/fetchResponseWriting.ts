import { type ByteWriter } from '@zookafka/base';
import { type GatherWriter } from '../gatherWriter.ts';
import { fetch } from '../messages/01-fetch.ts';
import { type Decoded, type Encodable } from '../schema.ts';
import { uuidBytes } from '../uuidText.ts';
import {
  isLeaderTold,
  writeEndpoints,
  writeLeaderTag,
  writeLength,
  writeRecords,
  writeTag,
  writeText,
} from './writing.ts';

type FetchBody = Encodable<Decoded<(typeof fetch)['response']>>;
type TopicBody = NonNullable<FetchBody['responses']>[number];
type PartitionBody = NonNullable<TopicBody['partitions']>[number];
type Aborted = NonNullable<PartitionBody['abortedTransactions']>;

const { flexibleFrom } = fetch;
const logStartOffsetFrom = 5;
const sessionFrom = 7;
const preferredFrom = 11;
const topicIdFrom = 13;
const endpointsFrom = 16;
const none: readonly never[] = [];
const noUuid = new Uint8Array(16);

/** Writes a Fetch response of version 4 or higher: records are referred to, not copied. */
export function encodeFetchResponse(body: FetchBody, version: number, writer: GatherWriter): void {
  const isCompact = version >= flexibleFrom;
  const { throttleTimeMs = 0, responses = none, nodeEndpoints = none } = body;
  writer.int32(throttleTimeMs);
  if (version >= sessionFrom) {
    writer.int16(body.errorCode ?? 0);
    writer.int32(body.sessionId ?? 0);
  }
  writeLength(writer, responses.length, isCompact);
  for (const { topic = '', topicId, partitions = none } of responses) {
    if (version < topicIdFrom) writeText(writer, topic, isCompact);
    else writer.raw(topicId === undefined ? noUuid : uuidBytes(topicId));
    writeLength(writer, partitions.length, isCompact);
    for (const partition of partitions) writePartition(partition, version, writer);
    if (isCompact) writer.uvarint(0);
  }
  if (version >= endpointsFrom) writeEndpoints(writer, nodeEndpoints);
  else if (isCompact) writer.uvarint(0);
}

function writePartition(partition: PartitionBody, version: number, writer: GatherWriter): void {
  const isCompact = version >= flexibleFrom;
  writer.int32(partition.partitionIndex ?? 0);
  writer.int16(partition.errorCode ?? 0);
  writer.int64(partition.highWatermark ?? 0);
  writer.int64(partition.lastStableOffset ?? -1);
  if (version >= logStartOffsetFrom) writer.int64(partition.logStartOffset ?? -1);
  const { abortedTransactions = none, records } = partition;
  if (abortedTransactions === null) writeLength(writer, -1, isCompact);
  else writeAborted(abortedTransactions, isCompact, writer);
  if (version >= preferredFrom) writer.int32(partition.preferredReadReplica ?? -1);
  if (records === undefined) writeLength(writer, 0, isCompact);
  else writeRecords(writer, records, isCompact);
  if (isCompact) writePartitionTags(partition, writer);
}

function writeAborted(aborted: Aborted, isCompact: boolean, writer: ByteWriter): void {
  writeLength(writer, aborted.length, isCompact);
  for (const { producerId = 0, firstOffset = 0 } of aborted) {
    writer.int64(producerId);
    writer.int64(firstOffset);
    if (isCompact) writer.uvarint(0);
  }
}

function writePartitionTags(partition: PartitionBody, writer: ByteWriter): void {
  const { divergingEpoch, currentLeader, snapshotId } = partition;
  const isDiverging = isEndTold(divergingEpoch);
  const isLed = isLeaderTold(currentLeader);
  const hasSnapshot = isEndTold(snapshotId);
  writer.uvarint((isDiverging ? 1 : 0) + (isLed ? 1 : 0) + (hasSnapshot ? 1 : 0));
  if (isDiverging) {
    writeTag(writer, 0, (content) => {
      content.int32(divergingEpoch.epoch ?? -1);
      content.int64(divergingEpoch.endOffset ?? -1);
      content.uvarint(0);
    });
  }
  if (isLed) writeLeaderTag(writer, 1, currentLeader);
  if (hasSnapshot) {
    writeTag(writer, 2, (content) => {
      content.int64(snapshotId.endOffset ?? -1);
      content.int32(snapshotId.epoch ?? -1);
      content.uvarint(0);
    });
  }
}

interface EpochEnd {
  readonly epoch?: number;
  readonly endOffset?: number;
}

function isEndTold(end: EpochEnd | undefined): end is EpochEnd {
  return end !== undefined && ((end.epoch ?? -1) !== -1 || (end.endOffset ?? -1) !== -1);
}
