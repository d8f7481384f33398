import { CodecError, type Codecs } from '@zookafka/base';
import { errorCodes, type ErrorName } from './errors.ts';
import {
  type BatchCompression,
  type BatchHead,
  batchLayout,
  type Checksum,
  compressionOf,
  isControlBatch,
  isIntact,
  readBatchHead,
} from './recordBatch.ts';
import { recordFactsOf } from './recordFacts.ts';

/** What a leader's checks found of the records of one partition in a Produce request. */
export type ProduceJudgement =
  | { readonly kind: 'valid'; readonly head: BatchHead; readonly compression: BatchCompression }
  | { readonly kind: 'refused'; readonly errorCode: number; readonly message: string };

/** What the checks need. */
export interface ProduceCheck {
  readonly apiVersion: number;
  readonly messageBytesMax: number;
  readonly checksum?: Checksum;
  /** Looks at each record. */
  readonly content?: ContentCheck;
}

/** What looking at each record needs. */
export interface ContentCheck {
  readonly codecs: Pick<Codecs, 'decompress'>;
  /** What the records of one batch may grow to. */
  readonly decompressedBytesMax: number;
  /** A compacted topic has no place for a record without a key. */
  readonly isCompacted: boolean;
}

const zstdVersionMin = 7;

/**
 * What a leader checks before it appends: one batch, of format 2, intact, not too large, offsets from 0, no markers.
 *
 * Source: Apache Kafka, `LogValidator` and `ProduceRequest.validateRecords`.
 */
export function judgeProduce(records: Uint8Array, check: ProduceCheck): ProduceJudgement {
  const head = readBatchHead(records);
  if (head === undefined) return refused('CORRUPT_MESSAGE', 'the records are no whole batch');
  if (head.magic !== 2) {
    return refused('UNSUPPORTED_FOR_MESSAGE_FORMAT', `the format is ${head.magic}, 2 is needed`);
  }
  if (head.size !== records.length) {
    return refused('INVALID_RECORD', 'there is more than one batch');
  }
  if (head.size > check.messageBytesMax) {
    const message = `the batch has ${head.size} bytes, at most ${check.messageBytesMax} are taken`;
    return refused('MESSAGE_TOO_LARGE', message);
  }
  if (!isIntact(records, head, check.checksum)) {
    return refused('CORRUPT_MESSAGE', 'the checksum is wrong');
  }
  return judgeContent(records, head, check);
}

function judgeContent(
  records: Uint8Array,
  head: BatchHead,
  { apiVersion, content }: ProduceCheck,
): ProduceJudgement {
  const compression = compressionOf(head);
  if (compression === undefined) {
    return refused('UNSUPPORTED_COMPRESSION_TYPE', 'the compression is not known');
  }
  if (compression === 'zstd' && apiVersion < zstdVersionMin) {
    return refused('UNSUPPORTED_COMPRESSION_TYPE', `zstd needs Produce ${zstdVersionMin}`);
  }
  if (isControlBatch(head)) return refused('INVALID_RECORD', 'a client sends no markers');
  if (head.baseOffset !== 0 || head.count < 1 || head.lastOffsetDelta !== head.count - 1) {
    return refused('INVALID_RECORD', 'the offsets do not go from 0 to the count');
  }
  const wrong = content && judgeEach(records, { head, compression, content });
  return wrong ?? { kind: 'valid', head, compression };
}

interface Opened {
  readonly head: BatchHead;
  readonly compression: BatchCompression;
  readonly content: ContentCheck;
}

/** @returns what is wrong with the records, if anything is */
function judgeEach(
  records: Uint8Array,
  { head, compression, content }: Opened,
): ProduceJudgement | undefined {
  const { codecs, decompressedBytesMax, isCompacted } = content;
  let plain = records.subarray(batchLayout.records);
  try {
    if (compression !== 'none') {
      plain = codecs.decompress(compression, plain, decompressedBytesMax);
    }
  } catch (error) {
    if (error instanceof CodecError) return refusedBy(error);
    throw error;
  }
  const facts = recordFactsOf(plain, 0, plain.length);
  if (facts === undefined) return refused('CORRUPT_MESSAGE', 'the records cannot be read');
  if (facts.count !== head.count) {
    return refused('INVALID_RECORD', `${facts.count} records are there, ${head.count} are named`);
  }
  if (!facts.isSequential) return refused('INVALID_RECORD', 'the offsets do not go 0, 1, 2');
  if (isCompacted && facts.hasNullKey) {
    return refused('INVALID_RECORD', 'a record of a compacted topic has no key');
  }
  return undefined;
}

function refusedBy({ detail }: CodecError): ProduceJudgement {
  switch (detail.code) {
    case 'CORRUPT':
      return refused('CORRUPT_MESSAGE', `the records are no ${detail.kind}`);
    case 'TOO_LARGE':
      return refused('MESSAGE_TOO_LARGE', `the records hold over ${detail.sizeMax} bytes`);
    case 'UNSUPPORTED':
      return refused('UNSUPPORTED_COMPRESSION_TYPE', `${detail.kind} is not at hand`);
  }
}

function refused(code: ErrorName, message: string): ProduceJudgement {
  return { kind: 'refused', errorCode: errorCodes[code], message: `Cannot append: ${message}` };
}
