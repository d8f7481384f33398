/** The example that people are shown first, against a cluster of real processes. */
import { runExample } from '../../src/example/example.ts';
import { clusterTimeoutMs, testCluster } from '../cluster.ts';

jest.setTimeout(clusterTimeoutMs);

describe('the example', () => {
  const cluster = testCluster({ coordinators: 3, brokers: 3 });

  it('carries on while broker 1 is killed and returns, and prints each state', async () => {
    const story: string[] = [];
    const figures = await runExample(cluster(), (text) => story.push(text));
    expect(figures.consumed).toBe(figures.produced);
    expect(figures.consumed).toBeGreaterThan(1000);
    const rowsOfP0 = story
      .join('\n')
      .split('\n')
      .filter((line) => line.trim().startsWith('P0'))
      .map((line) =>
        line
          .trim()
          .split(/\s{2,}/)
          .slice(0, 4),
      );
    expect(rowsOfP0).toEqual([
      ['P0', 'broker 1', '1, 2', '1, 2'],
      ['P0', 'broker 1', '1, 2', '1, 2'],
      ['P0', 'broker 2', '1, 2', '2'],
      ['P0', 'broker 2', '1, 2', expect.stringMatching(/^(1, 2|2, 1)$/) as string],
    ]);
  });
});
