import { controllerRules, type ControllerRules } from '../../src/core/controlPlane/elections.ts';
import { faultKinds, runChaos } from './chaos.ts';

describe('under faults of every kind', () => {
  it('K10, K11, K15 and K22 hold on 15 seeds, and every kind of fault was seen', () => {
    const faults: Record<string, number> = {};
    for (let seed = 1; seed <= 15; seed++) {
      const chaos = runChaos(seed);
      expect({ seed, breaches: chaos.breaches }).toEqual({ seed, breaches: [] });
      expect(chaos.elections).toBeGreaterThan(6);
      expect(chaos.isrChanges).toBeGreaterThan(0);
      for (const [kind, count] of Object.entries(chaos.faults)) {
        faults[kind] = (faults[kind] ?? 0) + count;
      }
    }
    expect(Object.keys(faults).sort()).toEqual([...faultKinds].sort());
  });

  it('one seed has one history', () => {
    expect(runChaos(7).hash).toBe(runChaos(7).hash);
  });
});

const mutants: readonly (readonly [string, Partial<ControllerRules>])[] = [
  ['keeps the leader epoch', { leaderEpochAfter: (leaderEpoch) => leaderEpoch }],
  ['writes states whatever their version', { stateVersionExpected: () => -1 }],
  ['writes without a fence', { fenceVersion: () => -1 }],
  ['believes that a broker which returned never went', { isOfEarlierLife: () => false }],
  [
    'elects any live replica',
    {
      elect: (question) => {
        const answer = controllerRules.elect(question);
        const leader = question.replicas.find((broker) => question.live.includes(broker));
        if (answer === undefined || leader === undefined) return answer;
        return { ...answer, leader, isr: [leader, ...answer.isr.filter((id) => id !== leader)] };
      },
    },
  ],
  [
    'leaves nobody in sync when nobody lives',
    {
      elect: (question) => {
        const answer = controllerRules.elect(question);
        return answer?.leader === -1 ? { ...answer, isr: [] } : answer;
      },
    },
  ],
  [
    'elects nobody when an old member of the ISR returns',
    {
      elect: (question) => (question.leader === -1 ? undefined : controllerRules.elect(question)),
    },
  ],
];

describe('mutants of the controller', () => {
  it.each(mutants)('one that %s is found', (_, mutation) => {
    const seedMax = 60;
    let seed = 1;
    const isFound = (): boolean =>
      runChaos(seed, { ...controllerRules, ...mutation }).breaches.length > 0;
    while (seed <= seedMax && !isFound()) seed++;
    expect(seed).toBeLessThanOrEqual(seedMax);
  });
});
