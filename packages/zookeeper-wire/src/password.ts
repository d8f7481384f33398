import { type SessionId } from './sessionId.ts';

const passwordBytes = 16;
/** What ZooKeeper mixes into a session's id. It is in its source for all to read: a password proves no identity. */
const mixLow = 0xb3415c00;

const two24 = 0x100_0000;
const multiplierHigh = 0x5de;
const multiplierLow = 0xece66d;

/**
 * The password of a session, which every server can compute: 16 bytes.
 *
 * Source: ZooKeeper's SessionTracker password, and the generator that Java documents for `java.util.Random`.
 */
export function sessionPassword({ high, low }: SessionId): Uint8Array {
  return javaRandomBytes({ high, low: low ^ mixLow }, passwordBytes);
}

/** The bytes that `java.util.Random` of this seed draws first. */
export function javaRandomBytes(seed: SessionId, count: number): Uint8Array {
  // The state has 48 bits, kept as two numbers of 24, so that every product is a safe integer.
  let high = (((seed.high & 0xffff) << 8) | (seed.low >>> 24)) ^ multiplierHigh;
  let low = (seed.low & 0xff_ffff) ^ multiplierLow;
  const bytes = new Uint8Array(count);
  for (let index = 0; index < count; index += 4) {
    const product = low * multiplierLow + 0xb;
    const carry = Math.floor(product / two24);
    high = (high * multiplierLow + low * multiplierHigh + carry) % two24;
    low = product % two24;
    const draw = (high << 8) | (low >>> 16);
    for (let byte = 0; byte < 4 && index + byte < count; byte++) {
      bytes[index + byte] = draw >> (8 * byte);
    }
  }
  return bytes;
}
