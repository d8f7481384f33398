import { ChunkedMemory } from '@zookafka/base';

const chunkBytes = 512 << 10;

/** Memory for what comes over a network: large chunks, which are not cleared first, so that little of it is made. */
export function receivedMemory(): ChunkedMemory {
  return new ChunkedMemory({ chunkBytes, allocate: uncleared });
}

function uncleared(length: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}
