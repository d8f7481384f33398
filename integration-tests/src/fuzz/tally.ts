import { type Shot } from './mutate.ts';

/** What followed a shot within a moment. */
export type Outcome = 'answer' | 'end' | 'nothing';

/** What was sent, and what followed: shows that it reached somebody, and that nothing was left out. */
export class Tally {
  readonly frames = { mutated: 0, valid: 0, spoiled: 0 };
  readonly followed: Record<string, Record<Outcome, number>> = {};
  private readonly names = new Map<string, { mutated: number; bodiless: number }>();

  add(sort: string, { name, kind, hasBody }: Shot, outcome: Outcome): void {
    this.frames[kind]++;
    (this.followed[sort] ??= { answer: 0, end: 0, nothing: 0 })[outcome]++;
    const seen = this.names.get(name) ?? { mutated: 0, bodiless: 0 };
    this.names.set(name, seen);
    if (kind === 'mutated') seen.mutated++;
    else if (kind === 'valid' && !hasBody) seen.bodiless++;
  }

  /** All that was sent. */
  get total(): number {
    const { mutated, valid, spoiled } = this.frames;
    return mutated + valid + spoiled;
  }

  /** How many of the shots were followed by this. */
  count(outcome: Outcome): number {
    return Object.values(this.followed).reduce((sum, one) => sum + one[outcome], 0);
  }

  /** How often each of these was sent changed behind its header, or as it is where it is its header alone. */
  counts(names: readonly string[]): Readonly<Record<string, number>> {
    return Object.fromEntries(
      names.map((name) => {
        const { mutated, bodiless } = this.names.get(name) ?? { mutated: 0, bodiless: 0 };
        return [name, mutated === 0 ? bodiless : mutated];
      }),
    );
  }
}
