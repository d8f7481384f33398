import { assert } from '@zookafka/base';
import { type QueuedRecord } from './partitionQueue.ts';
import { type ClientRefusal, type ProducerRecord } from './types.ts';

const bytesMaxDefault = 32 << 20;

/** How much a producer holds: records that are neither delivered nor given up, within bounds. */
export class RecordBuffer {
  private readonly countMax: number;
  private readonly bytesMax: number;
  private count = 0;
  private bytes = 0;

  constructor(bounds: { readonly bufferCountMax: number; readonly bufferBytesMax?: number }) {
    this.countMax = bounds.bufferCountMax;
    this.bytesMax = bounds.bufferBytesMax ?? bytesMaxDefault;
  }

  /** How many records there are. */
  get recordCount(): number {
    return this.count;
  }

  /** @returns why this record cannot be taken, or undefined when it can */
  refusalFor({ partition }: ProducerRecord, bytes: number): ClientRefusal | undefined {
    if (partition !== undefined && !(Number.isSafeInteger(partition) && partition >= 0)) {
      return { code: 'BAD_PARTITION', message: `Cannot write to partition ${partition}` };
    }
    // One that is larger than the buffer may have it for itself.
    const isFull = this.count > 0 && this.bytes + bytes > this.bytesMax;
    if (this.count < this.countMax && !isFull) return undefined;
    const message = `Cannot take the record: ${this.count} of ${this.bytes} bytes wait already`;
    return { code: 'BUFFER_FULL', message };
  }

  add(bytes: number): void {
    this.count++;
    this.bytes += bytes;
  }

  remove(items: readonly QueuedRecord[]): void {
    this.count -= items.length;
    for (const { bytes } of items) this.bytes -= bytes;
    assert(this.count >= 0, 'A record ends once', { count: this.count });
  }
}
