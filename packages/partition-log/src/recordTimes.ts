import { ByteReader } from '@zookafka/base';
import { attribute, batch, batchHeaderBytes } from './batchHeader.ts';

/** The first record that is new enough. */
export interface RecordTime {
  readonly offset: number;
  /** Milliseconds of wall time. */
  readonly timestamp: number;
}

/** @returns whether the records of the batch at `at` are compressed */
export function isCompressed(bytes: Uint8Array, at = 0): boolean {
  return (batch.attributes(bytes, at) & attribute.compression) !== 0;
}

/**
 * Finds the first record of a batch with a timestamp of at least `timestamp` and an offset of at least
 * `offsetMin`.
 *
 * @param batchBytes the batch, from its first byte
 * @param records what follows its header, uncompressed
 */
export function firstRecordSince(
  batchBytes: Uint8Array,
  { timestamp, offsetMin }: { readonly timestamp: number; readonly offsetMin: number },
  records: Uint8Array = batchBytes.subarray(batchHeaderBytes, batch.size(batchBytes, 0)),
): RecordTime | undefined {
  const baseOffset = batch.baseOffset(batchBytes, 0);
  const baseTimestamp = batch.baseTimestamp(batchBytes, 0);
  const isAppendTime = (batch.attributes(batchBytes, 0) & attribute.logAppendTime) !== 0;
  const appendTime = batch.maxTimestamp(batchBytes, 0);
  const reader = new ByteReader(records);
  while (reader.remaining > 0) {
    const length = reader.varint();
    const end = reader.offset + length;
    reader.skip(1);
    const time = baseTimestamp + reader.varlong();
    const recordTime = isAppendTime ? appendTime : time;
    const offset = baseOffset + reader.varint();
    if (recordTime >= timestamp && offset >= offsetMin) return { offset, timestamp: recordTime };
    reader.skip(end - reader.offset);
  }
  return undefined;
}
