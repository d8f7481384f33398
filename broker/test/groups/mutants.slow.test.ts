import { groupRules, type GroupRules } from '@zookafka/broker/core';
import { violationOf } from './chaos.ts';

const seedsMax = 40;

const mutants: readonly (readonly [string, Partial<GroupRules>, RegExp])[] = [
  ['a commit is acknowledged before it is stored', { answersBeforeStored: () => true }, /K1[89]/],
  ['anybody may commit', { judgeCommit: () => 0 }, /K18: generation/],
  [
    'a member of an older generation may commit',
    {
      judgeCommit: (asked) =>
        groupRules.judgeCommit({ ...asked, generationClaimed: asked.generation }),
    },
    /K18: generation/,
  ],
  ['the generation stays', { nextGeneration: (generation) => Math.max(1, generation) }, /K19/],
  [
    'offsets expire while the group is used',
    { isOffsetExpired: ({ wallMs, commitTimestamp }) => wallMs - commitTimestamp > 3000 },
    /K18/,
  ],
  ['silent members keep their place', { isLost: () => false }, /K19/],
];

describe('mutants of the group rules', () => {
  test.each(mutants)('%s: found', (_name, rules, expected) => {
    let found: string | undefined;
    for (let seed = 1; seed <= seedsMax && found === undefined; seed++) {
      found = violationOf(seed, rules);
    }
    expect(found).toMatch(expected);
  });
});

test('no violation in 60 seeds with the correct rules', () => {
  for (let seed = 1000; seed < 1060; seed++) {
    const found = violationOf(seed);
    if (found !== undefined) throw new Error(`seed ${seed}: ${found}`);
  }
});
