/** How many events are kept for whoever must explain a violation. */
const keptMax = 50;
const fnvPrime = 0x01000193;

/** A rule that did not hold, told in a sentence. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: string;
  readonly events: readonly string[];

  constructor(invariant: string, sentence: string, events: readonly string[]) {
    super(`${invariant}: ${sentence}\nthe last ${events.length} events:\n${events.join('\n')}`);
    this.invariant = invariant;
    this.events = events;
  }
}

/** All that happened, as a hash, and the last of it as text. */
export class History {
  eventCount = 0;
  private readonly last: string[] = [];
  private high = 0x811c9dc5 | 0;
  private low = 0x1234567;

  /** Notes one event. */
  add(nowMs: number, text: string): void {
    const line = `${nowMs} ${text}`;
    this.last[this.eventCount % keptMax] = line;
    this.eventCount++;
    for (let index = 0; index < line.length; index++) {
      const code = line.charCodeAt(index);
      this.high = Math.imul(this.high ^ code, fnvPrime);
      this.low = Math.imul((this.low ^ code) + (this.high >>> 15), fnvPrime);
    }
  }

  /** The same for the same history, on every platform: 16 hexadecimal digits. */
  get hash(): string {
    const text = (half: number): string => (half >>> 0).toString(16).padStart(8, '0');
    return text(this.high) + text(this.low);
  }

  /** The last events, oldest first. */
  get lastEvents(): readonly string[] {
    const start = Math.max(0, this.eventCount - keptMax);
    return Array.from(
      { length: this.eventCount - start },
      (_, index) => this.last[(start + index) % keptMax] as string,
    );
  }

  /** @throws {Violation} always */
  violated(invariant: string, sentence: string): never {
    throw new Violation(invariant, sentence, this.lastEvents);
  }
}
