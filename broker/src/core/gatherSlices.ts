import { type LogReadWanted, type LogSlice } from './types.ts';

/** How a shell reads one log: `minOneBatch` gives the first batch however big. */
export type ReadSlice = (
  read: LogReadWanted,
  limits: { readonly maxBytes: number; readonly minOneBatch: boolean },
) => LogSlice;

/**
 * Performs a `readLog`: `maxBytes` in all, and at least one batch of the first log that has any.
 *
 * Source: Apache Kafka, `ReplicaManager.readFromLog`.
 */
export function gatherSlices(
  { maxBytes, reads }: { readonly maxBytes: number; readonly reads: readonly LogReadWanted[] },
  readSlice: ReadSlice,
): readonly LogSlice[] {
  let left = maxBytes;
  let isFirst = true;
  return reads.map((read) => {
    if (left <= 0 && !isFirst) return emptySlice;
    const slice = readSlice(read, {
      maxBytes: Math.min(Math.max(left, 0), read.maxBytes),
      minOneBatch: isFirst,
    });
    if (slice.bytes > 0) isFirst = false;
    left -= slice.bytes;
    return slice;
  });
}

const emptySlice: LogSlice = { chunks: [], bytes: 0, errorCode: 0 };
