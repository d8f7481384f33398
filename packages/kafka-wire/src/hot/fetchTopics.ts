import { type ByteReader, type ByteWriter } from '@zookafka/base';
import { fetch } from '../messages/01-fetch.ts';
import { uuidBytes, zeroUuid } from '../uuidText.ts';
import { readCount, readText, readUuid, skipTags } from './reading.ts';
import { writeLength, writeText } from './writing.ts';

/** The first versions of Fetch that have these: the straight-line code of requests and responses agrees about them. */
export const since = {
  compact: fetch.flexibleFrom,
  logStartOffset: 5,
  session: 7,
  leaderEpoch: 9,
  rack: 11,
  preferredReplica: 11,
  lastFetchedEpoch: 12,
  topicId: 13,
  replicaState: 15,
  endpoints: 16,
  directory: 17,
} as const;

/** A topic of a request, a response, or among those that a session forgets: named up to version 12, then by its id. */
export interface TopicOf<Partition> {
  readonly topic: string;
  readonly topicId: string;
  readonly partitions: readonly Partition[];
}

/** A topic to be written: what is left out has its default. */
export type TopicBodyOf<Partition> = Partial<TopicOf<Partition>>;

const none: readonly never[] = [];

/** Reads an array of topics. @param field its name, for what is said of one that is no array */
export function readTopics<Partition>(
  reader: ByteReader,
  version: number,
  field: string,
  readPartition: (reader: ByteReader, version: number) => Partition,
): readonly TopicOf<Partition>[] {
  const isCompact = version >= since.compact;
  const hasId = version >= since.topicId;
  const count = readCount(reader, isCompact, field);
  if (count === 0) return none;
  const topics: TopicOf<Partition>[] = [];
  for (let index = 0; index < count; index++) {
    const topic = hasId ? '' : readText(reader, isCompact, 'topic');
    const topicId = hasId ? readUuid(reader) : zeroUuid;
    const partitionCount = readCount(reader, isCompact, 'partitions');
    const partitions: Partition[] = [];
    for (let at = 0; at < partitionCount; at++) partitions.push(readPartition(reader, version));
    if (isCompact) skipTags(reader);
    topics.push({ topic, topicId, partitions });
  }
  return topics;
}

/** Writes an array of topics. */
export function writeTopics<Partition, Writer extends ByteWriter>(
  topics: readonly TopicBodyOf<Partition>[],
  version: number,
  writer: Writer,
  writePartition: (partition: Partition, version: number, writer: Writer) => void,
): void {
  const isCompact = version >= since.compact;
  writeLength(writer, topics.length, isCompact);
  for (const { topic = '', topicId = zeroUuid, partitions = none } of topics) {
    if (version < since.topicId) writeText(writer, topic, isCompact);
    else writer.raw(uuidBytes(topicId));
    writeLength(writer, partitions.length, isCompact);
    for (const partition of partitions) writePartition(partition, version, writer);
    if (isCompact) writer.uvarint(0);
  }
}
