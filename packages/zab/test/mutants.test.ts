import { mutants } from './mutants.ts';
import { Simulation, Violation } from './simulation.ts';

const seedCountMax = 200;

/** The first seed that finds a wrong rule, and what it says; undefined when none does. */
function seedThatFinds(
  mutant: (typeof mutants)[number],
): { seed: number; what: string } | undefined {
  const { memberCount, rules } = mutant;
  for (let seed = 1; seed <= seedCountMax; seed++) {
    try {
      new Simulation({ seed, memberCount, rules }).run();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      return { seed, what: error.message.split('\n')[0] as string };
    }
  }
  return undefined;
}

describe('the simulation finds', () => {
  it.each(mutants)('$name', (mutant) => {
    const found = seedThatFinds(mutant);
    process.stdout.write(`${mutant.name}: ${found?.seed ?? 'none'} seeds: ${found?.what ?? ''}\n`);
    expect(found).toBeDefined();
  });
});
