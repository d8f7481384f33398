import { type ByteReader } from '@zookafka/base';
import { fetch } from '../messages/01-fetch.ts';
import { type Decoded } from '../schema.ts';
import { zeroUuid } from '../uuidText.ts';
import {
  readCount,
  readTag,
  readText,
  readTextOrNull,
  readUuid,
  skipTag,
  skipTags,
} from './reading.ts';

type FetchRequest = Decoded<(typeof fetch)['request']>;
type FetchTopic = FetchRequest['topics'][number];
type FetchPartition = FetchTopic['partitions'][number];
type ForgottenTopic = FetchRequest['forgottenTopicsData'][number];
type RequestTags = Pick<FetchRequest, 'clusterId' | 'replicaState'>;

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

const none: readonly never[] = [];
const noTags: RequestTags = {
  clusterId: null,
  replicaState: { replicaId: -1, replicaEpoch: -1 },
};

/** Reads a Fetch request of version 4 or higher. */
export function decodeFetchRequest(reader: ByteReader, version: number): FetchRequest {
  const isCompact = version >= flexibleFrom;
  const replicaId = version < replicaStateFrom ? reader.int32() : -1;
  const maxWaitMs = reader.int32();
  const minBytes = reader.int32();
  const maxBytes = reader.int32();
  const isolationLevel = reader.int8();
  const hasSession = version >= sessionFrom;
  const sessionId = hasSession ? reader.int32() : 0;
  const sessionEpoch = hasSession ? reader.int32() : -1;
  const count = readCount(reader, isCompact, 'topics');
  const topics: FetchTopic[] = [];
  for (let index = 0; index < count; index++) topics.push(readTopic(reader, version));
  const forgottenTopicsData = hasSession ? readForgotten(reader, version) : none;
  const rackId = version >= rackFrom ? readText(reader, isCompact, 'rackId') : '';
  const { clusterId, replicaState } = isCompact ? readRequestTags(reader, version) : noTags;
  return {
    clusterId,
    replicaId,
    replicaState,
    maxWaitMs,
    minBytes,
    maxBytes,
    isolationLevel,
    sessionId,
    sessionEpoch,
    topics,
    forgottenTopicsData,
    rackId,
  };
}

function readTopic(reader: ByteReader, version: number): FetchTopic {
  const isCompact = version >= flexibleFrom;
  const hasId = version >= topicIdFrom;
  const topic = hasId ? '' : readText(reader, isCompact, 'topic');
  const topicId = hasId ? readUuid(reader) : zeroUuid;
  const count = readCount(reader, isCompact, 'partitions');
  const partitions: FetchPartition[] = [];
  for (let index = 0; index < count; index++) partitions.push(readPartition(reader, version));
  if (isCompact) skipTags(reader);
  return { topic, topicId, partitions };
}

function readPartition(reader: ByteReader, version: number): FetchPartition {
  const partition = reader.int32();
  const currentLeaderEpoch = version >= leaderEpochFrom ? reader.int32() : -1;
  const fetchOffset = reader.int64();
  const lastFetchedEpoch = version >= lastFetchedEpochFrom ? reader.int32() : -1;
  const logStartOffset = version >= logStartOffsetFrom ? reader.int64() : -1;
  const partitionMaxBytes = reader.int32();
  let replicaDirectoryId: string = zeroUuid;
  if (version >= directoryFrom) replicaDirectoryId = readDirectory(reader);
  else if (version >= flexibleFrom) skipTags(reader);
  return {
    partition,
    currentLeaderEpoch,
    fetchOffset,
    lastFetchedEpoch,
    logStartOffset,
    partitionMaxBytes,
    replicaDirectoryId,
  };
}

function readDirectory(reader: ByteReader): string {
  const count = reader.uvarint();
  let directory: string = zeroUuid;
  for (let index = 0; index < count; index++) {
    const tag = reader.uvarint();
    if (tag === 0) directory = readTag(reader, 'replicaDirectoryId', readUuid);
    else skipTag(reader, tag);
  }
  return directory;
}

function readForgotten(reader: ByteReader, version: number): readonly ForgottenTopic[] {
  const isCompact = version >= flexibleFrom;
  const hasId = version >= topicIdFrom;
  const count = readCount(reader, isCompact, 'forgottenTopicsData');
  if (count === 0) return none;
  const topics: ForgottenTopic[] = [];
  for (let index = 0; index < count; index++) {
    const topic = hasId ? '' : readText(reader, isCompact, 'topic');
    const topicId = hasId ? readUuid(reader) : zeroUuid;
    const partitionCount = readCount(reader, isCompact, 'partitions');
    const partitions: number[] = [];
    for (let at = 0; at < partitionCount; at++) partitions.push(reader.int32());
    if (isCompact) skipTags(reader);
    topics.push({ topic, topicId, partitions });
  }
  return topics;
}

function readRequestTags(reader: ByteReader, version: number): RequestTags {
  const count = reader.uvarint();
  let { clusterId, replicaState } = noTags;
  for (let index = 0; index < count; index++) {
    const tag = reader.uvarint();
    if (tag === 0) clusterId = readTag(reader, 'clusterId', readClusterId);
    else if (tag === 1 && version >= replicaStateFrom) {
      replicaState = readTag(reader, 'replicaState', readReplicaState);
    } else skipTag(reader, tag);
  }
  return { clusterId, replicaState };
}

function readClusterId(reader: ByteReader): string | null {
  return readTextOrNull(reader, true, 'clusterId');
}

function readReplicaState(reader: ByteReader): RequestTags['replicaState'] {
  const replicaId = reader.int32();
  const replicaEpoch = reader.int64();
  skipTags(reader);
  return { replicaId, replicaEpoch };
}
