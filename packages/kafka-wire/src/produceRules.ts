import { errorCodes } from './errors.ts';
import {
  type BatchHead,
  type Checksum,
  compressionOf,
  isControlBatch,
  isIntact,
  readBatchHead,
} from './recordBatch.ts';

/** What a leader's checks found of the records of one partition in a Produce request. */
export type ProduceJudgement =
  | { readonly kind: 'valid'; readonly head: BatchHead }
  | { readonly kind: 'refused'; readonly errorCode: number; readonly message: string };

/** What the checks need. */
export interface ProduceCheck {
  readonly apiVersion: number;
  readonly messageBytesMax: number;
  readonly checksum?: Checksum;
  /** Looks into compressed records: how many there are, or a refusal. */
  readonly countRecords?: (bytes: Uint8Array, head: BatchHead) => number | undefined;
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
  { apiVersion, countRecords }: ProduceCheck,
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
  if (countRecords !== undefined) {
    const count = countRecords(records, head);
    if (count === undefined) return refused('CORRUPT_MESSAGE', 'the records cannot be read');
    if (count !== head.count) {
      return refused('INVALID_RECORD', `${count} records are there, ${head.count} are named`);
    }
  }
  return { kind: 'valid', head };
}

function refused(code: keyof typeof errorCodes, message: string): ProduceJudgement {
  return { kind: 'refused', errorCode: errorCodes[code], message: `Cannot append: ${message}` };
}
