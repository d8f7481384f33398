import { clientRules, type ClientRules } from '../src/core/index.ts';
import { runSeed } from './fake/seed.ts';

const seedCount = 40;
const seedsPerMutantMax = 200;

const mutants: readonly { readonly name: string; readonly rules: Partial<ClientRules> }[] = [
  {
    name: 'new batches leave while a refused one waits for its retry',
    rules: {
      maySend: ({ isHeld, retryCount, gatheringCount, inFlightCount }) =>
        !isHeld && inFlightCount < 5 && (retryCount > 0 || gatheringCount > 0),
      isRetried: (code) => clientRules.isRetried(code) || code === 45,
    },
  },
  {
    name: 'others leave behind the first batch of all before it is acknowledged',
    rules: { maySend: (question) => clientRules.maySend({ ...question, isKnown: true }) },
  },
  { name: 'sequences stand still', rules: { sequenceAfter: (sequence) => sequence } },
  {
    name: 'a batch that may be written is written again under another epoch',
    rules: { maySealAnew: () => true },
  },
  {
    name: 'every refusal is taken for a sign that nothing was written',
    rules: { mayBeWritten: () => false },
  },
  {
    name: 'a moved leadership is not tried again, and its record said not to be written',
    rules: { isRetried: () => false, mayBeWritten: () => false },
  },
];

describe('a producer in a cluster that breaks', () => {
  it('delivers each acknowledged record exactly once and in order, and ends every record', () => {
    const reports = Array.from({ length: seedCount }, (_, index) => {
      try {
        return runSeed(index + 1);
      } catch (error) {
        throw new Error(`Seed ${index + 1}`, { cause: error });
      }
    });
    const sum = (of: (report: (typeof reports)[0]) => number): number =>
      reports.reduce((total, report) => total + of(report), 0);
    expect(sum(({ delivered }) => delivered)).toBeGreaterThan(seedCount * 90);
    expect(sum(({ notDelivered }) => notDelivered)).toBeGreaterThan(0);
    expect(sum(({ moves }) => moves)).toBeGreaterThan(seedCount);
    expect(sum(({ cuts }) => cuts)).toBeGreaterThan(seedCount);
    expect(sum(({ tooLarge }) => tooLarge)).toBeGreaterThan(seedCount / 2);
  });

  it('does the same for the same seed', () => {
    expect(runSeed(7)).toEqual(runSeed(7));
  });

  it.each(mutants)('shows that $name', ({ rules }) => {
    const found = Array.from({ length: seedsPerMutantMax }, (_, index) => index + 1).find(
      (seed) => {
        try {
          runSeed(seed, { ...clientRules, ...rules });
          return false;
        } catch {
          return true;
        }
      },
    );
    expect(found).toBeDefined();
  });
});
