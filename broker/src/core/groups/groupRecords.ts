import { ByteReader, ByteWriter } from '@zookafka/base';
import {
  type Decoded,
  decodeRecordData,
  encodeRecordData,
  groupMetadataKey,
  groupMetadataValue,
  type NewRecord,
  offsetCommitKey,
  offsetCommitValue,
} from '@zookafka/kafka-wire';
import { type Group } from './group.ts';
import { type CommittedOffset } from './offsetTable.ts';

/** A group as a record holds it. */
export type StoredGroup = Decoded<typeof groupMetadataValue.fields>;

/** What a record of `__consumer_offsets` says; undefined in it says: it is gone. */
export type StoredRecord =
  | {
      readonly kind: 'offset';
      readonly group: string;
      readonly topic: string;
      readonly partition: number;
      readonly committed: CommittedOffset | undefined;
    }
  | { readonly kind: 'group'; readonly group: string; readonly stored: StoredGroup | undefined };

/** Which offset of which group. */
export interface OffsetKey {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

// The versions that Kafka 3.9 writes.
const offsetKeyVersion = 1;
const groupKeyVersion = 2;
const offsetValueVersion = 3;
/** The only one that has room for an expiry of its own. */
const offsetValueVersionWithExpiry = 1;
const groupValueVersion = 3;

const keyBytes = 64;
const offsetValueBytes = 32;
const groupValueBytes = 512;

/** @returns the record that sets a committed offset, or with undefined removes it */
export function offsetRecord(
  key: OffsetKey,
  committed: CommittedOffset | undefined,
  timestampMs: number,
): NewRecord {
  const keyWriter = versioned(offsetKeyVersion, keyBytes);
  encodeRecordData(offsetCommitKey, offsetKeyVersion, key, keyWriter);
  if (committed === undefined) return { key: keyWriter.finish(), value: null, timestampMs };
  const hasExpiry = committed.expireTimestamp !== -1;
  const version = hasExpiry ? offsetValueVersionWithExpiry : offsetValueVersion;
  const valueWriter = versioned(version, offsetValueBytes);
  encodeRecordData(offsetCommitValue, version, committed, valueWriter);
  return { key: keyWriter.finish(), value: valueWriter.finish(), timestampMs };
}

/**
 * @param assignments by member: who is not in it has none
 * @returns the record of a group as it is now
 */
export function groupRecord(
  group: Group,
  assignments: ReadonlyMap<string, Uint8Array>,
  timestampMs: number,
): NewRecord {
  const { protocolType, generation, protocol, leaderId, stateSinceMs } = group;
  const members = [...group.members.values()].map((member) => ({
    memberId: member.id,
    groupInstanceId: member.instanceId,
    clientId: member.origin.clientId,
    clientHost: member.origin.clientHost,
    rebalanceTimeout: member.wishes.rebalanceTimeoutMs,
    sessionTimeout: member.wishes.sessionTimeoutMs,
    subscription: member.metadataFor(protocol),
    assignment: assignments.get(member.id) ?? new Uint8Array(0),
  }));
  const writer = versioned(groupValueVersion, groupValueBytes);
  const currentStateTimestamp = stateSinceMs;
  const leader = leaderId;
  const value = { protocolType, generation, protocol, leader, currentStateTimestamp, members };
  encodeRecordData(groupMetadataValue, groupValueVersion, value, writer);
  return { key: groupKey(group.id), value: writer.finish(), timestampMs };
}

/** @returns the record that removes a group; its offsets have records of their own */
export function groupRemoval(group: string, timestampMs: number): NewRecord {
  return { key: groupKey(group), value: null, timestampMs };
}

/**
 * @returns what a record says, or undefined for one of a newer sort
 * @throws {WireError | BytesError} when it says nothing that can be read
 */
export function readStoredRecord({
  key,
  value,
}: Pick<NewRecord, 'key' | 'value'>): StoredRecord | undefined {
  if (key === null) return undefined;
  const reader = new ByteReader(key);
  const version = reader.int16();
  if (version <= offsetKeyVersion) {
    const at = decodeRecordData(offsetCommitKey, version, reader);
    return { kind: 'offset', ...at, committed: value === null ? undefined : readOffset(value) };
  }
  if (version !== groupKeyVersion) return undefined;
  const { group } = decodeRecordData(groupMetadataKey, version, reader);
  return { kind: 'group', group, stored: value === null ? undefined : readGroup(value) };
}

function readOffset(value: Uint8Array): CommittedOffset {
  const reader = new ByteReader(value);
  return decodeRecordData(offsetCommitValue, reader.int16(), reader);
}

function readGroup(value: Uint8Array): StoredGroup {
  const reader = new ByteReader(value);
  return decodeRecordData(groupMetadataValue, reader.int16(), reader);
}

function groupKey(group: string): Uint8Array {
  const writer = versioned(groupKeyVersion, keyBytes);
  encodeRecordData(groupMetadataKey, groupKeyVersion, { group }, writer);
  return writer.finish();
}

function versioned(version: number, capacity: number): ByteWriter {
  const writer = new ByteWriter(capacity);
  writer.int16(version);
  return writer;
}
