import { CodedError } from '@zookafka/base';

/** Why a log or one of its files was refused. */
export type LogRefusal =
  /** A file that cannot be rebuilt does not hold what its format demands. */
  | { readonly code: 'FILE_BROKEN'; readonly path: string }
  /** A file of a version that this program does not know. */
  | { readonly code: 'FILE_NEWER'; readonly path: string; readonly version: string }
  /** Something in the log directory that is not ours. */
  | { readonly code: 'FILE_FOREIGN'; readonly path: string }
  /** Bytes that are no whole record batch of format 2. */
  | { readonly code: 'BATCH_BROKEN'; readonly position: number }
  /** A batch that would make offsets or leader epochs fall. */
  | { readonly code: 'APPEND_OUT_OF_ORDER'; readonly offset: number; readonly expected: number }
  | { readonly code: 'OFFSET_OUT_OF_RANGE'; readonly offset: number }
  /** An earlier write failed: what the file holds is unknown until the next recovery. */
  | { readonly code: 'LOG_FAILED'; readonly path: string };

/** A log, or a file of it, that cannot be used as asked. */
export class LogError extends CodedError<LogRefusal> {
  override readonly name = 'LogError';
}

/** @returns the error for a file whose content is not what its format demands */
export function fileBroken(path: string, fact: string): LogError {
  return new LogError({ code: 'FILE_BROKEN', path }, `Cannot use ${path}: ${fact}`);
}

/** @returns the error for a file of an unknown version */
export function fileNewer(path: string, version: string): LogError {
  return new LogError(
    { code: 'FILE_NEWER', path, version },
    `Cannot use ${path}: its version is ${version}, this program knows 0`,
  );
}
