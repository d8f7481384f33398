import { ByteReader, ByteWriter } from '@zookafka/base';
import { encodeBatch, type FetchedRecord } from './recordCodec.ts';

/** What markers say, by the number in their key. */
export const controlTypes = [
  'abort',
  'commit',
  'leaderChange',
  'snapshotHeader',
  'snapshotFooter',
  'kraftVersion',
  'kraftVoters',
] as const;
/** What a marker says. */
export type ControlType = (typeof controlTypes)[number];

/** How a transaction of one producer ended, to be written into each partition that it touched. */
export interface TransactionMarker {
  readonly type: 'abort' | 'commit';
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  /** Wall time. */
  readonly timestampMs: number;
  readonly leaderEpoch?: number;
}

const version = 0;
const keyBytesMin = 4;
const markerBytesMin = 6;

/** Writes the batch that ends a transaction in one partition. */
export function encodeTransactionMarker(marker: TransactionMarker): Uint8Array {
  const key = new ByteWriter(keyBytesMin);
  key.int16(version);
  key.int16(controlTypes.indexOf(marker.type));
  const value = new ByteWriter(markerBytesMin);
  value.int16(version);
  value.int32(marker.coordinatorEpoch);
  const { producerId, producerEpoch, timestampMs, leaderEpoch = -1 } = marker;
  return encodeBatch({
    records: [{ key: key.view(), value: value.view(), timestampMs }],
    producerId,
    producerEpoch,
    leaderEpoch,
    isTransactional: true,
    isControl: true,
  });
}

/** @returns what the record of a control batch says; undefined for a type that is not known */
export function controlTypeOf({ key }: Pick<FetchedRecord, 'key'>): ControlType | undefined {
  if (key === null || key.length < keyBytesMin) return undefined;
  return controlTypes[new ByteReader(key, 2).int16()];
}

/** @returns the epoch of the coordinator that wrote a marker; undefined when it tells none */
export function coordinatorEpochOf({ value }: Pick<FetchedRecord, 'value'>): number | undefined {
  if (value === null || value.length < markerBytesMin) return undefined;
  return new ByteReader(value, 2).int32();
}
