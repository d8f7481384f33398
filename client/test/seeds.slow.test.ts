/** Many seeds of one producer in a cluster that breaks. ZOOKAFKA_SEEDS multiplies them; a failure names its seed. */
import { runSeed } from './fake/seed.ts';

const seedCount = 1000 * Number(process.env['ZOOKAFKA_SEEDS'] ?? 1);
const firstSeed = 10_000;

describe('many seeds of a producer in a cluster that breaks', () => {
  it('deliver each acknowledged record exactly once and in order, and end every record', () => {
    for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
      try {
        runSeed(seed);
      } catch (error) {
        throw new Error(`Seed ${seed}`, { cause: error });
      }
    }
  });
});
