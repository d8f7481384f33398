/**
 * Many seeds of the whole cluster, the mutants that they must find, and one seed in two processes. ZOOKAFKA_SEEDS
 * multiplies the number of seeds for longer runs.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { faultKinds, Simulation, type SimulationReport, Violation } from '../src/index.ts';
import { mutants } from './mutants.ts';

const factor = Number(process.env['ZOOKAFKA_SEEDS'] ?? 1);
const seedsPerMutantMax = 100;
const firstSeed = 1000;

function runAll(count: number, brokerCount: number): readonly SimulationReport[] {
  return Array.from({ length: count * factor }, (_, index) =>
    new Simulation({ seed: firstSeed + index, brokerCount }).run(),
  );
}

function unseenFaults(reports: readonly SimulationReport[]): readonly string[] {
  const seen = new Set(reports.flatMap(({ faults }) => [...faults.keys()]));
  return faultKinds.filter((kind) => !seen.has(kind));
}

describe('seeds', () => {
  it('of the ensemble: no rule is broken, every sort of fault happens, much is acknowledged', () => {
    const reports = runAll(40, 0);
    expect(unseenFaults(reports)).toEqual(['brokerPowerCut']);
    expect(reports.filter(({ ackedOperations }) => ackedOperations < 100)).toEqual([]);
  });

  it('of the whole cluster: no rule is broken, every sort of fault happens, much is acknowledged', () => {
    const reports = runAll(16, 3);
    expect(unseenFaults(reports)).toEqual([]);
    expect(reports.filter(({ ackedOperations }) => ackedOperations < 100)).toEqual([]);
    expect(reports.filter(({ ackedRecords }) => ackedRecords < 100)).toEqual([]);
  });

  it('give the same history in another process', () => {
    const lib = join(__dirname, '..', 'lib', 'index.js');
    const script = `const { Simulation } = require(${JSON.stringify(lib)}); process.stdout.write(new Simulation({ seed: 7 }).run().hash)`;
    const other = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    expect(other.stdout).toBe(new Simulation({ seed: 7 }).run().hash);
  });
});

describe('mutants', () => {
  it.each(mutants)('$name', ({ name, brokerCount, rules }) => {
    for (let seed = 1; seed <= seedsPerMutantMax; seed++) {
      try {
        new Simulation({ seed, brokerCount, rules }).run();
      } catch (error) {
        // An assertion of a machine finds a bug too.
        if (!(error instanceof Violation) && !(error instanceof Error)) throw error;
        process.stdout.write(`${name}: seed ${seed}: ${error.message.split('\n')[0] ?? ''}\n`);
        return;
      }
    }
    throw new Error(`${name}: not found by ${seedsPerMutantMax} seeds`);
  });
});
