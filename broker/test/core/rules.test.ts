import {
  type BrokerEndpoint,
  brokerRules as rules,
  type PartitionMetadata,
} from '@zookafka/broker/core';

const endpoint = (id: number, epoch = 5): [number, BrokerEndpoint] => [
  id,
  { id, epoch, host: 'h', port: 1, rack: null },
];
const brokers = new Map([endpoint(1), endpoint(2), endpoint(3)]);
const follower = (broker: number, offsetNext: number, facts: object = {}) => ({
  broker,
  brokerEpoch: 5,
  offsetNext,
  caughtUpMs: -Infinity,
  ...facts,
});
const state: PartitionMetadata = {
  topic: 't',
  topicId: 'i',
  partition: 0,
  leader: 1,
  leaderEpoch: 4,
  partitionEpoch: 7,
  controllerEpoch: 1,
  replicas: [1, 2, 3],
  isr: [1, 2],
  stateZxid: 50,
};

describe('which state is newer', () => {
  it.each([
    [{ leaderEpoch: 5, partitionEpoch: 1 }, true],
    [{ leaderEpoch: 4, partitionEpoch: 8 }, true],
    [{ leaderEpoch: 4, partitionEpoch: 7 }, false],
    [{ leaderEpoch: 3, partitionEpoch: 9 }, false],
  ])('%j after epoch 4, version 7: %s', (told, isNewer) => {
    expect(rules.isStateNewer({ known: state, told: { ...state, ...told } })).toBe(isNewer);
  });
});

describe('leadership is accepted', () => {
  const ask = (facts: object) =>
    rules.acceptsLeadership({ state, broker: 1, brokerEpoch: 40, epochLed: -1, ...facts });

  it('when the state is younger than the registration', () => {
    expect(ask({})).toBe(true);
  });

  it('not when the state is older: it was meant for an earlier process', () => {
    expect(ask({ brokerEpoch: 60 })).toBe(false);
  });

  it('when this process leads that epoch already, whatever the registration', () => {
    expect(ask({ brokerEpoch: 60, epochLed: 4 })).toBe(true);
  });

  it('not when another is named', () => {
    expect(ask({ broker: 2 })).toBe(false);
  });
});

describe('a replica keeps up', () => {
  const ask = (offsetNext: number, caughtUpMs: number) =>
    rules.isCaughtUp({
      follower: follower(2, offsetNext, { caughtUpMs }),
      leaderEnd: 10,
      nowMs: 1000,
      lagMaxMs: 100,
    });

  it('when it has everything, however long ago it fetched', () => {
    expect(ask(10, -Infinity)).toBe(true);
  });

  it('when it had everything a short time ago', () => {
    expect(ask(3, 900)).toBe(true);
    expect(ask(3, 899)).toBe(false);
  });
});

describe('a replica may join the ISR', () => {
  const ask = (facts: object, epochStart = 0) =>
    rules.mayJoinIsr({ follower: follower(3, 10, facts), highWatermark: 10, epochStart, brokers });

  it('when it has what is committed', () => {
    expect(ask({})).toBe(true);
    expect(ask({ offsetNext: 9 })).toBe(false);
  });

  it('not before it has come to the start of the epoch', () => {
    expect(ask({}, 11)).toBe(false);
  });

  it('not when its registration is another one by now', () => {
    expect(ask({ brokerEpoch: 4 })).toBe(false);
  });

  it('when it does not tell its registration, as real brokers do, but is registered', () => {
    expect(ask({ brokerEpoch: -1 })).toBe(true);
    expect(ask({ brokerEpoch: -1, broker: 9 })).toBe(false);
  });
});

describe('the high watermark', () => {
  const ask = (facts: object) =>
    rules.highWatermarkOf({
      highWatermark: 3,
      leaderEnd: 10,
      isr: [1, 2],
      isrProposed: undefined,
      isrMin: 1,
      followers: [follower(2, 8), follower(3, 4)],
      brokers,
      nowMs: 1000,
      lagMaxMs: 100,
      ...facts,
    });

  it('is where the slowest member of the ISR is', () => {
    expect(ask({})).toBe(8);
  });

  it('waits for a member that is proposed', () => {
    expect(ask({ isrProposed: [1, 2, 3] })).toBe(4);
  });

  it('waits for a member that is to go, until it is gone', () => {
    expect(ask({ isr: [1, 2, 3], isrProposed: [1, 2] })).toBe(4);
  });

  it('waits for a replica that keeps up and is about to join', () => {
    expect(ask({ followers: [follower(2, 8), follower(3, 4, { caughtUpMs: 950 })] })).toBe(4);
  });

  it('does not move while the ISR is too small', () => {
    expect(ask({ isrMin: 3 })).toBe(3);
  });

  it('never falls, and waits for a member that has not fetched in this epoch', () => {
    expect(ask({ followers: [follower(2, -1)] })).toBe(3);
  });

  it('of a follower is at most the end of its log', () => {
    const ask2 = (leaderHighWatermark: number) =>
      rules.followerHighWatermark({ highWatermark: 0, leaderHighWatermark, logEnd: 6 });
    expect([ask2(5), ask2(7)]).toEqual([5, 6]);
  });
});

describe('epochs', () => {
  it('of a reader are fenced when older, unknown when newer, not looked at when -1', () => {
    expect([3, 4, 5, -1].map((claimed) => rules.judgeEpoch(claimed, 4))).toEqual([74, 0, 75, 0]);
  });

  it.each([
    [-1, 5, { epoch: 2, endOffset: 3 }, false],
    [2, 3, { epoch: 2, endOffset: 3 }, false],
    [2, 4, { epoch: 2, endOffset: 3 }, true],
    [2, 3, { epoch: 1, endOffset: 3 }, true],
  ])(
    'of the last record %i, at %i, leader %j: diverges %s',
    (last, fetchOffset, leaderEpochEnd, is) => {
      expect(rules.diverges({ lastFetchedEpoch: last, fetchOffset, leaderEpochEnd })).toBe(is);
    },
  );

  it.each([
    [{ epoch: 1, endOffset: 5 }, { epoch: 1, endOffset: 7 }, 5],
    [{ epoch: 1, endOffset: 9 }, { epoch: 1, endOffset: 7 }, 7],
    [{ epoch: 1, endOffset: 50 }, { epoch: 1, endOffset: 40 }, 10],
    [{ epoch: 1, endOffset: 6 }, { epoch: -1, endOffset: -1 }, 6],
    [{ epoch: -1, endOffset: -1 }, { epoch: 1, endOffset: 7 }, 4],
  ])('the leader says %j, the own log %j: cut at %i', (diverging, ownEpochEnd, offset) => {
    const found = rules.truncationOffset({ diverging, ownEpochEnd, logEnd: 10, highWatermark: 4 });
    expect(found).toBe(offset);
  });
});

describe('an append', () => {
  it('with acks=all needs enough members, with others none', () => {
    expect(rules.mayAppend({ acks: -1, isrCount: 1, isrMin: 2 })).toBe(false);
    expect(rules.mayAppend({ acks: -1, isrCount: 2, isrMin: 2 })).toBe(true);
    expect(rules.mayAppend({ acks: 1, isrCount: 1, isrMin: 2 })).toBe(true);
  });
});

describe('a consumer', () => {
  it('reads to the high watermark', () => {
    expect(rules.readBound({ highWatermark: 3, logEnd: 9 })).toBe(3);
  });
});
