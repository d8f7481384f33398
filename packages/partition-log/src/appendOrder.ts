import { batch, batchBroken, batchHeaderFault, type BatchSpan } from './batchHeader.ts';
import { LogError } from './logError.ts';

const relativeOffsetMax = 0x7fff_ffff;

/** Where a log ends before an append. */
export interface LogEnd {
  readonly endOffset: number;
  /** The latest leader epoch, or -1. */
  readonly epoch: number;
}

/**
 * Looks at every header of a chunk before anything of it is written.
 *
 * @returns what the chunk covers, and its last leader epoch
 * @throws {LogError} BATCH_BROKEN; APPEND_OUT_OF_ORDER when an offset or a leader epoch would fall
 */
export function checkChunk(chunk: Uint8Array, end: LogEnd): BatchSpan & { readonly epoch: number } {
  let expected = end.endOffset;
  let epoch = end.epoch;
  let maxTimestamp = -1;
  for (let at = 0; at < chunk.length; at += batch.size(chunk, at)) {
    const fault = batchHeaderFault(chunk, at, chunk.length);
    if (fault !== undefined) throw batchBroken(at, fault);
    const offset = batch.baseOffset(chunk, at);
    const lastOffset = batch.lastOffset(chunk, at);
    const leaderEpoch = batch.leaderEpoch(chunk, at);
    if (offset < expected || lastOffset - end.endOffset > relativeOffsetMax) {
      throw outOfOrder({ offset, expected }, 'its offset is not the next one');
    }
    if (leaderEpoch < epoch) {
      throw outOfOrder({ offset, expected }, `its leader epoch ${leaderEpoch} is below ${epoch}`);
    }
    expected = lastOffset + 1;
    epoch = leaderEpoch;
    maxTimestamp = Math.max(maxTimestamp, batch.maxTimestamp(chunk, at));
  }
  const firstOffset = chunk.length === 0 ? expected : batch.baseOffset(chunk, 0);
  return { firstOffset, lastOffset: expected - 1, maxTimestamp, epoch };
}

/** @returns what several chunks cover that were appended together, up to the log's new end */
export function spanOfAll(spans: readonly BatchSpan[], endOffset: number): BatchSpan {
  const first = spans[0];
  if (spans.length === 1 && first !== undefined) return first;
  let maxTimestamp = -1;
  for (const span of spans) maxTimestamp = Math.max(maxTimestamp, span.maxTimestamp);
  return { firstOffset: first?.firstOffset ?? endOffset, lastOffset: endOffset - 1, maxTimestamp };
}

function outOfOrder(
  { offset, expected }: { readonly offset: number; readonly expected: number },
  fact: string,
): LogError {
  return new LogError(
    { code: 'APPEND_OUT_OF_ORDER', offset, expected },
    `Cannot append a batch at ${offset} to a log that ends at ${expected}: ${fact}`,
  );
}
