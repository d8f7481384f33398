import { type ByteWriter } from '@zookafka/base';
import { produce } from '../messages/00-produce.ts';
import { type Decoded, type Encodable } from '../schema.ts';
import {
  isLeaderTold,
  writeEndpoints,
  writeLeaderTag,
  writeLength,
  writeText,
  writeTextOrNull,
} from './writing.ts';

type ProduceBody = Encodable<Decoded<(typeof produce)['response']>>;
type TopicBody = NonNullable<ProduceBody['responses']>[number];
type PartitionBody = NonNullable<TopicBody['partitionResponses']>[number];
type RecordErrors = NonNullable<PartitionBody['recordErrors']>;

const { flexibleFrom } = produce;
const logStartOffsetFrom = 5;
const messagesFrom = 8;
const leadersFrom = 10;
const none: readonly never[] = [];

/** Writes a Produce response of version 3 or higher. */
export function encodeProduceResponse(
  body: ProduceBody,
  version: number,
  writer: ByteWriter,
): void {
  const isCompact = version >= flexibleFrom;
  const { responses = none, throttleTimeMs = 0, nodeEndpoints = none } = body;
  writeLength(writer, responses.length, isCompact);
  for (const { name = '', partitionResponses = none } of responses) {
    writeText(writer, name, isCompact);
    writeLength(writer, partitionResponses.length, isCompact);
    for (const partition of partitionResponses) writePartition(partition, version, writer);
    if (isCompact) writer.uvarint(0);
  }
  writer.int32(throttleTimeMs);
  if (version >= leadersFrom) writeEndpoints(writer, nodeEndpoints);
  else if (isCompact) writer.uvarint(0);
}

function writePartition(partition: PartitionBody, version: number, writer: ByteWriter): void {
  const { index = 0, errorCode = 0, baseOffset = 0, logAppendTimeMs = -1 } = partition;
  writer.int32(index);
  writer.int16(errorCode);
  writer.int64(baseOffset);
  writer.int64(logAppendTimeMs);
  if (version >= logStartOffsetFrom) writer.int64(partition.logStartOffset ?? -1);
  if (version >= messagesFrom) {
    const isCompact = version >= flexibleFrom;
    writeRecordErrors(partition.recordErrors ?? none, isCompact, writer);
    writeTextOrNull(writer, partition.errorMessage ?? null, isCompact);
  }
  if (version < flexibleFrom) return;
  const { currentLeader } = partition;
  const isTold = version >= leadersFrom && isLeaderTold(currentLeader);
  writer.uvarint(isTold ? 1 : 0);
  if (isTold) writeLeaderTag(writer, 0, currentLeader);
}

function writeRecordErrors(errors: RecordErrors, isCompact: boolean, writer: ByteWriter): void {
  writeLength(writer, errors.length, isCompact);
  for (const { batchIndex = 0, batchIndexErrorMessage = null } of errors) {
    writer.int32(batchIndex);
    writeTextOrNull(writer, batchIndexErrorMessage, isCompact);
    if (isCompact) writer.uvarint(0);
  }
}
