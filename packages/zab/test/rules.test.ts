import fc from 'fast-check';
import { counterMax, makeZxid } from '@zookafka/zookeeper-wire';
import {
  committableZxid,
  hasQuorum,
  isBetterVote,
  isLastOfEpoch,
  isNewerHistory,
  isNextZxid,
  judgeLeaderEpoch,
  nextEpoch,
  type SynchronizationFacts,
  synchronizationFor,
  type Vote,
} from '@zookafka/zab';

const small = fc.integer({ min: 0, max: 3 });
const vote = fc.record({ leader: small, zxid: small, peerEpoch: small });
const z = makeZxid;

/** ZOOKEEPER-1419: two parentheses made this order cyclic. */
function orderFailure(isBetter: (left: Vote, right: Vote) => boolean): unknown {
  const property = fc.property(vote, vote, vote, (a, b, c) => {
    const same = a.leader === b.leader && a.zxid === b.zxid && a.peerEpoch === b.peerEpoch;
    const isTotal = Number(isBetter(a, b)) + Number(isBetter(b, a)) + Number(same) === 1;
    return isTotal && (!isBetter(a, b) || !isBetter(b, c) || isBetter(a, c));
  });
  return fc.check(property, { seed: 1, numRuns: 5000 }).counterexample;
}

describe('votes', () => {
  it('are in a strict total order', () => {
    expect(orderFailure(isBetterVote)).toBeNull();
  });

  it('were not, when the id could decide between epochs (ZOOKEEPER-1419)', () => {
    const misplaced = (vote: Vote, other: Vote): boolean =>
      vote.peerEpoch > other.peerEpoch ||
      (vote.peerEpoch === other.peerEpoch && vote.zxid > other.zxid) ||
      (vote.zxid === other.zxid && vote.leader > other.leader);
    expect(orderFailure(misplaced)).not.toBeNull();
  });

  it('compare the epoch first, then the zxid, then the id', () => {
    const other = { leader: 2, zxid: 5, peerEpoch: 5 };
    expect(isBetterVote({ leader: 1, zxid: 1, peerEpoch: 6 }, other)).toBe(true);
    expect(isBetterVote({ leader: 1, zxid: 6, peerEpoch: 5 }, other)).toBe(true);
    expect(isBetterVote({ leader: 3, zxid: 5, peerEpoch: 5 }, other)).toBe(true);
    expect(isBetterVote(other, other)).toBe(false);
  });
});

describe('quorums', () => {
  it('share a member, whichever two they are', () => {
    for (let voterCount = 1; voterCount <= 9; voterCount++) {
      const smallest = Array.from({ length: voterCount }, (_, index) => index + 1).find((count) =>
        hasQuorum(count, voterCount),
      );
      expect((smallest as number) * 2).toBeGreaterThan(voterCount);
    }
  });

  it('commit what more than half have, and no more', () => {
    expect(committableZxid([7], 1)).toBe(7);
    expect(committableZxid([7, 5], 3)).toBe(5);
    expect(committableZxid([7, 9, 5], 3)).toBe(7);
    expect(committableZxid([9, 8, 3, 2, 1], 5)).toBe(3);
    expect(committableZxid([9, 9], 5)).toBe(-1);
  });
});

describe('epochs', () => {
  it('are one above every promise', () => {
    expect(nextEpoch([3, 7, 1])).toBe(8);
  });

  it('are promised once, and never downwards', () => {
    expect(judgeLeaderEpoch(4, 3)).toBe('accept');
    expect(judgeLeaderEpoch(4, 4)).toBe('acceptedBefore');
    expect(judgeLeaderEpoch(4, 5)).toBe('refuse');
  });

  it('decide which history is newer, before its length does', () => {
    expect(isNewerHistory({ currentEpoch: 2, lastZxid: 1 }, { currentEpoch: 1, lastZxid: 9 })).toBe(
      true,
    );
    expect(isNewerHistory({ currentEpoch: 1, lastZxid: 9 }, { currentEpoch: 1, lastZxid: 8 })).toBe(
      true,
    );
    expect(isNewerHistory({ currentEpoch: 1, lastZxid: 8 }, { currentEpoch: 1, lastZxid: 8 })).toBe(
      false,
    );
  });

  it('end with their last counter (ZOOKEEPER-1277)', () => {
    expect(isLastOfEpoch(z(1, counterMax))).toBe(true);
    expect(isLastOfEpoch(z(1, counterMax - 1))).toBe(false);
  });

  it('continue a log by the next counter or the first of a later epoch (ZOOKEEPER-4925)', () => {
    expect(isNextZxid(z(1, 2), z(1, 1))).toBe(true);
    expect(isNextZxid(z(1, 3), z(1, 1))).toBe(false);
    expect(isNextZxid(z(1, 1), z(1, 1))).toBe(false);
    expect(isNextZxid(z(3, 1), z(1, 9))).toBe(true);
    expect(isNextZxid(z(3, 2), z(1, 9))).toBe(false);
    expect(isNextZxid(z(1, 1), z(2, 9))).toBe(false);
  });
});

describe('a learner is synchronized', () => {
  const facts = (change: Partial<SynchronizationFacts>): SynchronizationFacts => ({
    peerZxid: z(2, 5),
    minZxid: z(1, 1),
    maxZxid: z(2, 9),
    floorZxid: z(2, 5),
    snapshotZxid: z(2, 8),
    ...change,
  });

  it('by nothing when it has the last', () => {
    const same = facts({ peerZxid: z(2, 9), floorZxid: z(2, 9) });
    expect(synchronizationFor(same)).toEqual({ mode: 'diff', zxid: z(2, 9) });
  });

  it('by DIFF when its last is in memory', () => {
    expect(synchronizationFor(facts({}))).toEqual({ mode: 'diff', zxid: z(2, 5) });
  });

  it('by TRUNC to the last when it is ahead', () => {
    const ahead = facts({ peerZxid: z(2, 11), floorZxid: z(2, 9) });
    expect(synchronizationFor(ahead)).toEqual({ mode: 'trunc', zxid: z(2, 9) });
  });

  it('by TRUNC to what both have when its last is unknown (ZOOKEEPER-1154)', () => {
    const unknown = facts({ peerZxid: z(1, 7), floorZxid: z(1, 4) });
    expect(synchronizationFor(unknown)).toEqual({ mode: 'trunc', zxid: z(1, 4) });
  });

  it('by SNAP when a cut would cross an epoch', () => {
    const crossing = facts({ peerZxid: z(2, 1), floorZxid: z(1, 4) });
    expect(synchronizationFor(crossing)).toEqual({ mode: 'snap', zxid: z(2, 8) });
  });

  it('by TRUNC all the same when a snapshot would take back what it delivered', () => {
    const crossing = facts({ peerZxid: z(2, 1), floorZxid: z(1, 4), snapshotZxid: z(1, 3) });
    expect(synchronizationFor(crossing)).toEqual({ mode: 'trunc', zxid: z(1, 4) });
  });

  it('by SNAP when it is behind what is in memory', () => {
    const behind = facts({ peerZxid: z(0, 9), floorZxid: -1 });
    expect(synchronizationFor(behind)).toEqual({ mode: 'snap', zxid: z(2, 8) });
  });

  it('never by TRUNC when it ends with the mark of an epoch', () => {
    const mark = facts({ peerZxid: z(2, 0), floorZxid: z(1, 4) });
    expect(synchronizationFor(mark)).toEqual({ mode: 'diff', zxid: z(2, 0) });
  });
});
