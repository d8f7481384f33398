import { FrameCutter } from '../../src/node/frameCutter.ts';
import { RequestMemory } from '../../src/node/requestMemory.ts';
import { ReusedFrames } from '../../src/node/reusedFrames.ts';

function frameOf(size: number, fill: number): Uint8Array {
  const bytes = new Uint8Array(4 + size).fill(fill);
  new DataView(bytes.buffer).setInt32(0, size);
  return bytes;
}

function lengthOf(size: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, size);
  return bytes;
}

const stream = Buffer.concat([frameOf(3, 1), frameOf(1, 2), frameOf(70_000, 3), frameOf(5, 4)]);
const expected = [
  [3, 1],
  [1, 2],
  [70_000, 3],
  [5, 4],
];

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) all.push(bytes.subarray(at, at + size));
  return all;
}

describe('FrameCutter', () => {
  it.each([1, 2, 3, 5, 7, 1000, 65_536, 1_000_000])(
    'cuts a stream that comes in pieces of %d',
    (size) => {
      const cutter = new FrameCutter(100_000, new RequestMemory());
      const found: number[][] = [];
      for (const piece of pieces(stream, size)) {
        cutter.push(piece);
        for (let frame = cutter.next(); frame !== undefined; frame = cutter.next()) {
          expect(frame.every((byte) => byte === frame[0])).toBe(true);
          found.push([frame.length, frame[0] as number]);
        }
      }
      expect(found).toEqual(expected);
      expect(cutter.bytesHeld).toBe(0);
    },
  );

  it('keeps nothing of the memory that a piece came in', () => {
    const cutter = new FrameCutter(100, new RequestMemory());
    const piece = frameOf(9, 1);
    cutter.push(piece);
    piece.fill(7);
    cutter.push(frameOf(9, 2));
    expect(cutter.next()).toEqual(new Uint8Array(9).fill(1));
    expect(cutter.next()).toEqual(new Uint8Array(9).fill(2));
  });

  it('takes little memory on the word of a length', () => {
    const taken: number[] = [];
    const memory = new RequestMemory();
    const cutter = new FrameCutter(100 << 20, {
      take: (length: number) => {
        taken.push(length);
        return memory.take(length);
      },
      giveBack: (bytes: Uint8Array) => {
        memory.giveBack(bytes);
      },
    });
    cutter.push(lengthOf(100 << 20));
    for (let count = 0; count < 5; count++) cutter.push(new Uint8Array(60_000));
    expect(Math.max(...taken)).toBeLessThan(1 << 20);
  });

  it('gives the frames before a length that cannot be', () => {
    const cutter = new FrameCutter(100, new RequestMemory());
    cutter.push(Buffer.concat([frameOf(9, 1), lengthOf(-5), frameOf(9, 2)]));
    expect(cutter.next()).toEqual(new Uint8Array(9).fill(1));
    expect(() => cutter.next()).toThrow('its length is -5');
    expect(() => cutter.next()).toThrow('its length is -5');
  });

  it.each([-1, 101, 0x7fff_ffff])('refuses a length of %d', (size) => {
    const cutter = new FrameCutter(100, new RequestMemory());
    cutter.push(lengthOf(size));
    expect(() => cutter.next()).toThrow(`its length is ${size}, at most 100 is taken`);
  });
});

describe('ReusedFrames', () => {
  it.each([1, 3, 4, 5, 1000, 65_536, 1_000_000])(
    'joins a stream that comes in pieces of %d',
    (size) => {
      const frames = new ReusedFrames(100_000);
      const found: number[][] = [];
      for (const piece of pieces(stream, size)) {
        frames.push(piece, (frame) => {
          expect(frame.every((byte) => byte === frame[0])).toBe(true);
          found.push([frame.length, frame[0] as number]);
        });
        frames.recycle();
      }
      expect(found).toEqual(expected);
    },
  );

  it('uses a buffer again only after the frames in it are done with', () => {
    const frames = new ReusedFrames(100);
    const found: Uint8Array[] = [];
    const keep = (frame: Uint8Array): void => {
      found.push(frame);
    };
    frames.push(frameOf(8, 1), keep);
    frames.push(frameOf(8, 2), keep);
    expect(found.map((frame) => frame[0])).toEqual([1, 2]);
    frames.recycle();
    frames.push(frameOf(8, 3), keep);
    expect(found.some((frame, index) => index < 2 && frame.buffer === found[2]?.buffer)).toBe(true);
  });

  it('keeps the buffer of a frame that is not whole', () => {
    const frames = new ReusedFrames(100);
    const whole = frameOf(10, 7);
    frames.push(whole.subarray(0, 9), () => undefined);
    frames.recycle();
    frames.push(whole.subarray(9), (frame) => {
      expect([...frame]).toEqual(new Array(10).fill(7));
    });
    expect.assertions(1);
  });

  it.each([-1, 101])('refuses a length of %d', (size) => {
    const frames = new ReusedFrames(100);
    expect(() => {
      frames.push(lengthOf(size), () => undefined);
    }).toThrow(`its length is ${size}`);
  });
});
