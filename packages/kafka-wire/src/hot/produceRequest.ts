import { type ByteReader } from '@zookafka/base';
import { type GatherWriter } from '../gatherWriter.ts';
import { produce } from '../messages/00-produce.ts';
import { type Decoded, type Encodable } from '../schema.ts';
import { readBytesOrNull, readCount, readText, readTextOrNull, skipTags } from './reading.ts';
import { writeLength, writeRecords, writeText, writeTextOrNull } from './writing.ts';

type ProduceRequest = Decoded<(typeof produce)['request']>;
type TopicData = ProduceRequest['topicData'][number];
type PartitionData = TopicData['partitionData'][number];
type ProduceBody = Encodable<ProduceRequest>;
type PartitionBody = Encodable<PartitionData>;

const { flexibleFrom } = produce;
const noTopics: readonly never[] = [];

/** Reads a Produce request of version 3 or higher: all its versions have the same fields. */
export function decodeProduceRequest(reader: ByteReader, version: number): ProduceRequest {
  const isCompact = version >= flexibleFrom;
  const transactionalId = readTextOrNull(reader, isCompact, 'transactionalId');
  const acks = reader.int16();
  const timeoutMs = reader.int32();
  const count = readCount(reader, isCompact, 'topicData');
  const topicData: TopicData[] = [];
  for (let index = 0; index < count; index++) topicData.push(readTopic(reader, isCompact));
  if (isCompact) skipTags(reader);
  return { transactionalId, acks, timeoutMs, topicData };
}

/** Writes a Produce request of version 3 or higher. */
export function encodeProduceRequest(
  body: ProduceBody,
  version: number,
  writer: GatherWriter,
): void {
  const isCompact = version >= flexibleFrom;
  const { transactionalId = null, acks = 0, timeoutMs = 0, topicData = noTopics } = body;
  writeTextOrNull(writer, transactionalId, isCompact);
  writer.int16(acks);
  writer.int32(timeoutMs);
  writeLength(writer, topicData.length, isCompact);
  for (const { name = '', partitionData = noTopics } of topicData) {
    writeText(writer, name, isCompact);
    writeLength(writer, partitionData.length, isCompact);
    for (const partition of partitionData) writePartition(partition, isCompact, writer);
    if (isCompact) writer.uvarint(0);
  }
  if (isCompact) writer.uvarint(0);
}

function readTopic(reader: ByteReader, isCompact: boolean): TopicData {
  const name = readText(reader, isCompact, 'name');
  const count = readCount(reader, isCompact, 'partitionData');
  const partitionData: PartitionData[] = [];
  for (let index = 0; index < count; index++) {
    const partition = reader.int32();
    const records = readBytesOrNull(reader, isCompact, 'records');
    if (isCompact) skipTags(reader);
    partitionData.push({ index: partition, records });
  }
  if (isCompact) skipTags(reader);
  return { name, partitionData };
}

function writePartition(partition: PartitionBody, isCompact: boolean, writer: GatherWriter): void {
  writer.int32(partition.index ?? 0);
  const { records } = partition;
  if (records === undefined) writeLength(writer, 0, isCompact);
  else writeRecords(writer, records, isCompact);
  if (isCompact) writer.uvarint(0);
}
