import { encodeBatch, errorCodes, type NewRecord } from '@zookafka/kafka-wire';
import { type GroupCoordinatorPort } from '../groupPort.ts';
import { type Group } from './group.ts';
import { groupRecord, groupRemoval, offsetRecord } from './groupRecords.ts';
import { tombstonesPerBatchMax } from './groupSettings.ts';
import { type OffsetEntry } from './offsetTable.ts';

type Done = (errorCode: number) => void;

/** Writes groups and offsets to `__consumer_offsets`: told when all in-sync replicas have them. */
export class GroupStore {
  private readonly port: GroupCoordinatorPort;

  constructor(port: GroupCoordinatorPort) {
    this.port = port;
  }

  /** Writes a group as it is, with these assignments. @param onDone Kafka's error for who waits for it */
  storeGroup(group: Group, assignments: ReadonlyMap<string, Uint8Array>, onDone: Done): void {
    const record = groupRecord(group, assignments, this.port.wallMs);
    this.append(group.partition, [record], (code) => {
      onDone(groupFault(code));
    });
  }

  /** @param onDone Kafka's error for the client that commits */
  storeOffsets(group: Group, offsets: readonly OffsetEntry[], onDone: Done): void {
    const { wallMs } = this.port;
    const records = offsets.map(({ topic, partition, committed }) =>
      offsetRecord({ group: group.id, topic, partition }, committed, wallMs),
    );
    this.append(group.partition, records, (code) => {
      onDone(offsetFault(code));
    });
  }

  /** Removes these offsets of a group, and with `isWhole` the group. @param onDone the first error, or 0 */
  remove(group: Group, offsets: readonly OffsetEntry[], isWhole: boolean, onDone: Done): void {
    const { wallMs } = this.port;
    const records = offsets.map(({ topic, partition }) =>
      offsetRecord({ group: group.id, topic, partition }, undefined, wallMs),
    );
    if (isWhole) records.push(groupRemoval(group.id, wallMs));
    let left = Math.ceil(records.length / tombstonesPerBatchMax);
    let fault = 0;
    if (left === 0) onDone(0);
    for (let at = 0; at < records.length; at += tombstonesPerBatchMax) {
      this.append(group.partition, records.slice(at, at + tombstonesPerBatchMax), (code) => {
        if (fault === 0) fault = offsetFault(code);
        if (--left === 0) onDone(fault);
      });
    }
  }

  private append(partition: number, records: readonly NewRecord[], onDone: Done): void {
    const bytes = encodeBatch({ records });
    const batch = {
      records: bytes,
      verdict: {
        kind: 'valid' as const,
        bytes: bytes.length,
        lastOffsetDelta: records.length - 1,
        producerId: -1,
        producerEpoch: -1,
        baseSequence: -1,
        isTransactional: false,
        maxTimestamp: this.port.wallMs,
      },
    };
    this.port.append(partition, batch, onDone);
  }
}

/** Source: `GroupMetadataManager.storeGroup`. */
function groupFault(code: number): number {
  switch (code) {
    case errorCodes.REQUEST_TIMED_OUT:
      return errorCodes.REBALANCE_IN_PROGRESS;
    case errorCodes.MESSAGE_TOO_LARGE:
    case errorCodes.RECORD_LIST_TOO_LARGE:
    case errorCodes.INVALID_FETCH_SIZE:
      return errorCodes.UNKNOWN_SERVER_ERROR;
    default:
      return partitionFault(code);
  }
}

/** Source: `GroupMetadataManager.storeOffsets`. */
function offsetFault(code: number): number {
  switch (code) {
    case errorCodes.REQUEST_TIMED_OUT:
      return errorCodes.COORDINATOR_NOT_AVAILABLE;
    case errorCodes.MESSAGE_TOO_LARGE:
    case errorCodes.RECORD_LIST_TOO_LARGE:
    case errorCodes.INVALID_FETCH_SIZE:
      return errorCodes.INVALID_COMMIT_OFFSET_SIZE;
    default:
      return partitionFault(code);
  }
}

function partitionFault(code: number): number {
  switch (code) {
    case errorCodes.UNKNOWN_TOPIC_OR_PARTITION:
    case errorCodes.NOT_ENOUGH_REPLICAS:
    case errorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return errorCodes.COORDINATOR_NOT_AVAILABLE;
    case errorCodes.NOT_LEADER_OR_FOLLOWER:
    case errorCodes.KAFKA_STORAGE_ERROR:
      return errorCodes.NOT_COORDINATOR;
    default:
      return code;
  }
}
