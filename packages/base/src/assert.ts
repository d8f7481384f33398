/** Facts that explain a failed assertion or a refusal: looked at only when it happens. */
export type Facts = Readonly<Record<string, unknown>>;

/** A bug in this program: never caught to go on, only to stop a node with a clear message. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
  readonly facts: Facts;

  constructor(message: string, facts: Facts = {}) {
    super(`${message}${factsText(facts)}`);
    this.facts = facts;
  }
}

/**
 * Claims something that holds unless this program is wrong. Stays on in production.
 *
 * @param message a constant sentence; what varies goes into `facts`
 * @throws {AssertionError} when `condition` does not hold
 */
export function assert(condition: boolean, message: string, facts?: Facts): asserts condition {
  if (!condition) throw new AssertionError(message, facts);
}

/** Ends a `switch` over a union: the compiler refuses a case that was forgotten. */
export function unreachable(value: never): never {
  throw new AssertionError('A case was forgotten', { value });
}

/** Takes what must exist. @throws {AssertionError} when it does not */
export function defined<Value>(value: Value | undefined | null, message: string): Value {
  if (value === undefined || value === null) throw new AssertionError(message);
  return value;
}

function factsText(facts: Facts): string {
  const names = Object.keys(facts);
  if (names.length === 0) return '';
  return `: ${names.map((name) => `${name} ${textOf(facts[name])}`).join(', ')}`;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value);
  } catch {
    return String(value);
  }
}
