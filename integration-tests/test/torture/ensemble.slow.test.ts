/** Members of the ensemble die, then everything, under a producer, a consumer and a writer of znodes. */
import { runEnsembleTorture } from '../../src/torture/ensemble.ts';
import { clusterTimeoutMs, testCluster } from '../cluster.ts';
import { describeForeign, missingProgram } from '../foreign.ts';

jest.setTimeout(2 * clusterTimeoutMs);

describeForeign('torture of the ensemble', missingProgram('kcat', ['-V']), () => {
  const cluster = testCluster({ coordinators: 3, brokers: 3 });

  it('goes on, waits and recovers as it must, and keeps every acknowledged write', async () => {
    const quietMs = 6500;
    const figures = await runEnsembleTorture(cluster(), () => undefined, quietMs);
    expect(figures.writesMs).toBeLessThan(10_000);
    expect(figures.znodes).toBeGreaterThan(100);
    expect(figures.records).toBeGreaterThan(1000);
  });
});
