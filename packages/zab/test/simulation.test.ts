import { Simulation } from './simulation.ts';

describe('an ensemble under cuts, kills and power cuts', () => {
  it.each([1, 2, 3, 5])('keeps every invariant and converges with %i members', (memberCount) => {
    const modes = { diff: 0, trunc: 0, snap: 0 };
    for (let seed = 1; seed <= 60; seed++) {
      const simulation = new Simulation({ seed, memberCount });
      simulation.run();
      for (const mode of ['diff', 'trunc', 'snap'] as const) modes[mode] += simulation.modes[mode];
    }
    if (memberCount < 3) return;
    // The seeds are worth something only if they reach every way of synchronizing.
    expect(Math.min(modes.diff, modes.trunc, modes.snap)).toBeGreaterThan(0);
  });

  it('repeats a run from its seed', () => {
    const first = new Simulation({ seed: 7, memberCount: 3 });
    const second = new Simulation({ seed: 7, memberCount: 3 });
    first.run();
    second.run();
    expect(second.lines).toEqual(first.lines);
  });
});
