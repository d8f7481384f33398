/**
 * A tree's digest: the sum of one number a node, so that order does not matter and a changed node costs one subtraction
 * and one addition. Two lanes modulo 2^32.
 *
 * It finds members that differ by mistake, not by malice. Source: the idea of ZooKeeper's `AdHash`.
 */
export interface Digest {
  readonly high: number;
  readonly low: number;
}

/** The sum that grows and shrinks with the tree. */
export class DigestSum {
  private high = 0;
  private low = 0;

  get value(): Digest {
    return { high: this.high >>> 0, low: this.low >>> 0 };
  }

  add(high: number, low: number): void {
    this.high = (this.high + high) | 0;
    this.low = (this.low + low) | 0;
  }

  subtract(high: number, low: number): void {
    this.high = (this.high - high) | 0;
    this.low = (this.low - low) | 0;
  }
}

/** @returns a hash of bytes; null and empty differ */
export function hashBytes(bytes: Uint8Array | null): number {
  if (bytes === null) return 0x5bd1e995 | 0;
  let hash = 0x811c9dc5 ^ bytes.length;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

/** @returns a hash of a text's UTF-16 units */
export function hashText(text: string): number {
  let hash = 0x811c9dc5 ^ text.length;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
}

/** @returns `state` after a safe integer was mixed into it */
export function mixNumber(state: number, value: number): number {
  const high = Math.floor(value / 0x1_0000_0000);
  return mix(mix(state, high | 0), value | 0);
}

/** @returns `state` after a 32-bit integer was mixed into it */
export function mix(state: number, value: number): number {
  let mixed = Math.imul(state ^ value, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  return Math.imul(mixed, 0xc2b2ae35) ^ (mixed >>> 16);
}

/** @returns eight hexadecimal digits a lane */
export function digestText(digest: Digest): string {
  return digest.high.toString(16).padStart(8, '0') + digest.low.toString(16).padStart(8, '0');
}
