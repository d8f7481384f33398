import { batch, batchBroken, batchHeaderBytes, batchHeaderFault } from './batchHeader.ts';
import { type LogConfig, type Segment } from './segment.ts';
import { type LogTail, type TailChunk } from './tailCache.ts';

/** What a reader wants. */
export interface ReadRequest {
  /** The first batch given holds this offset, or is the next after it. */
  readonly offset: number;
  /** How many bytes at most. */
  readonly maxBytes: number;
  /** Whether the first batch is given even when it alone exceeds `maxBytes`. */
  readonly minOneBatch: boolean;
  /** Batches that reach this offset are not given: the high watermark, or the end for replicas. */
  readonly upToOffset: number;
}

/** Whole batches, as views: of what was appended, or of one read of the file. */
export interface LogRead {
  readonly chunks: readonly Uint8Array[];
  readonly bytes: number;
  /** The offset after the last batch given; that of the request where there is none. */
  readonly offsetNext: number;
  /** Where the next batch is, for the next read. */
  readonly positionNext: number;
}

/** Room that a window has beyond `maxBytes`, since an index entry points before the wanted batch. */
const windowSlack = 512;

/** A walk over batches in memory that ends as soon as enough is found. */
interface Walk {
  /** Where the wanted batches begin and end. */
  start: number;
  end: number;
  offsetNext: number;
  /** Where the walk stopped: beyond the bytes when a batch to be skipped is not whole there. */
  at: number;
  /** How many bytes from `at` must be there to go on; 0 when nothing more is wanted. */
  needed: number;
}

/** Reads from the chunks in memory, beginning with the one at `index`. */
export function readTail(tail: LogTail, index: number, request: ReadRequest): LogRead {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let offsetNext = request.offset;
  let next = index;
  for (let item = tail.at(next); item !== undefined; item = tail.at(++next)) {
    const left = request.maxBytes - bytes;
    if (isWholeWanted(item, request, left)) {
      chunks.push(item.chunk);
      bytes += item.chunk.length;
      offsetNext = item.lastOffset + 1;
      continue;
    }
    const walk = walkBatches(item.chunk, {
      ...request,
      maxBytes: left,
      minOneBatch: request.minOneBatch && bytes === 0,
    });
    if (walk.end > walk.start) {
      chunks.push(item.chunk.subarray(walk.start, walk.end));
      bytes += walk.end - walk.start;
      offsetNext = walk.offsetNext;
    }
    if (walk.end < item.chunk.length) break;
  }
  return { chunks, bytes, offsetNext, positionNext: -1 };
}

/**
 * Reads from a segment's file.
 *
 * @param position of a batch known to hold the offset, or undefined: then the index tells
 * @throws {LogError} BATCH_BROKEN when the file does not hold what was appended
 */
export function readSegment(
  segment: Segment,
  request: ReadRequest,
  from: { readonly position: number | undefined; readonly config: LogConfig },
): LogRead {
  let position = from.position ?? segment.locate(request.offset, from.config).position;
  const slack = from.position === undefined ? from.config.indexIntervalBytes + windowSlack : 0;
  let length = Math.max(request.maxBytes + slack, batchHeaderBytes);
  while (position < segment.size) {
    const bytes = segment.file().read(position, Math.min(length, segment.size - position));
    const walk = walkBatches(bytes, request, segment.size - position);
    if (walk.end > walk.start) {
      const chunk = bytes.subarray(walk.start, walk.end);
      const positionNext = position + walk.end;
      return { chunks: [chunk], bytes: chunk.length, offsetNext: walk.offsetNext, positionNext };
    }
    if (walk.needed === 0) break;
    if (walk.at === 0 && walk.needed <= bytes.length) {
      throw batchBroken(position, 'the file ends early');
    }
    position += walk.at;
    length = Math.max(request.maxBytes, walk.needed);
    if (position + walk.needed > segment.size && position < segment.size) {
      throw batchBroken(position, 'the file ends early');
    }
  }
  return { chunks: [], bytes: 0, offsetNext: request.offset, positionNext: -1 };
}

/** @param available how many bytes of batches there are in all, `bytes` being the first of them */
function walkBatches(bytes: Uint8Array, request: ReadRequest, available = bytes.length): Walk {
  const walk: Walk = { start: 0, end: 0, offsetNext: request.offset, at: 0, needed: 0 };
  let offsetBefore = -1;
  while (walk.at < available) {
    if (walk.at + batchHeaderBytes > bytes.length) {
      walk.needed = batchHeaderBytes;
      return walk;
    }
    const fault = batchHeaderFault(bytes, walk.at, available);
    if (fault !== undefined) throw batchBroken(walk.at, fault);
    if (batch.baseOffset(bytes, walk.at) <= offsetBefore) {
      throw batchBroken(walk.at, 'its offset is not after the last one');
    }
    const size = batch.size(bytes, walk.at);
    const lastOffset = batch.lastOffset(bytes, walk.at);
    offsetBefore = lastOffset;
    if (lastOffset >= request.offset && !takeBatch(walk, { size, lastOffset, bytes }, request)) {
      return walk;
    }
    walk.at += size;
  }
  return walk;
}

/** @returns whether the batch was taken; else the walk is over */
function takeBatch(
  walk: Walk,
  { size, lastOffset, bytes }: { size: number; lastOffset: number; bytes: Uint8Array },
  request: ReadRequest,
): boolean {
  if (lastOffset >= request.upToOffset) return false;
  const isFirst = walk.end === 0;
  const taken = walk.end - walk.start;
  if (taken + size > request.maxBytes && !(isFirst && request.minOneBatch)) return false;
  if (walk.at + size > bytes.length) {
    walk.needed = size;
    return false;
  }
  if (isFirst) walk.start = walk.at;
  walk.end = walk.at + size;
  walk.offsetNext = lastOffset + 1;
  return true;
}

function isWholeWanted(
  item: TailChunk,
  { offset, upToOffset }: ReadRequest,
  maxBytes: number,
): boolean {
  return (
    offset <= item.firstOffset && item.lastOffset < upToOffset && item.chunk.length <= maxBytes
  );
}
