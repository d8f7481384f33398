import { type SimulationReport, Simulation, Violation } from '@zookafka/simulator';

/** What a seed did, as a worker tells it. */
export interface SeedDone extends Omit<SimulationReport, 'faults'> {
  readonly kind: 'done';
  readonly faults: readonly (readonly [kind: string, count: number])[];
}

/** A rule that did not hold. */
export interface SeedViolated {
  readonly kind: 'violated';
  readonly seed: number;
  /** A sentence, and the last events before it. */
  readonly explanation: string;
}

/** What came of a seed. */
export type SeedResult = SeedDone | SeedViolated;

/** Runs one seed to its end. */
export function runSeed(seed: number, seconds: number): SeedResult {
  try {
    const { faults, ...report } = new Simulation({ seed, safetyMs: seconds * 1000 }).run();
    return { kind: 'done', ...report, faults: [...faults] };
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { kind: 'violated', seed, explanation: error.message };
  }
}
