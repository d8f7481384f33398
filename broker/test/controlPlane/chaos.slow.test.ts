import { runChaos } from './chaos.ts';

describe('under faults of every kind', () => {
  it('K10, K11, K15 and K22 hold on 300 seeds', () => {
    for (let seed = 1001; seed <= 1300; seed++) {
      const { breaches } = runChaos(seed);
      expect({ seed, breaches }).toEqual({ seed, breaches: [] });
    }
  }, 300_000);
});
