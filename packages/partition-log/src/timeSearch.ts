import { batch } from './batchHeader.ts';
import { firstRecordSince, isCompressed } from './recordTimes.ts';
import { type LogConfig, type Segment } from './segment.ts';

/** The answer to a search by timestamp. */
export interface TimestampHit {
  /** Of the first record that is new enough; of its batch's first record when that is compressed. */
  readonly offset: number;
  /** Of that record; of its batch's newest record when that is compressed. */
  readonly timestamp: number;
  readonly leaderEpoch: number;
  /** The whole batch, to be decompressed and handed to `firstRecordSince` when it is compressed. */
  readonly batch: Uint8Array;
  readonly isCompressed: boolean;
}

/** @returns the first batch of a segment that holds a record new enough at `offsetMin` or after it */
export function findBatchSince(
  segment: Segment,
  timestamp: number,
  { offsetMin, config }: { readonly offsetMin: number; readonly config: LogConfig },
): TimestampHit | undefined {
  let hit: TimestampHit | undefined;
  segment.scan(segment.locateTime(timestamp, config).position, ({ bytes, at, position, size }) => {
    const isOld = batch.maxTimestamp(bytes, at) < timestamp;
    if (isOld || batch.lastOffset(bytes, at) < offsetMin) return true;
    hit = hitOf(segment.file().read(position, size), { timestamp, offsetMin });
    return hit === undefined;
  });
  return hit;
}

function hitOf(
  bytes: Uint8Array,
  wanted: { readonly timestamp: number; readonly offsetMin: number },
): TimestampHit | undefined {
  const leaderEpoch = batch.leaderEpoch(bytes, 0);
  if (isCompressed(bytes)) {
    const offset = batch.baseOffset(bytes, 0);
    const timestamp = batch.maxTimestamp(bytes, 0);
    return { offset, timestamp, leaderEpoch, batch: bytes, isCompressed: true };
  }
  const record = firstRecordSince(bytes, wanted);
  if (record === undefined) return undefined;
  return { ...record, leaderEpoch, batch: bytes, isCompressed: false };
}
