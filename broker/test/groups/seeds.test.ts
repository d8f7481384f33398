import { GroupChaos, violationOf } from './chaos.ts';

describe('members that come and go, coordinators that move (K18, K19)', () => {
  const seeds = Array.from({ length: 5 }, (_, index) => index + 1);

  test.each(seeds)('seed %i keeps offsets and owners', (seed) => {
    expect(violationOf(seed)).toBeUndefined();
  });

  test('something happens in it', () => {
    const { moves, stables, commits } = new GroupChaos(1).run();
    expect(moves).toBeGreaterThan(5);
    expect(stables).toBeGreaterThan(50);
    expect(commits).toBeGreaterThan(100);
  });
});
