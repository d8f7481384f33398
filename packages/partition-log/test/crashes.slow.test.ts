import { runTrials } from './trial.ts';

test.each([1, 2, 3, 4, 5])('no seed of many loses what it must keep: part %d', (part) => {
  const seeds = Array.from({ length: 25 }, (_, index) => part * 1000 + index);
  const counts = runTrials(seeds, 120);
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(40);
});
