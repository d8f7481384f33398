import { type SimulationOptions } from '../src/index.ts';
import { zabRules } from '@zookafka/zab';

/** A wrong rule that whole-cluster seeds must find. */
export interface Mutant {
  readonly name: string;
  /** 0 where the ensemble alone shows it. */
  readonly brokerCount: number;
  readonly rules: NonNullable<SimulationOptions['rules']>;
}

const keepingWhatNobodyHas: typeof zabRules.synchronizationFor = (facts) => {
  const right = zabRules.synchronizationFor(facts);
  return right.mode === 'trunc' ? { mode: 'diff', zxid: facts.floorZxid } : right;
};

/** One or more of each sort; each package's own tests hold more, found by its own seeds. */
export const mutants: readonly Mutant[] = [
  {
    name: 'zab: a proposal is acknowledged before it is durable',
    brokerCount: 0,
    rules: { zab: { ackWaitsFor: 'nothing' } },
  },
  {
    name: 'zab: commits what the fastest has',
    brokerCount: 0,
    rules: { zab: { committableZxid: (acked) => Math.max(...acked) } },
  },
  {
    name: 'zab: NEWLEADER is acknowledged first',
    brokerCount: 0,
    rules: { zab: { newLeaderSteps: ['acknowledge', 'history', 'currentEpoch'] } },
  },
  {
    name: 'zab: the learner keeps what the leader never had',
    brokerCount: 0,
    rules: {
      zab: {
        synchronizationFor: keepingWhatNobodyHas,
      },
    },
  },
  {
    name: 'session and tree: ephemerals outlive their session',
    brokerCount: 0,
    rules: { member: { ephemeralsToDelete: () => [] } },
  },
  {
    name: 'session and tree: watches do not fire',
    brokerCount: 0,
    rules: { member: { triggersOf: () => [] } },
  },
  {
    name: 'session and tree: what changed while a client was away is not told',
    brokerCount: 0,
    rules: { member: { missedEvent: () => undefined } },
  },
  {
    name: 'controller: keeps the leader epoch',
    brokerCount: 3,
    rules: { controller: { leaderEpochAfter: (leaderEpoch) => leaderEpoch } },
  },
  {
    name: 'replication: the high watermark waits for nobody',
    brokerCount: 3,
    rules: {
      broker: {
        highWatermarkOf: ({ leaderEnd, highWatermark }) => Math.max(leaderEnd, highWatermark),
      },
    },
  },
  {
    name: 'replication: every sequence is new',
    brokerCount: 3,
    rules: { broker: { judgeSequence: () => ({ verdict: 'append' }) } },
  },
  {
    name: 'replication: anybody may join the ISR',
    brokerCount: 3,
    rules: { broker: { mayJoinIsr: () => true } },
  },
];
