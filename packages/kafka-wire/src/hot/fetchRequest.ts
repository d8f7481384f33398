import { type ByteReader } from '@zookafka/base';
import { type fetch } from '../messages/01-fetch.ts';
import { type Decoded } from '../schema.ts';
import { zeroUuid } from '../uuidText.ts';
import { readTopics, since } from './fetchTopics.ts';
import { readTag, readText, readTextOrNull, readUuid, skipTag, skipTags } from './reading.ts';

type FetchRequest = Decoded<(typeof fetch)['request']>;
type FetchPartition = FetchRequest['topics'][number]['partitions'][number];
type RequestTags = Pick<FetchRequest, 'clusterId' | 'replicaState'>;

const none: readonly never[] = [];
const noTags: RequestTags = {
  clusterId: null,
  replicaState: { replicaId: -1, replicaEpoch: -1 },
};

/** Reads a Fetch request of version 4 or higher. */
export function decodeFetchRequest(reader: ByteReader, version: number): FetchRequest {
  const isCompact = version >= since.compact;
  const replicaId = version < since.replicaState ? reader.int32() : -1;
  const maxWaitMs = reader.int32();
  const minBytes = reader.int32();
  const maxBytes = reader.int32();
  const isolationLevel = reader.int8();
  const hasSession = version >= since.session;
  const sessionId = hasSession ? reader.int32() : 0;
  const sessionEpoch = hasSession ? reader.int32() : -1;
  const topics = readTopics(reader, version, 'topics', readPartition);
  const forgottenTopicsData = hasSession
    ? readTopics(reader, version, 'forgottenTopicsData', readForgotten)
    : none;
  const rackId = version >= since.rack ? readText(reader, isCompact, 'rackId') : '';
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

function readPartition(reader: ByteReader, version: number): FetchPartition {
  const partition = reader.int32();
  const currentLeaderEpoch = version >= since.leaderEpoch ? reader.int32() : -1;
  const fetchOffset = reader.int64();
  const lastFetchedEpoch = version >= since.lastFetchedEpoch ? reader.int32() : -1;
  const logStartOffset = version >= since.logStartOffset ? reader.int64() : -1;
  const partitionMaxBytes = reader.int32();
  let replicaDirectoryId: string = zeroUuid;
  if (version >= since.directory) replicaDirectoryId = readDirectory(reader);
  else if (version >= since.compact) skipTags(reader);
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

function readForgotten(reader: ByteReader): number {
  return reader.int32();
}

function readRequestTags(reader: ByteReader, version: number): RequestTags {
  const count = reader.uvarint();
  let { clusterId, replicaState } = noTags;
  for (let index = 0; index < count; index++) {
    const tag = reader.uvarint();
    if (tag === 0) clusterId = readTag(reader, 'clusterId', readClusterId);
    else if (tag === 1 && version >= since.replicaState) {
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
