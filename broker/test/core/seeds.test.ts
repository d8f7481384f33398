import { Chaos } from './chaos.ts';

describe('three brokers under kills, cuts and elections', () => {
  it('lose nothing, double nothing, and heal, in every seed', () => {
    const sum = { acked: 0, elections: 0, kills: 0, cuts: 0, truncations: 0 };
    for (let seed = 1; seed <= 8; seed++) {
      const run = new Chaos(seed).run(300);
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += run[name];
    }
    expect(sum.acked).toBeGreaterThan(200);
    for (const count of Object.values(sum)) expect(count).toBeGreaterThan(10);
  });
});
