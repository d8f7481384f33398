import { utf8Decode } from '@zookafka/base';
import { assignOffset, batchHeads, decodeRecords, errorCodes } from '@zookafka/kafka-wire';

interface StoredBatch {
  readonly baseOffset: number;
  readonly leaderEpoch: number;
  readonly bytes: Uint8Array;
  readonly values: readonly string[];
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

export type Appended =
  | { readonly kind: 'appended'; readonly baseOffset: number }
  | { readonly kind: 'refused'; readonly errorCode: number };

const rememberedMax = 5;

/** A partition's log with Kafka's rules of sequences; written from protocol.md, not from our broker. */
export class FakeLog {
  startOffset = 0;
  /** Larger batches are refused, whatever was written before. */
  batchBytesMax = Infinity;
  tooLargeCount = 0;
  /** What is below was acknowledged, and is never cut off. */
  committed = 0;
  batches: StoredBatch[] = [];

  get endOffset(): number {
    const last = this.batches.at(-1);
    return last === undefined ? this.startOffset : last.baseOffset + last.values.length;
  }

  /** The values of all records, in order. */
  get values(): readonly string[] {
    return this.batches.flatMap((batch) => batch.values);
  }

  append(given: Uint8Array, leaderEpoch: number): Appended {
    const bytes = given.slice();
    const heads = [...batchHeads(bytes)];
    const head = heads[0];
    if (head === undefined || heads.length !== 1) throw new Error('one whole batch is expected');
    const { producerId, producerEpoch, baseSequence: firstSequence, count } = head;
    if (bytes.length > this.batchBytesMax) {
      this.tooLargeCount++;
      return { kind: 'refused', errorCode: errorCodes.MESSAGE_TOO_LARGE };
    }
    const lastSequence = (firstSequence + count - 1) % 0x8000_0000;
    if (producerId !== -1) {
      const judged = this.judge({ producerId, producerEpoch, firstSequence, lastSequence });
      if (judged !== undefined) return judged;
    }
    const baseOffset = this.endOffset;
    assignOffset(bytes, 0, { baseOffset, leaderEpoch });
    const values = decodeRecords(bytes, head).map(({ value }) =>
      value === null ? 'null' : utf8Decode(value),
    );
    this.batches.push({
      baseOffset,
      leaderEpoch,
      bytes,
      values,
      producerId,
      producerEpoch,
      firstSequence,
      lastSequence,
    });
    return { kind: 'appended', baseOffset };
  }

  /** What a new leader lacks is gone. */
  truncateTo(offset: number): void {
    if (offset < this.committed) throw new Error('what was acknowledged cannot be cut off');
    this.batches = this.batches.filter(({ baseOffset }) => baseOffset < offset);
  }

  /** What an unclean election costs: also what was acknowledged and read. */
  lose(offset: number): void {
    this.committed = Math.min(this.committed, offset);
    this.truncateTo(offset);
  }

  /** The newest epoch up to the asked one, and where it ends: where a newer one begins, else where the log ends. */
  epochEnd(asked: number): { readonly leaderEpoch: number; readonly endOffset: number } {
    const leaderEpoch = this.batches.findLast((one) => one.leaderEpoch <= asked)?.leaderEpoch ?? -1;
    const newer = this.batches.find((one) => one.leaderEpoch > leaderEpoch);
    const endOffset = leaderEpoch < 0 ? -1 : (newer?.baseOffset ?? this.endOffset);
    return { leaderEpoch, endOffset };
  }

  read(offset: number): Uint8Array | undefined {
    const batch = this.batches.find((one) => one.baseOffset + one.values.length > offset);
    return batch?.bytes;
  }

  private judge(
    claim: Pick<StoredBatch, 'producerId' | 'producerEpoch' | 'firstSequence' | 'lastSequence'>,
  ): Appended | undefined {
    const own = this.batches.filter(({ producerId }) => producerId === claim.producerId);
    const last = own.at(-1);
    if (last === undefined) return undefined;
    if (claim.producerEpoch < last.producerEpoch) {
      return { kind: 'refused', errorCode: errorCodes.INVALID_PRODUCER_EPOCH };
    }
    const outOfOrder = {
      kind: 'refused' as const,
      errorCode: errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER,
    };
    if (claim.producerEpoch > last.producerEpoch) {
      return claim.firstSequence === 0 ? undefined : outOfOrder;
    }
    const known = own
      .filter(({ producerEpoch }) => producerEpoch === claim.producerEpoch)
      .slice(-rememberedMax)
      .find(
        ({ firstSequence, lastSequence }) =>
          firstSequence === claim.firstSequence && lastSequence === claim.lastSequence,
      );
    if (known !== undefined) return { kind: 'appended', baseOffset: known.baseOffset };
    const expected = (last.lastSequence + 1) % 0x8000_0000;
    return claim.firstSequence === expected ? undefined : outOfOrder;
  }
}
