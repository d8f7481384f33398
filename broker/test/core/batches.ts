import { ByteWriter } from '@zookafka/base';
import { batch } from '@zookafka/partition-log';
import { type BatchVerdict } from '@zookafka/broker/core';

/** Who sends a batch. */
export interface ProducerStamp {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

const nobody: ProducerStamp = { producerId: -1, producerEpoch: -1, baseSequence: -1 };

/** A batch whose records are one number each: enough for whoever reads headers only. */
export function makeBatch(ids: readonly number[], stamp: ProducerStamp = nobody): Uint8Array {
  const writer = new ByteWriter(61 + ids.length * 4);
  writer.int64(0);
  writer.int32(49 + ids.length * 4);
  writer.int32(-1);
  writer.int8(2);
  writer.int32(0);
  writer.int16(0);
  writer.int32(ids.length - 1);
  writer.int64(1);
  writer.int64(1);
  writer.int64(stamp.producerId);
  writer.int16(stamp.producerEpoch);
  writer.int32(stamp.baseSequence);
  writer.int32(ids.length);
  for (const id of ids) writer.int32(id);
  return writer.copy();
}

/** The numbers in a chunk of batches, with their offsets. */
export function recordsIn(chunk: Uint8Array): { offset: number; epoch: number; id: number }[] {
  const found: { offset: number; epoch: number; id: number }[] = [];
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  for (let at = 0; at < chunk.length; at += batch.size(chunk, at)) {
    const count = batch.lastOffsetDelta(chunk, at) + 1;
    for (let index = 0; index < count; index++) {
      found.push({
        offset: batch.baseOffset(chunk, at) + index,
        epoch: batch.leaderEpoch(chunk, at),
        id: view.getInt32(at + 61 + index * 4),
      });
    }
  }
  return found;
}

/** What native code would have found. */
export function verdictOf(records: Uint8Array | null): BatchVerdict {
  if (records === null || records.length === 0) {
    return { kind: 'refused', errorCode: 87, message: 'no records' };
  }
  return {
    kind: 'valid',
    bytes: records.length,
    lastOffsetDelta: batch.lastOffsetDelta(records, 0),
    producerId: batch.producerId(records, 0),
    producerEpoch: batch.producerEpoch(records, 0),
    baseSequence: batch.baseSequence(records, 0),
    isTransactional: false,
    maxTimestamp: batch.maxTimestamp(records, 0),
  };
}
