import { bytesEqual, utf8Decode } from '@zookafka/base';
import { type Replica } from '@zookafka/broker/core';
import { type BatchHead, batchHeads, decodeRecords } from '@zookafka/kafka-wire';
import { type SimulatedBroker } from '../simulatedBroker.ts';
import { type PlacedRecord } from './ghostRecords.ts';
import { ReplicationInvariant, type ReplicationView } from './replicationInvariant.ts';

interface Compared {
  life: number;
  offset: number;
}

/** K5: below their high watermarks all logs are equal to the byte. Tells of each record that becomes committed. */
export class LogMatching extends ReplicationInvariant {
  private readonly onNew: (record: PlacedRecord) => void;
  /** By partition, then by first offset. */
  private readonly batches: readonly Map<number, Uint8Array>[];
  /** How far each replica was compared, by broker and partition. */
  private readonly compared = new Map<string, Compared>();

  constructor(view: ReplicationView, onNew: (record: PlacedRecord) => void) {
    super(view);
    this.onNew = onNew;
    this.batches = view.ghost.partitions.map(() => new Map<number, Uint8Array>());
  }

  override onReplica(broker: SimulatedBroker, replica: Replica): void {
    const { partition, highWatermark } = replica;
    if (replica.log !== 'open') return;
    const compared = this.comparedOf(broker, partition);
    if (compared.life !== broker.life || compared.offset > highWatermark) {
      compared.life = broker.life;
      compared.offset = 0;
    }
    if (compared.offset === highWatermark) return;
    const range = { fromOffset: compared.offset, upToOffset: highWatermark };
    for (const chunk of broker.logs.bytesOf(this.view.topic, partition, range)) {
      for (const head of batchHeads(chunk)) {
        this.compare(broker, partition, { chunk, head });
        compared.offset = head.lastOffset + 1;
      }
    }
  }

  private compare(
    { name }: SimulatedBroker,
    partition: number,
    { chunk, head }: { readonly chunk: Uint8Array; readonly head: BatchHead },
  ): void {
    const batches = this.batches[partition] as Map<number, Uint8Array>;
    const bytes = chunk.subarray(head.start, head.start + head.size);
    const before = batches.get(head.baseOffset);
    if (before === undefined) {
      // A copy: a broker's own memory may not vouch for it.
      batches.set(head.baseOffset, bytes.slice());
      for (const { offset, value } of decodeRecords(chunk, head)) {
        this.onNew({ partition, offset, value: value === null ? '' : utf8Decode(value) });
      }
    } else if (!bytesEqual(before, bytes)) {
      this.fail(
        'K5',
        `the log of ${name} differs from another's at ${head.baseOffset} of partition ${partition}, which both say is committed`,
      );
    }
  }

  private comparedOf({ brokerId }: SimulatedBroker, partition: number): Compared {
    const key = `${brokerId}-${partition}`;
    let compared = this.compared.get(key);
    if (compared === undefined) {
      compared = { life: -1, offset: 0 };
      this.compared.set(key, compared);
    }
    return compared;
  }
}

/** K16: nothing is committed twice, and what a producer sent stays in its order. */
export class NothingTwice extends ReplicationInvariant {
  private readonly offsets = new Map<string, number>();
  /** The last number of each producer in each partition. */
  private readonly last = new Map<string, number>();

  override onCommitted({ partition, offset, value }: PlacedRecord): void {
    const committed = this.view.ghost.of(partition).committed[offset];
    if (committed !== undefined && committed !== value) {
      this.fail('K16', `offset ${offset} of partition ${partition} is ${committed} and ${value}`);
    }
    const before = this.offsets.get(value);
    if (before !== undefined) {
      this.fail(
        'K16',
        `${value} is in partition ${partition} twice: at ${before} and at ${offset}`,
      );
    }
    this.offsets.set(value, offset);
    const [producer, number] = value.split(':') as [string, string];
    const key = `${producer}-${partition}`;
    const last = this.last.get(key) ?? 0;
    if (Number(number) < last) {
      this.fail('K16', `${value} is in partition ${partition} behind ${producer}:${last}`);
    }
    this.last.set(key, Number(number));
  }
}

/** K20: a high watermark is within its log. */
export class HighWatermarkWithin extends ReplicationInvariant {
  override onReplica(_: SimulatedBroker, replica: Replica): void {
    const { partition, highWatermark, logEndOffset } = replica;
    if (highWatermark <= logEndOffset) return;
    this.fail(
      'K20',
      `partition ${partition}: the high watermark ${highWatermark} is above the log's end ${logEndOffset}`,
    );
  }
}
