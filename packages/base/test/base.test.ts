import {
  assert,
  AssertionError,
  BoundedQueue,
  ByteReader,
  ByteWriter,
  ChunkedMemory,
  clearArray,
  crc32c,
  Prng,
  TimerQueue,
  utf8Decode,
  utf8Encode,
} from '../src/index.ts';

describe('assert', () => {
  it('names the facts when it fails', () => {
    expect(() => {
      assert(false, 'An offset is an integer', { offset: 1.5 });
    }).toThrow(new AssertionError('An offset is an integer', { offset: 1.5 }));
  });
});

describe('ChunkedMemory', () => {
  it('gives each taker bytes of its own, those of a chunk one behind the other', () => {
    const memory = new ChunkedMemory({ chunkBytes: 64 });
    const taken = Array.from({ length: 20 }, (_, index) => memory.take(10).fill(index));
    expect(taken.map((bytes) => [bytes.length, new Set(bytes)])).toEqual(
      taken.map((_, index) => [10, new Set([index])]),
    );
    // Six of ten fit into 64.
    expect(new Set(taken.map(({ buffer }) => buffer)).size).toBe(4);
  });

  it('gives more than a quarter of a chunk memory of its own, and ends no chunk for it', () => {
    const memory = new ChunkedMemory({ chunkBytes: 64 });
    const small = memory.take(1);
    expect(memory.take(17).buffer).toHaveProperty('byteLength', 17);
    expect(memory.take(16).buffer).toBe(small.buffer);
  });

  it('copies: what is copied may change afterwards', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const copy = new ChunkedMemory().copy(bytes);
    bytes.fill(9);
    expect(copy).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('asks the platform for memory where it is told to', () => {
    const asked: number[] = [];
    const allocate = (length: number): Uint8Array => {
      asked.push(length);
      return new Uint8Array(length);
    };
    const memory = new ChunkedMemory({ chunkBytes: 64, allocate });
    for (const length of [16, 16, 16, 16, 1, 65]) memory.take(length);
    expect(asked).toEqual([64, 64, 65]);
  });
});

describe('bytes', () => {
  it('shows what stands there now, whatever was shown before', () => {
    const writer = new ByteWriter(2);
    const show = (value: number): number[] => {
      writer.uint8(value);
      return [...writer.view()];
    };
    expect([show(1), show(2), show(3)]).toEqual([[1], [1, 2], [1, 2, 3]]);
    writer.reset();
    expect([show(4), show(5), show(6)]).toEqual([[4], [4, 5], [4, 5, 6]]);
    // A longer one in between, which needs a larger array.
    writer.raw(new Uint8Array(100));
    writer.reset();
    writer.raw(Uint8Array.of(7, 8, 9));
    expect([...writer.view()]).toEqual([7, 8, 9]);
    expect([...writer.finish()]).toEqual([7, 8, 9]);
    writer.raw(Uint8Array.of(1, 2, 3));
    expect([...writer.view()]).toEqual([1, 2, 3]);
  });

  it('reads back every number that it wrote', () => {
    const writer = new ByteWriter(1);
    const longs = [0, 1, -1, 2 ** 32, -(2 ** 32), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
    const varlongs = [0, 1, -1, 63, 64, -64, -65, 2 ** 40, -(2 ** 40)];
    for (const value of longs) writer.int64(value);
    for (const value of varlongs) writer.varlong(value);
    writer.uvarint(0xffffffff);
    writer.varint(-0x80000000);
    writer.int16(-2);
    writer.float64(1.25);
    const reader = new ByteReader(writer.view());
    expect(longs.map(() => reader.int64())).toEqual(longs);
    expect(varlongs.map(() => reader.varlong())).toEqual(varlongs);
    expect(reader.uvarint()).toBe(0xffffffff);
    expect(reader.varint()).toBe(-0x80000000);
    expect(reader.int16()).toBe(-2);
    expect(reader.float64()).toBe(1.25);
    expect(reader.remaining).toBe(0);
  });

  it('refuses to read past the end', () => {
    expect(() => new ByteReader(new Uint8Array(3)).int32()).toThrow(
      'Cannot read 4 bytes at 0: 3 are left',
    );
  });

  it('decodes UTF-8 as the platform does, wrong bytes included', () => {
    const prng = new Prng(7);
    for (let round = 0; round < 2000; round++) {
      const bytes = prng.fill(new Uint8Array(prng.below(12)));
      for (let index = 0; index < bytes.length; index += 2) bytes[index] = prng.below(0x80);
      const whole = Buffer.from(utf8Encode(utf8Decode(bytes))).toString('utf8');
      expect(utf8Decode(bytes)).toBe(whole);
    }
    for (const text of ['', 'a', 'ä', '€', '😀', 'x'.repeat(9000), '€'.repeat(5000)]) {
      expect(Buffer.from(utf8Encode(text)).toString('utf8')).toBe(text);
      expect(utf8Decode(Buffer.from(text, 'utf8'))).toBe(text);
    }
  });

  it("gives CRC-32C's published check value", () => {
    expect(crc32c(utf8Encode('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  });
});

describe('queues', () => {
  it.each([0, 1, 64, 65, 1000])('empties an array of %i', (count) => {
    const items = new Array<number>(count).fill(7);
    clearArray(items);
    expect(items).toEqual([]);
  });

  it('keeps order and refuses what is over its bound', () => {
    const queue = new BoundedQueue<number>(100);
    let next = 0;
    for (let round = 0; round < 300; round++) {
      expect(queue.push(round)).toBe(true);
      if (round % 2 === 1) expect(queue.shift()).toBe(next++);
      if (queue.count === 100) break;
    }
    expect(queue.push(-1)).toBe(false);
  });

  it('gives timers in the order of their times, set again or cancelled', () => {
    const prng = new Prng(3);
    const timers = new TimerQueue<number>();
    const due = new Map<number, number>();
    for (let round = 0; round < 5000; round++) {
      const key = prng.below(200);
      if (prng.chance(200)) {
        timers.cancel(key);
        due.delete(key);
      } else {
        const dueMs = prng.below(1000);
        timers.set(key, dueMs);
        due.set(key, dueMs);
      }
    }
    expect(timers.count).toBe(due.size);
    let lastMs = -1;
    for (let key = timers.takeDue(1000); key !== undefined; key = timers.takeDue(1000)) {
      const dueMs = due.get(key) ?? -1;
      expect(dueMs).toBeGreaterThanOrEqual(lastMs);
      lastMs = dueMs;
      due.delete(key);
    }
    expect(due.size).toBe(0);
  });
});

describe('chance', () => {
  it('gives the same draws for the same seed', () => {
    const draws = (seed: number): number[] => {
      const prng = new Prng(seed);
      return Array.from({ length: 5 }, () => prng.below(1000));
    };
    expect(draws(42)).toEqual(draws(42));
    expect(draws(42)).not.toEqual(draws(43));
  });
});
