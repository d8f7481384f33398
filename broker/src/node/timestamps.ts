import {
  batch,
  batchHeaderBytes,
  firstRecordSince,
  type PartitionLog,
} from '@zookafka/partition-log';

/** Gives the records behind a compressed batch's header as they are without compression. */
export type RecordDecompress = (batchBytes: Uint8Array, records: Uint8Array) => Uint8Array;

/** Asks for the record with the greatest timestamp. */
const maxTimestamp = -3;

/**
 * Finds the first record at or after a time, or with -3 the first one with the greatest.
 *
 * @returns undefined where there is nothing
 */
export function findTimestamp(
  log: PartitionLog,
  wanted: number,
  decompress: RecordDecompress,
): { readonly offset: number; readonly timestamp: number } | undefined {
  const timestamp = wanted === maxTimestamp ? log.largestTime()?.timestamp : wanted;
  if (timestamp === undefined) return undefined;
  const hit = log.offsetForTimestamp(timestamp);
  if (hit === undefined) return undefined;
  const { offset, batch: bytes, isCompressed } = hit;
  if (!isCompressed) return { offset, timestamp: hit.timestamp };
  const records = decompress(bytes, bytes.subarray(batchHeaderBytes, batch.size(bytes, 0)));
  const found = firstRecordSince(bytes, { timestamp, offsetMin: log.logStartOffset }, records);
  return found ?? { offset, timestamp: hit.timestamp };
}
