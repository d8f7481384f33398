import { assert } from './assert.ts';

/**
 * Seeded chance: the same seed gives the same draws on every platform, because only 32-bit integer
 * arithmetic is used. Source: sfc32 of PractRand (public domain), seeded by splitmix32.
 */
export class Prng {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** @param seed any integer; its low 32 bits count */
  constructor(seed: number) {
    let state = seed | 0;
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let mixed = state ^ (state >>> 16);
      mixed = Math.imul(mixed, 0x21f0aaad);
      mixed ^= mixed >>> 15;
      mixed = Math.imul(mixed, 0x735a2d97);
      return mixed ^ (mixed >>> 15);
    };
    this.a = next();
    this.b = next();
    this.c = next();
    for (let round = 0; round < 12; round++) this.uint32();
  }

  /** @returns an integer from 0 to 2^32 - 1 */
  uint32(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + sum) | 0;
    return sum >>> 0;
  }

  /** @returns an integer from 0 to `bound` - 1; `bound` from 1 to 2^32 */
  below(bound: number): number {
    assert(bound >= 1 && bound <= 0x1_0000_0000, 'A bound is from 1 to 2^32', { bound });
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    let draw = this.uint32();
    while (draw >= limit) draw = this.uint32();
    return draw % bound;
  }

  /** @returns an integer from `min` to `max`, both included */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** @returns true in `permille` of a thousand draws */
  chance(permille: number): boolean {
    return this.below(1000) < permille;
  }

  /** @returns one of `values`, which must not be empty */
  pick<Value>(values: readonly Value[]): Value {
    assert(values.length > 0, 'A draw needs something to draw from');
    return values[this.below(values.length)] as Value;
  }

  /** @returns a new source whose draws do not depend on how many are taken here later */
  fork(): Prng {
    return new Prng(this.uint32());
  }

  /** Fills `bytes` with draws. */
  fill(bytes: Uint8Array): Uint8Array {
    for (let index = 0; index < bytes.length; index++) bytes[index] = this.uint32() & 0xff;
    return bytes;
  }
}
