import { BytesError, CodedError } from '@zookafka/base';

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

/** The most bytes that a string may have, in compact form too. Source: Apache Kafka, its generated messages. */
export const textBytesMax = 0x7fff;

/** The refusal of a length or a count that cannot be. */
export function badLength(field: string, length: number): WireError {
  return new WireError(
    { code: 'BAD_LENGTH', field, length },
    `Cannot read ${field}: its length ${length} is not within the message`,
  );
}

/** The refusal of a string that no length before it could tell. */
export function textTooLong(field: string, length: number): WireError {
  return new WireError(
    { code: 'BAD_LENGTH', field, length },
    `Cannot write ${field}: it has ${length} bytes, at most ${textBytesMax} are possible`,
  );
}

/** The refusal of null where a version knows none. */
export function unexpectedNull(field: string, act: 'read' | 'write'): WireError {
  return new WireError(
    { code: 'UNEXPECTED_NULL', field },
    `Cannot ${act} ${field}: it is null, which this version does not allow`,
  );
}

/** What reading threw, as the refusal of a message that ends too early; bugs stay what they are. */
export function asWireError(cause: unknown): unknown {
  if (!(cause instanceof BytesError)) return cause;
  return new WireError(
    { code: 'TRUNCATED', field: '' },
    `Cannot read a message: ${cause.message}`,
    { cause },
  );
}
