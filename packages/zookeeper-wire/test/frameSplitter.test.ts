import * as fc from 'fast-check';
import { FrameSplitter } from '../src/index.ts';

function framed(bodies: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(
    Buffer.concat(
      bodies.flatMap((body) => {
        const head = Buffer.alloc(4);
        head.writeInt32BE(body.length);
        return [head, body];
      }),
    ),
  );
}

describe('the frame splitter', () => {
  it('gives the same frames however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 20 }),
        (bodies, cuts) => {
          const stream = framed(bodies);
          const splitter = new FrameSplitter();
          const frames: Uint8Array[] = [];
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const length = cuts[turn % cuts.length] as number;
            splitter.push(stream.subarray(at, at + length), frames);
            at += length;
          }
          expect(frames.map((frame) => [...frame])).toEqual(bodies.map((body) => [...body]));
          expect(splitter.pendingBytes).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('copies nothing when a frame lies in one chunk', () => {
    const stream = framed([new Uint8Array([1, 2, 3]), new Uint8Array([4])]);
    const frames: Uint8Array[] = [];
    new FrameSplitter().push(stream, frames);
    expect(frames.map((frame) => frame.buffer === stream.buffer)).toEqual([true, true]);
  });

  it('keeps what has come, not what was announced', () => {
    const splitter = new FrameSplitter();
    splitter.push(new Uint8Array([0, 0x0f, 0xff, 0xff, 1, 2]), []);
    expect(splitter.pendingBytes).toBe(6);
  });

  it.each([[[0xff, 0xff, 0xff, 0xff]], [[0, 0, 0, 11]]])(
    'refuses the length %j, after the frames before it',
    (head) => {
      const frames: Uint8Array[] = [];
      const splitter = new FrameSplitter(10);
      const stream = Uint8Array.from([...framed([new Uint8Array([7])]), ...head]);
      expect(() => {
        splitter.push(stream, frames);
      }).toThrow('at most 10 is taken');
      expect(frames).toEqual([new Uint8Array([7])]);
    },
  );
});
