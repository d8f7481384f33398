import { assignRange, decodeSubscription } from '../src/core/index.ts';
import { encodeAssignment, encodeSubscription, sequenceAfter } from '../src/core/wire.ts';
import { decodeAssignment } from '../src/core/index.ts';

describe('the range assignor', () => {
  it('deals partitions out in ranges, the first members getting one more', () => {
    const members = [
      { memberId: 'b', topics: ['t'] },
      { memberId: 'a', topics: ['t', 'u'] },
    ];
    const assigned = assignRange(
      members,
      new Map([
        ['t', 3],
        ['u', 2],
      ]),
    );
    expect(assigned.get('a')).toEqual([
      { topic: 't', partition: 0 },
      { topic: 't', partition: 1 },
      { topic: 'u', partition: 0 },
      { topic: 'u', partition: 1 },
    ]);
    expect(assigned.get('b')).toEqual([{ topic: 't', partition: 2 }]);
  });

  it('gives nothing of a topic that does not exist', () => {
    expect(assignRange([{ memberId: 'a', topics: ['none'] }], new Map()).get('a')).toEqual([]);
  });
});

describe("a group's own records", () => {
  it('reads back subscriptions and assignments', () => {
    expect(decodeSubscription(encodeSubscription(['b', 'a']))).toEqual(['b', 'a']);
    const partitions = [
      { topic: 't', partition: 2 },
      { topic: 't', partition: 0 },
    ];
    expect(decodeAssignment(encodeAssignment(partitions))).toEqual(
      partitions.map((partition) => ({ ...partition, offset: undefined })),
    );
    expect(decodeAssignment(new Uint8Array(0))).toEqual([]);
  });

  it('lets sequences go round', () => {
    expect(sequenceAfter(0x7fff_ffff, 2)).toBe(1);
  });
});
