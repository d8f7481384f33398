import { runTrials } from './trial.ts';

test('after a kill everything is there, after a power cut what was flushed and a prefix', () => {
  const seeds = Array.from({ length: 12 }, (_, seed) => seed);
  const counts = runTrials(seeds, 100);
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(10);
});
