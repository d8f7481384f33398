import { LeaderEpochCache, ProducerState, sequenceAfter } from '@zookafka/partition-log';
import fc from 'fast-check';

describe('LeaderEpochCache', () => {
  const cache = (): LeaderEpochCache =>
    new LeaderEpochCache([
      { epoch: 2, startOffset: 10 },
      { epoch: 5, startOffset: 20 },
      { epoch: 7, startOffset: 30 },
    ]);

  test.each([
    ['the latest ends at the end of the log', 7, { epoch: 7, endOffset: 40 }],
    ['a later one is unknown', 8, { epoch: -1, endOffset: -1 }],
    ['one before the first ends where that starts', 1, { epoch: 1, endOffset: 10 }],
    ['a known one ends where the next starts', 5, { epoch: 5, endOffset: 30 }],
    ['a missing one is answered by the one before it', 6, { epoch: 5, endOffset: 30 }],
    ['none at all is unknown', -1, { epoch: -1, endOffset: -1 }],
  ])('%s', (_, epoch, wanted) => {
    expect(cache().endOffsetFor(epoch, 40)).toEqual(wanted);
  });

  test('an empty cache knows nothing, epoch 0 neither', () => {
    expect(new LeaderEpochCache().endOffsetFor(0, 5)).toEqual({ epoch: -1, endOffset: -1 });
  });

  test('an epoch without records gives way to the next at the same offset', () => {
    const epochs = cache();
    epochs.assign(8, 40);
    epochs.assign(9, 40);
    expect(epochs.entries.slice(3)).toEqual([{ epoch: 9, startOffset: 40 }]);
    expect(epochs.assign(9, 45)).toBe(false);
  });

  test('truncation drops entries at the end, and moves the first one up at the start', () => {
    const epochs = cache();
    expect(epochs.truncateFromEnd(30)).toBe(true);
    expect(epochs.truncateFromEnd(21)).toBe(false);
    expect(epochs.truncateFromStart(25)).toBe(true);
    expect(epochs.entries).toEqual([{ epoch: 5, startOffset: 25 }]);
    expect(epochs.truncateFromStart(25)).toBe(false);
    expect(epochs.truncateFromStart(3)).toBe(false);
  });

  test('whatever happens, epochs and offsets rise', () => {
    const step = fc.tuple(fc.nat(2), fc.nat(20), fc.nat(50));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const epochs = new LeaderEpochCache();
        for (const [kind, epoch, offset] of steps) {
          if (kind === 0) epochs.assign(epoch, offset);
          if (kind === 1) epochs.truncateFromEnd(offset);
          if (kind === 2) epochs.truncateFromStart(offset);
          epochs.entries.forEach((entry, index) => {
            const before = epochs.entries[index - 1];
            if (before === undefined) return;
            expect(entry.epoch).toBeGreaterThan(before.epoch);
            expect(entry.startOffset).toBeGreaterThan(before.startOffset);
          });
        }
      }),
    );
  });
});

describe('ProducerState', () => {
  const append = (state: ProducerState, baseSequence: number, more = {}): void => {
    const firstOffset = baseSequence + 100;
    state.append({
      producerId: 1,
      producerEpoch: 3,
      baseSequence,
      firstOffset,
      lastOffset: firstOffset + 1,
      timestamp: 1000,
      isTransactional: false,
      isControl: false,
      ...more,
    });
  };
  const filled = (): ProducerState => {
    const state = new ProducerState();
    for (let sequence = 0; sequence < 14; sequence += 2) append(state, sequence);
    return state;
  };

  test.each([
    ['the next sequence is appended', [3, 14, 16], { verdict: 'append' }],
    ['a gap is refused', [3, 15, 16], { error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }],
    ['a remembered batch is a duplicate', [3, 4, 5], { verdict: 'duplicate' }],
    ['one of six batches ago is not', [3, 2, 3], { error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }],
    ['half a remembered batch is not', [3, 12, 12], { error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }],
    ['an older epoch is refused', [2, 14, 14], { error: 'INVALID_PRODUCER_EPOCH' }],
    ['a newer epoch starts at 0', [4, 0, 3], { verdict: 'append' }],
    ['and only there', [4, 14, 15], { error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }],
  ] as const)('%s', (_, [producerEpoch, firstSequence, lastSequence], wanted) => {
    expect(filled().judge(1, { producerEpoch, firstSequence, lastSequence })).toMatchObject(wanted);
  });

  test('an unknown producer may start anywhere', () => {
    const claim = { producerEpoch: 0, firstSequence: 77, lastSequence: 78 };
    expect(filled().judge(2, claim)).toEqual({ verdict: 'append' });
  });

  test('a duplicate names the offsets of the first copy', () => {
    const claim = { producerEpoch: 3, firstSequence: 12, lastSequence: 13 };
    expect(filled().judge(1, claim)).toMatchObject({
      batch: { firstOffset: 112, lastOffset: 113 },
    });
  });

  test('after 2^31 - 1 comes 0', () => {
    expect(sequenceAfter(0x7fff_ffff, 1)).toBe(0);
    const state = new ProducerState();
    append(state, 0x7fff_fffe);
    const claim = { producerEpoch: 3, firstSequence: 0, lastSequence: 0 };
    expect(state.judge(1, claim)).toEqual({ verdict: 'append' });
  });

  test('what is restored knows the last batch, which is enough to go on', () => {
    const state = new ProducerState(filled().entries());
    expect(state.entries()).toEqual(filled().entries());
    const last = { producerEpoch: 3, firstSequence: 12, lastSequence: 13 };
    expect(state.judge(1, last)).toMatchObject({ verdict: 'duplicate' });
    expect(state.judge(1, { ...last, firstSequence: 14, lastSequence: 14 })).toEqual({
      verdict: 'append',
    });
  });

  test('idle producers expire, open transactions do not', () => {
    const state = filled();
    append(state, 0, { producerId: 2, isTransactional: true });
    expect(state.firstUnstableOffset).toBe(100);
    state.expire(1999, 1000);
    expect(state.count).toBe(2);
    state.expire(2000, 1000);
    expect(state.historyOf(1)).toBeUndefined();
    append(state, 2, { producerId: 2, isControl: true });
    expect(state.firstUnstableOffset).toBeUndefined();
    state.expire(2000, 1000);
    expect(state.count).toBe(0);
  });
});
