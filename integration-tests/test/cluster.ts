/** A cluster of real processes for the tests of a suite. */
import { type ClusterSize, ProcessCluster } from '../src/processCluster.ts';

export {
  freePortOffset,
  ProcessCluster as TestCluster,
  type ReadyLine,
  type StatusLine,
} from '../src/processCluster.ts';

/** Where a start and an end of a cluster must have happened, for `beforeAll` and `afterAll`. */
export const clusterTimeoutMs = 90_000;

/**
 * A cluster for the tests of the enclosing suite: started before the first, stopped after the last, also when they fail.
 *
 * Call it where the suite is described: `const cluster = testCluster({ coordinators: 3, brokers: 3 });`, and
 * `cluster()` in the tests.
 */
export function testCluster(size: ClusterSize): () => ProcessCluster {
  let cluster: ProcessCluster | undefined;
  beforeAll(async () => {
    cluster = await ProcessCluster.start(size);
  }, clusterTimeoutMs);
  afterAll(async () => {
    await cluster?.stop();
  }, clusterTimeoutMs);
  return () => {
    if (cluster === undefined) throw new Error('The cluster did not start');
    return cluster;
  };
}
