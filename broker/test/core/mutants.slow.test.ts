import { brokerRules, type BrokerRules } from '@zookafka/broker/core';
import { Chaos } from './chaos.ts';

const seedsMax = 60;

/** Rules with one bug each, most of them once in Kafka: a checker must see it. */
const mutants: [string, Partial<BrokerRules>][] = [
  [
    'the high watermark is the end of the leader',
    { highWatermarkOf: ({ leaderEnd }) => leaderEnd },
  ],
  [
    'a shrunk ISR counts before the cluster knows of it',
    {
      highWatermarkOf: (question) =>
        brokerRules.highWatermarkOf({
          ...question,
          isr: question.isrProposed ?? question.isr,
          isrProposed: undefined,
          isrMin: 1,
        }),
    },
  ],
  ['whoever fetches joins the ISR', { mayJoinIsr: () => true }],
  ['a follower that diverges is not told', { diverges: () => false }],
  ['a follower that diverges cuts nothing', { truncationOffset: ({ logEnd }) => logEnd }],
  [
    'a follower cuts to its own high watermark minus one',
    { truncationOffset: ({ highWatermark }) => Math.max(0, highWatermark - 1) },
  ],
  ['every batch is new', { judgeSequence: () => ({ verdict: 'append' }) }],
  ['a consumer reads to the end of the log', { readBound: ({ logEnd }) => logEnd }],
  [
    'a replica needs no fetch in this epoch to count as caught up',
    { highWatermarkOf: highWatermarkOfKnown },
  ],
];

function highWatermarkOfKnown(question: Parameters<BrokerRules['highWatermarkOf']>[0]): number {
  const followers = question.followers.filter(({ offsetNext }) => offsetNext >= 0);
  return brokerRules.highWatermarkOf({ ...question, followers });
}

function seedThatFinds(rules: Partial<BrokerRules>): { seed: number; message: string } | undefined {
  for (let seed = 1; seed <= seedsMax; seed++) {
    try {
      new Chaos(seed, rules).run(300);
    } catch (error) {
      return { seed, message: String(error) };
    }
  }
  return undefined;
}

describe('three brokers under kills, cuts and elections', () => {
  it('lose nothing, double nothing, and heal, in each of many seeds', () => {
    for (let seed = 100; seed < 160; seed++) new Chaos(seed).run(300);
  });
});

describe('a wrong rule of replication is found by seeds', () => {
  it.each(mutants)('%s', (_name, rules) => {
    const found = seedThatFinds(rules);
    expect(found).toBeDefined();
  });
});
