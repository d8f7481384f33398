import { CodedError } from '@zookafka/base';

/** Why bytes are no message, or a value cannot become one. */
export type WireRefusal =
  | { readonly code: 'BAD_LENGTH'; readonly field: string; readonly length: number }
  | { readonly code: 'UNEXPECTED_NULL'; readonly field: string }
  | { readonly code: 'UNSUPPORTED_VERSION'; readonly message: string; readonly version: number }
  | { readonly code: 'TRUNCATED'; readonly field: string };

/** Bytes that are no message: the only error that decoding throws. */
export class WireError extends CodedError<WireRefusal> {
  override readonly name = 'WireError';
}
