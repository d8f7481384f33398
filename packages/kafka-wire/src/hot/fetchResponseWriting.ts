import { type ByteWriter } from '@zookafka/base';
import { type GatherWriter } from '../gatherWriter.ts';
import { type fetch } from '../messages/01-fetch.ts';
import { type Decoded, type Encodable } from '../schema.ts';
import { since, writeTopics } from './fetchTopics.ts';
import {
  isLeaderTold,
  writeEndpoints,
  writeLeaderTag,
  writeLength,
  writeRecords,
  writeTag,
} from './writing.ts';

type FetchBody = Encodable<Decoded<(typeof fetch)['response']>>;
type TopicBody = NonNullable<FetchBody['responses']>[number];
type PartitionBody = NonNullable<TopicBody['partitions']>[number];
type Aborted = NonNullable<PartitionBody['abortedTransactions']>;

const none: readonly never[] = [];

/** Writes a Fetch response of version 4 or higher: records are referred to, not copied. */
export function encodeFetchResponse(body: FetchBody, version: number, writer: GatherWriter): void {
  const isCompact = version >= since.compact;
  const { throttleTimeMs = 0, responses = none, nodeEndpoints = none } = body;
  writer.int32(throttleTimeMs);
  if (version >= since.session) {
    writer.int16(body.errorCode ?? 0);
    writer.int32(body.sessionId ?? 0);
  }
  writeTopics(responses, version, writer, writePartition);
  if (version >= since.endpoints) writeEndpoints(writer, nodeEndpoints);
  else if (isCompact) writer.uvarint(0);
}

function writePartition(partition: PartitionBody, version: number, writer: GatherWriter): void {
  const isCompact = version >= since.compact;
  writer.int32(partition.partitionIndex ?? 0);
  writer.int16(partition.errorCode ?? 0);
  writer.int64(partition.highWatermark ?? 0);
  writer.int64(partition.lastStableOffset ?? -1);
  if (version >= since.logStartOffset) writer.int64(partition.logStartOffset ?? -1);
  const { abortedTransactions = none, records } = partition;
  if (abortedTransactions === null) writeLength(writer, -1, isCompact);
  else writeAborted(abortedTransactions, isCompact, writer);
  if (version >= since.preferredReplica) writer.int32(partition.preferredReadReplica ?? -1);
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
