import { type ByteReader } from '@zookafka/base';
import { fetch } from '../messages/01-fetch.ts';
import { type Decoded } from '../schema.ts';
import { zeroUuid } from '../uuidText.ts';
import {
  readBytesOrNull,
  readCount,
  readLengthOrNull,
  readTag,
  readText,
  readTextOrNull,
  readUuid,
  skipTag,
  skipTags,
} from './reading.ts';

type FetchResponse = Decoded<(typeof fetch)['response']>;
type FetchedTopic = FetchResponse['responses'][number];
type FetchedPartition = FetchedTopic['partitions'][number];
type AbortedTransactions = FetchedPartition['abortedTransactions'];
type NodeEndpoints = FetchResponse['nodeEndpoints'];
type PartitionTags = Pick<FetchedPartition, 'divergingEpoch' | 'currentLeader' | 'snapshotId'>;

const { flexibleFrom } = fetch;
const logStartOffsetFrom = 5;
const sessionFrom = 7;
const preferredFrom = 11;
const topicIdFrom = 13;
const endpointsFrom = 16;
const none: readonly never[] = [];
const noTags: PartitionTags = {
  divergingEpoch: { epoch: -1, endOffset: -1 },
  currentLeader: { leaderId: -1, leaderEpoch: -1 },
  snapshotId: { endOffset: -1, epoch: -1 },
};

/** Reads a Fetch response of version 4 or higher: records are views of the frame. */
export function decodeFetchResponse(reader: ByteReader, version: number): FetchResponse {
  const isCompact = version >= flexibleFrom;
  const throttleTimeMs = reader.int32();
  const hasSession = version >= sessionFrom;
  const errorCode = hasSession ? reader.int16() : 0;
  const sessionId = hasSession ? reader.int32() : 0;
  const count = readCount(reader, isCompact, 'responses');
  const responses: FetchedTopic[] = [];
  for (let index = 0; index < count; index++) responses.push(readTopic(reader, version));
  let nodeEndpoints: NodeEndpoints = none;
  if (version >= endpointsFrom) nodeEndpoints = readResponseTags(reader);
  else if (isCompact) skipTags(reader);
  return { throttleTimeMs, errorCode, sessionId, responses, nodeEndpoints };
}

function readTopic(reader: ByteReader, version: number): FetchedTopic {
  const isCompact = version >= flexibleFrom;
  const hasId = version >= topicIdFrom;
  const topic = hasId ? '' : readText(reader, isCompact, 'topic');
  const topicId = hasId ? readUuid(reader) : zeroUuid;
  const count = readCount(reader, isCompact, 'partitions');
  const partitions: FetchedPartition[] = [];
  for (let index = 0; index < count; index++) partitions.push(readPartition(reader, version));
  if (isCompact) skipTags(reader);
  return { topic, topicId, partitions };
}

function readPartition(reader: ByteReader, version: number): FetchedPartition {
  const isCompact = version >= flexibleFrom;
  const partitionIndex = reader.int32();
  const errorCode = reader.int16();
  const highWatermark = reader.int64();
  const lastStableOffset = reader.int64();
  const logStartOffset = version >= logStartOffsetFrom ? reader.int64() : -1;
  const abortedTransactions = readAborted(reader, isCompact);
  const preferredReadReplica = version >= preferredFrom ? reader.int32() : -1;
  const records = readBytesOrNull(reader, isCompact, 'records');
  const { divergingEpoch, currentLeader, snapshotId } = isCompact
    ? readPartitionTags(reader)
    : noTags;
  return {
    partitionIndex,
    errorCode,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    divergingEpoch,
    currentLeader,
    snapshotId,
    abortedTransactions,
    preferredReadReplica,
    records,
  };
}

function readAborted(reader: ByteReader, isCompact: boolean): AbortedTransactions {
  const count = readLengthOrNull(reader, isCompact, 'abortedTransactions');
  if (count === -1) return null;
  if (count === 0) return none;
  const aborted: NonNullable<AbortedTransactions>[number][] = [];
  for (let index = 0; index < count; index++) {
    const producerId = reader.int64();
    const firstOffset = reader.int64();
    if (isCompact) skipTags(reader);
    aborted.push({ producerId, firstOffset });
  }
  return aborted;
}

function readPartitionTags(reader: ByteReader): PartitionTags {
  const count = reader.uvarint();
  if (count === 0) return noTags;
  let { divergingEpoch, currentLeader, snapshotId } = noTags;
  for (let index = 0; index < count; index++) {
    const tag = reader.uvarint();
    if (tag === 0) divergingEpoch = readTag(reader, 'divergingEpoch', readDiverging);
    else if (tag === 1) currentLeader = readTag(reader, 'currentLeader', readLeader);
    else if (tag === 2) snapshotId = readTag(reader, 'snapshotId', readSnapshot);
    else skipTag(reader, tag);
  }
  return { divergingEpoch, currentLeader, snapshotId };
}

function readDiverging(reader: ByteReader): PartitionTags['divergingEpoch'] {
  const epoch = reader.int32();
  const endOffset = reader.int64();
  skipTags(reader);
  return { epoch, endOffset };
}

function readLeader(reader: ByteReader): PartitionTags['currentLeader'] {
  const leaderId = reader.int32();
  const leaderEpoch = reader.int32();
  skipTags(reader);
  return { leaderId, leaderEpoch };
}

function readSnapshot(reader: ByteReader): PartitionTags['snapshotId'] {
  const endOffset = reader.int64();
  const epoch = reader.int32();
  skipTags(reader);
  return { endOffset, epoch };
}

function readResponseTags(reader: ByteReader): NodeEndpoints {
  const count = reader.uvarint();
  let endpoints: NodeEndpoints = none;
  for (let index = 0; index < count; index++) {
    const tag = reader.uvarint();
    if (tag === 0) endpoints = readTag(reader, 'nodeEndpoints', readEndpoints);
    else skipTag(reader, tag);
  }
  return endpoints;
}

function readEndpoints(reader: ByteReader): NodeEndpoints {
  const count = readCount(reader, true, 'nodeEndpoints');
  const endpoints: NodeEndpoints[number][] = [];
  for (let index = 0; index < count; index++) {
    const nodeId = reader.int32();
    const host = readText(reader, true, 'host');
    const port = reader.int32();
    const rack = readTextOrNull(reader, true, 'rack');
    skipTags(reader);
    endpoints.push({ nodeId, host, port, rack });
  }
  return endpoints;
}
