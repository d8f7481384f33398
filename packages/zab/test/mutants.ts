import { counterOf, epochOf } from '@zookafka/zookeeper-wire';
import { type Vote, type ZabRules, zabRules } from '@zookafka/zab';

/** A wrong rule that the simulation must find. */
export interface Mutant {
  readonly name: string;
  readonly memberCount: number;
  readonly rules: ZabRules;
}

/** Historical bugs by their number, others by what they do. */
export const mutants: readonly Mutant[] = [
  mutant('a minority is a quorum', 5, { hasQuorum: (count) => count >= 2 }),
  mutant('half is a quorum', 4, { hasQuorum: (count, voterCount) => count * 2 >= voterCount }),
  mutant('commits one acknowledgement early', 3, {
    committableZxid: (acked, voterCount) => zabRules.committableZxid(acked, voterCount - 2),
  }),
  mutant('commits what the fastest has', 5, {
    committableZxid: (acked) => Math.max(...acked),
  }),
  mutant('ZOOKEEPER-1154: the learner keeps what the leader never had', 3, {
    synchronizationFor: (facts) => {
      const right = zabRules.synchronizationFor(facts);
      return right.mode === 'trunc' ? { mode: 'diff', zxid: facts.floorZxid } : right;
    },
  }),
  mutant('ZOOKEEPER-4925: DIFF leaves one out and nobody looks for gaps', 3, {
    synchronizationFor: (facts) => {
      const right = zabRules.synchronizationFor(facts);
      const isInside = right.mode === 'diff' && facts.peerZxid < facts.maxZxid;
      return isInside ? { mode: 'diff', zxid: right.zxid + 1 } : right;
    },
    isNextZxid: (zxid, lastZxid) => zxid > lastZxid,
  }),
  mutant('ZOOKEEPER-3911: NEWLEADER is acknowledged first', 3, {
    newLeaderSteps: ['acknowledge', 'history', 'currentEpoch'],
  }),
  mutant('ZOOKEEPER-4643: the epoch is written before the history', 3, {
    newLeaderSteps: ['currentEpoch', 'history', 'acknowledge'],
  }),
  mutant('ZOOKEEPER-4646: the acknowledgement overtakes the epoch', 3, {
    newLeaderSteps: ['history', 'acknowledge', 'currentEpoch'],
  }),
  mutant('ZOOKEEPER-962: a promise is given before it is durable', 3, {
    promiseWaitsFor: 'nothing',
  }),
  mutant('a proposal is acknowledged before it is durable', 3, { ackWaitsFor: 'nothing' }),
  mutant('an earlier leader is followed', 3, {
    judgeLeaderEpoch: () => 'acceptedBefore',
  }),
  mutant('the next epoch is not new', 3, {
    nextEpoch: (accepted) => Math.max(...accepted),
  }),
  mutant('the shorter history wins, and nobody objects', 3, {
    isBetterVote: (vote: Vote, other: Vote) => vote.leader > other.leader,
    isNewerHistory: () => false,
  }),
  mutant('the cut is made at the last epoch, not at the common zxid', 3, {
    synchronizationFor: (facts) => {
      const right = zabRules.synchronizationFor(facts);
      if (right.mode !== 'trunc') return right;
      return { mode: 'trunc', zxid: right.zxid - counterOf(right.zxid) + 1 };
    },
  }),
  mutant('a learner behind the memory gets DIFF', 3, {
    synchronizationFor: (facts) => {
      const right = zabRules.synchronizationFor(facts);
      const { minZxid, peerZxid } = facts;
      const isNear = right.mode === 'snap' && epochOf(minZxid) === epochOf(peerZxid);
      return isNear ? { mode: 'diff', zxid: minZxid } : right;
    },
  }),
];

function mutant(name: string, memberCount: number, change: Partial<ZabRules>): Mutant {
  return { name, memberCount, rules: { ...zabRules, ...change } };
}
