import { ByteReader, BytesError, ByteWriter } from '@zookafka/base';
import {
  type ApiName,
  apis,
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  decodeRecordData,
  encodeBatch as encodeRecordBatch,
  encodeRecordData,
  isServed,
  type ResponseOf,
  type VersionRange,
  WireError,
} from '@zookafka/kafka-wire';
import { type TopicPartition } from './assignor.ts';
import { byTopic } from './byPartition.ts';
import { type AssignedPartition, type ProducerRecord } from './types.ts';

/** The version in which a group's subscriptions and assignments are written: every client reads it. */
const consumerProtocolVersion = 0;
/** Sequences go round below this. */
const sequenceCount = 0x8000_0000;

/** The versions that a broker named, by API key. */
export type ApiVersions = ReadonlyMap<number, VersionRange>;

/** What an ApiVersions response says. */
export function versionsOf({ apiKeys }: ResponseOf<'apiVersions'>): ApiVersions {
  return new Map(
    apiKeys.map(({ apiKey, minVersion, maxVersion }) => [
      apiKey,
      { min: minVersion, max: maxVersion },
    ]),
  );
}

/**
 * @param versionMax what the request can be written in at the most
 * @returns the highest version that both sides speak, or undefined when there is none
 */
export function commonVersion(
  api: ApiName,
  ranges: ApiVersions,
  versionMax = Infinity,
): number | undefined {
  const range = ranges.get(apis[api].key);
  if (range === undefined) return undefined;
  const version = Math.min(range.max, apis[api].versions.max, versionMax);
  return version >= range.min && isServed(api, version) ? version : undefined;
}

/** The sequence number after a batch of `count` records. Source: Kafka's `DefaultRecordBatch`. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % sequenceCount;
}

/** Writes one batch. */
export function sealBatch(batch: {
  readonly records: readonly ProducerRecord[];
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}): Uint8Array {
  return encodeRecordBatch(batch);
}

/** A member's subscription, as it stands in JoinGroup. */
export function encodeSubscription(topics: readonly string[]): Uint8Array {
  const writer = new ByteWriter();
  writer.int16(consumerProtocolVersion);
  encodeRecordData(consumerProtocolSubscription, consumerProtocolVersion, { topics }, writer);
  return writer.finish();
}

/** The topics of a member's subscription, whatever version its client writes. */
export function decodeSubscription(bytes: Uint8Array): readonly string[] {
  const reader = new ByteReader(bytes);
  const version = Math.min(reader.int16(), consumerProtocolSubscription.versions.max);
  return decodeRecordData(consumerProtocolSubscription, version, reader).topics;
}

/** What a member gets, as it stands in SyncGroup. */
export function encodeAssignment(partitions: readonly TopicPartition[]): Uint8Array {
  const assignedPartitions = byTopic(partitions, ({ partition }) => partition).map(
    ({ name: topic, partitions: list }) => ({ topic, partitions: list }),
  );
  const writer = new ByteWriter();
  writer.int16(consumerProtocolVersion);
  const value = { assignedPartitions, userData: null };
  encodeRecordData(consumerProtocolAssignment, consumerProtocolVersion, value, writer);
  return writer.finish();
}

/** What a member got; empty bytes are nothing. */
export function decodeAssignment(bytes: Uint8Array): readonly AssignedPartition[] {
  if (bytes.length === 0) return [];
  const reader = new ByteReader(bytes);
  const version = Math.min(reader.int16(), consumerProtocolAssignment.versions.max);
  const { assignedPartitions } = decodeRecordData(consumerProtocolAssignment, version, reader);
  return assignedPartitions.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition, offset: undefined })),
  );
}

/** A member as JoinGroup tells its leader of it. */
export interface WrittenSubscription {
  readonly memberId: string;
  readonly metadata: Uint8Array;
}

/** As `decodeSubscription`; what another program wrote that nobody can read wants nothing. */
export function readSubscription(bytes: Uint8Array): readonly string[] {
  return readOrNothing(() => decodeSubscription(bytes));
}

/** As `decodeAssignment`; what another program wrote that nobody can read gives nothing. */
export function readAssignment(bytes: Uint8Array): readonly AssignedPartition[] {
  return readOrNothing(() => decodeAssignment(bytes));
}

function readOrNothing<Item>(read: () => readonly Item[]): readonly Item[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof BytesError || error instanceof WireError) return [];
    throw error;
  }
}
