import { ByteReader, BytesError, type CompressionKind, CodecError } from '@zookafka/base';
import {
  type BatchHead,
  batchLayout,
  compressionOf,
  isTransactional,
  judgeProduce,
  type ProduceJudgement,
  type RequestOf,
} from '@zookafka/kafka-wire';
import { batch } from '@zookafka/partition-log';
import { type NativeCodecs } from '@zookafka/runtime';
import { type BatchVerdict } from '../core/index.ts';

/** What judging needs. */
export interface JudgeOptions {
  readonly codecs: NativeCodecs;
  /** Of a topic, its own setting counted. */
  readonly messageBytesMaxOf: (topic: string) => number;
}

/** A batch that grows beyond this when it is decompressed is refused: nobody's records need it. */
export const decompressedBytesMax = 128 << 20;

const noBytes = new Uint8Array(0);

/** Looks at the records of Produce requests, natively where that can be had, before the core is told of them. */
export class ProduceJudge {
  private readonly options: JudgeOptions;

  constructor(options: JudgeOptions) {
    this.options = options;
  }

  /** @returns one verdict for each partition, in the order of the body */
  judge({ topicData }: RequestOf<'produce'>, apiVersion: number): readonly BatchVerdict[] {
    const { codecs, messageBytesMaxOf } = this.options;
    const verdicts: BatchVerdict[] = [];
    for (const { name, partitionData } of topicData) {
      const check = {
        apiVersion,
        messageBytesMax: messageBytesMaxOf(name),
        checksum: codecs.crc32c,
        countRecords: this.countRecords,
      };
      // The type says otherwise, but null is what an old client sends for no records.
      for (const { records } of partitionData as readonly { records: Uint8Array | null }[]) {
        verdicts.push(verdictOf(judgeProduce(records ?? noBytes, check)));
      }
    }
    return verdicts;
  }

  /** Gives the records behind a compressed batch's header as they are. @throws {CodecError} */
  decompressBatch(batchBytes: Uint8Array, records: Uint8Array): Uint8Array {
    const attributes = batch.attributes(batchBytes, 0);
    const kind = compressionOf({ attributes });
    return kind === undefined || kind === 'none' ? records : this.decompress(kind, records);
  }

  private decompress(kind: CompressionKind, records: Uint8Array): Uint8Array {
    return this.options.codecs.decompress(kind, records, decompressedBytesMax);
  }

  private readonly countRecords = (bytes: Uint8Array, head: BatchHead): number | undefined => {
    const kind = compressionOf(head);
    const start = head.start + batchLayout.records;
    const end = head.start + head.size;
    if (kind === undefined) return undefined;
    if (kind === 'none') return countBetween(bytes, start, end);
    try {
      const plain = this.decompress(kind, bytes.subarray(start, end));
      return countBetween(plain, 0, plain.length);
    } catch (error) {
      if (error instanceof CodecError) return undefined;
      throw error;
    }
  };
}

function verdictOf(judgement: ProduceJudgement): BatchVerdict {
  if (judgement.kind === 'refused') return judgement;
  const { head } = judgement;
  return {
    kind: 'valid',
    bytes: head.size,
    lastOffsetDelta: head.lastOffsetDelta,
    producerId: head.producerId,
    producerEpoch: head.producerEpoch,
    baseSequence: head.baseSequence,
    isTransactional: isTransactional(head),
    maxTimestamp: head.maxTimestamp,
  };
}

/** Walks over records by their lengths. @returns how many there are; undefined when they do not end at the end */
function countBetween(bytes: Uint8Array, start: number, end: number): number | undefined {
  const reader = new ByteReader(bytes, start, end);
  let count = 0;
  try {
    while (reader.offset < end) {
      const length = reader.varint();
      if (length < 0) return undefined;
      reader.skip(length);
      count++;
    }
  } catch (error) {
    if (error instanceof BytesError) return undefined;
    throw error;
  }
  return count;
}
