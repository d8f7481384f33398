import { Prng } from '@zookafka/base';
import { brokerFrame, brokerFrameNames } from '../../src/fuzz/brokerFrames.ts';
import {
  connectFrame,
  coordinatorFrameNames,
  requestFrame,
} from '../../src/fuzz/coordinatorFrames.ts';
import { limitsBroken } from '../../src/fuzz/main.ts';
import { disturb, type Shot, type ValidFrame } from '../../src/fuzz/mutate.ts';
import { hello, peerFrameNames, peerMessage } from '../../src/fuzz/peerFrames.ts';
import { Tally } from '../../src/fuzz/tally.ts';

const draws = 3000;

describe('frames to send', () => {
  it.each<[string, readonly string[], (prng: Prng) => ValidFrame]>([
    ['brokers', brokerFrameNames, brokerFrame],
    [
      'coordinators',
      coordinatorFrameNames,
      (prng) => (prng.chance(30) ? connectFrame(prng) : requestFrame(prng)),
    ],
    ['peers', peerFrameNames, (prng) => (prng.chance(100) ? hello(prng, 9) : peerMessage(prng))],
  ])('to %s: every key, most of them changed behind the header only', (_, names, make) => {
    const prng = new Prng(1);
    const tally = new Tally();
    for (let count = 0; count < draws; count++) {
      tally.add('sort', disturb(make(prng), prng), 'nothing');
    }
    expect(tally.frames.mutated).toBeGreaterThan(draws * 0.6);
    const counts = tally.counts(names);
    expect(names.filter((name) => counts[name] === 0)).toEqual([]);
  });

  it('keep header and length where they are only changed behind it', () => {
    const prng = new Prng(2);
    for (let count = 0; count < draws; count++) {
      const frame = brokerFrame(prng);
      const { kind, bytes } = disturb(frame, prng);
      if (kind !== 'mutated') continue;
      expect(bytes.readInt32BE()).toBe(bytes.length - 4);
      const head = frame.bytes.subarray(4, frame.headBytes);
      expect(bytes.subarray(4, frame.headBytes)).toEqual(head);
    }
  });
});

describe('the findings', () => {
  it('count a request without a body as covered by its header', () => {
    const tally = new Tally();
    const ping: Shot = { name: 'ping', kind: 'valid', bytes: Buffer.alloc(12), hasBody: false };
    tally.add('jute', ping, 'answer');
    tally.add('jute', { ...ping, name: 'get', hasBody: true }, 'answer');
    expect(tally.counts(['ping', 'get', 'never'])).toEqual({ ping: 1, get: 0, never: 0 });
  });

  it('name who was slow and who grew', () => {
    const answers = { answers: 9, p50Ms: 1, p99Ms: 1001, maxMs: 1001, slowestEnd: '' };
    const broken = limitsBroken({
      bystanders: { broker: answers },
      grownBytes: { 'broker-1': 65 << 20, 'broker-2': 1 },
    });
    expect(broken).toEqual(["others' p99 at the broker is 1001 ms", 'broker-1 grew by 65 MiB']);
  });
});
