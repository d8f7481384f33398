/** A little torture: two producers that we did not write, each role killed once under load. */
import { runTorture } from '../../src/torture/torture.ts';
import { clusterTimeoutMs, testCluster } from '../cluster.ts';
import { describeForeign, missingProgram } from '../foreign.ts';

jest.setTimeout(2 * clusterTimeoutMs);

describeForeign('torture', missingProgram('kcat', ['-V']), () => {
  const cluster = testCluster({ coordinators: 3, brokers: 3 });

  it('loses, doubles and disorders nothing of what kcat and kafkajs wrote', async () => {
    const lines = 6000;
    const { kills, kcat, kafkajs } = await runTorture(
      cluster(),
      { lines, rounds: 1, seed: 1 },
      () => undefined,
    );
    const flawless = { lines, lost: 0, doubled: 0, disordered: 0, foreign: 0 };
    expect({ kcat, kafkajs }).toEqual({ kcat: flawless, kafkajs: flawless });
    expect(kills.map(({ role }) => role)).toEqual([
      'controller',
      'partition leader',
      "ensemble's leader",
    ]);
    expect(kills.every(({ recordsPerSecond }) => recordsPerSecond > 0)).toBe(true);
  });
});
