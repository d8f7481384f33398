/** What every refusal carries: a code that a program can compare, and the facts of the case. */
export interface Refusal {
  readonly code: string;
}

/**
 * A refusal: the input was wrong, the program is right. Caught only where it becomes a wire code or a
 * sentence for a person. Subclasses give their union of refusals as the type argument.
 */
export class CodedError<Detail extends Refusal = Refusal> extends Error {
  override readonly name: string = 'CodedError';
  readonly detail: Detail;

  constructor(detail: Detail, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.detail = detail;
  }

  get code(): Detail['code'] {
    return this.detail.code;
  }
}
