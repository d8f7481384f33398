/** How many events are kept for whoever must explain a violation. */
const keptMax = 50;
/** An input is shown with at most so many characters. */
const shownMax = 160;
const fnvPrime = 0x01000193;

/** A rule that did not hold, told in a sentence. */
export class Violation extends Error {
  override readonly name = 'Violation';
  /** `assertion` where a machine found its own bug. */
  readonly invariant: string;
  readonly events: readonly string[];

  constructor(invariant: string, sentence: string, events: readonly string[]) {
    super(`${invariant}: ${sentence}\nthe last ${events.length} events:\n${events.join('\n')}`);
    this.invariant = invariant;
    this.events = events;
  }
}

interface Kept {
  readonly atMs: number;
  readonly who: string;
  /** Becomes text only when somebody must read it. */
  readonly what: object | string;
}

/** All that happened, as a hash, and the last of it for readers. */
export class History {
  eventCount = 0;
  private readonly last: Kept[] = [];
  private high = 0x811c9dc5 | 0;
  private low = 0x1234567;

  /** Notes one event. */
  add(nowMs: number, text: string): void {
    this.mixText(text);
    this.keep({ atMs: nowMs, who: '', what: text });
  }

  /** Notes an input of a process: every step of every machine is part of the history. */
  addStep(nowMs: number, who: string, input: { readonly kind: string }): void {
    this.mixText(who);
    this.mixText(input.kind);
    this.keep({ atMs: nowMs, who, what: input });
  }

  /** Makes a number part of the history: the length of a message, say. */
  mix(value: number): void {
    this.high = Math.imul(this.high ^ value, fnvPrime);
    this.low = Math.imul((this.low ^ value) + (this.high >>> 15), fnvPrime);
  }

  /** The same for the same history, on every platform: 16 hexadecimal digits. */
  get hash(): string {
    const text = (half: number): string => (half >>> 0).toString(16).padStart(8, '0');
    return text(this.high) + text(this.low);
  }

  /** The last events, oldest first. */
  get lastEvents(): readonly string[] {
    const start = Math.max(0, this.eventCount - keptMax);
    return Array.from({ length: this.eventCount - start }, (_, index) =>
      textOf(this.last[(start + index) % keptMax] as Kept),
    );
  }

  /** @throws {Violation} always */
  violated(invariant: string, sentence: string): never {
    throw new Violation(invariant, sentence, this.lastEvents);
  }

  private keep(event: Kept): void {
    this.mix(event.atMs);
    this.last[this.eventCount % keptMax] = event;
    this.eventCount++;
  }

  private mixText(text: string): void {
    for (let index = 0; index < text.length; index++) this.mix(text.charCodeAt(index));
  }
}

function textOf({ atMs, who, what }: Kept): string {
  if (typeof what === 'string') return `${atMs} ${what}`;
  const { kind, ...rest } = what as { readonly kind: string };
  const facts = JSON.stringify(rest, (_, value: unknown) => {
    if (value instanceof Uint8Array) return `${value.length} bytes`;
    return value instanceof Map ? [...(value as Map<unknown, unknown>).entries()] : value;
  });
  return `${atMs} ${who} <- ${kind} ${facts.slice(0, shownMax)}`;
}
