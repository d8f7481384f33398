import { GatherWriter } from './gatherWriter.ts';

/** Heads of frames are small and many: their memory is taken from one array, one behind the other. */
const sharedBytes = 64 << 10;
/** A frame begins where so much is left; one that needs more makes an array of its own. */
const leftBytesMin = 1 << 10;

let shared = new Uint8Array(0);
let used = 0;

/**
 * Begins a frame, its length left out: an array of its own costs more than to write most frames. What is written is
 * never written over: a new array begins when this one is full.
 */
export function beginFrame(): GatherWriter {
  if (shared.length - used < leftBytesMin) {
    shared = new Uint8Array(sharedBytes);
    used = 0;
  }
  const writer = new GatherWriter(shared.subarray(used));
  writer.skip(4);
  return writer;
}

/** Ends a frame that was begun last. @returns its chunks, to be sent in order */
export function finishFrame(writer: GatherWriter): Uint8Array[] {
  writer.patchInt32(0, writer.totalLength - 4);
  used = Math.min(shared.length, used + writer.length);
  return writer.finishChunks();
}
