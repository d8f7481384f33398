import { Simulation } from './simulation.ts';

const seedCount = Number(process.env['ZOOKAFKA_SEEDS'] ?? 600);

describe(`an ensemble under faults, ${seedCount} seeds each`, () => {
  it.each([3, 4, 5])(
    'keeps every invariant and converges with %i members',
    (memberCount) => {
      for (let seed = 1; seed <= seedCount; seed++) {
        new Simulation({ seed: 1000 + seed, memberCount }).run();
      }
    },
    600_000,
  );
});
