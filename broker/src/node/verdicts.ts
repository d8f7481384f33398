import {
  compressionOf,
  type ContentCheck,
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
  /** Whether each record of the topic must have a key. */
  readonly isCompacted: (topic: string) => boolean;
}

/** A batch that grows beyond this when it is decompressed is refused: nobody's records need it. */
export const decompressedBytesMax = 128 << 20;

const noBytes = new Uint8Array(0);

/** Looks at the records of Produce requests, natively where that can be had, before the core is told of them. */
export class ProduceJudge {
  private readonly options: JudgeOptions;
  private readonly content: ContentCheck;
  private readonly keyedContent: ContentCheck;

  constructor(options: JudgeOptions) {
    const { codecs } = options;
    this.options = options;
    this.content = { codecs, decompressedBytesMax, isCompacted: false };
    this.keyedContent = { ...this.content, isCompacted: true };
  }

  /** @returns one verdict for each partition, in the order of the body */
  judge({ topicData }: RequestOf<'produce'>, apiVersion: number): readonly BatchVerdict[] {
    const { codecs, messageBytesMaxOf, isCompacted } = this.options;
    const verdicts: BatchVerdict[] = [];
    for (const { name, partitionData } of topicData) {
      const check = {
        apiVersion,
        messageBytesMax: messageBytesMaxOf(name),
        checksum: codecs.crc32c,
        content: isCompacted(name) ? this.keyedContent : this.content,
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
    if (kind === undefined || kind === 'none') return records;
    return this.options.codecs.decompress(kind, records, decompressedBytesMax);
  }
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
