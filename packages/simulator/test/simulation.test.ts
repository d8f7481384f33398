import { Simulation, type SimulationReport } from '../src/index.ts';

function run(seed: number, brokerCount: number): SimulationReport {
  return new Simulation({ seed, brokerCount }).run();
}

describe('a cluster in virtual time', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('an ensemble keeps every rule: seed %i', (seed) => {
    const report = run(seed, 0);
    expect(report.ackedOperations).toBeGreaterThanOrEqual(100);
    expect(report.elections).toBeGreaterThan(0);
  });

  // 14 and 60 found a producer that lost its order, and one that sent a batch twice.
  it.each([6, 14, 60])('brokers and clients keep every rule: seed %i', (seed) => {
    const report = run(seed, 3);
    expect(report.ackedOperations).toBeGreaterThanOrEqual(100);
    expect(report.ackedRecords).toBeGreaterThanOrEqual(100);
  });

  it('has one history for one seed, and another for another', () => {
    expect(run(4, 0).hash).toBe(run(4, 0).hash);
    expect(run(5, 0).hash).not.toBe(run(4, 0).hash);
  });

  it('explains a violation in a sentence, with the last 50 events before it', () => {
    const rules = { member: { ephemeralsToDelete: () => [] } };
    const broken = (): void => {
      for (let seed = 1; seed < 20; seed++) new Simulation({ seed, brokerCount: 0, rules }).run();
    };
    expect(broken).toThrow(/^Z23: on member \d .* belongs to session 0x[0-9a-f]+, which has ended/);
    expect(broken).toThrow(/the last 50 events:\n\d+ /);
  });
});
