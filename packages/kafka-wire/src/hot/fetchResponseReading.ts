import { type ByteReader } from '@zookafka/base';
import { type fetch } from '../messages/01-fetch.ts';
import { type Decoded } from '../schema.ts';
import { readTopics, since } from './fetchTopics.ts';
import {
  readBytesOrNull,
  readCount,
  readLengthOrNull,
  readTag,
  readText,
  readTextOrNull,
  skipTag,
  skipTags,
} from './reading.ts';

type FetchResponse = Decoded<(typeof fetch)['response']>;
type FetchedPartition = FetchResponse['responses'][number]['partitions'][number];
type AbortedTransactions = FetchedPartition['abortedTransactions'];
type NodeEndpoints = FetchResponse['nodeEndpoints'];
type PartitionTags = Pick<FetchedPartition, 'divergingEpoch' | 'currentLeader' | 'snapshotId'>;

const none: readonly never[] = [];
const noTags: PartitionTags = {
  divergingEpoch: { epoch: -1, endOffset: -1 },
  currentLeader: { leaderId: -1, leaderEpoch: -1 },
  snapshotId: { endOffset: -1, epoch: -1 },
};

/** Reads a Fetch response of version 4 or higher: records are views of the frame. */
export function decodeFetchResponse(reader: ByteReader, version: number): FetchResponse {
  const isCompact = version >= since.compact;
  const throttleTimeMs = reader.int32();
  const hasSession = version >= since.session;
  const errorCode = hasSession ? reader.int16() : 0;
  const sessionId = hasSession ? reader.int32() : 0;
  const responses = readTopics(reader, version, 'responses', readPartition);
  let nodeEndpoints: NodeEndpoints = none;
  if (version >= since.endpoints) nodeEndpoints = readResponseTags(reader);
  else if (isCompact) skipTags(reader);
  return { throttleTimeMs, errorCode, sessionId, responses, nodeEndpoints };
}

function readPartition(reader: ByteReader, version: number): FetchedPartition {
  const isCompact = version >= since.compact;
  const partitionIndex = reader.int32();
  const errorCode = reader.int16();
  const highWatermark = reader.int64();
  const lastStableOffset = reader.int64();
  const logStartOffset = version >= since.logStartOffset ? reader.int64() : -1;
  const abortedTransactions = readAborted(reader, isCompact);
  const preferredReadReplica = version >= since.preferredReplica ? reader.int32() : -1;
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
