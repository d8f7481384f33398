import { assert } from '@zookafka/base';

const two32 = 0x1_0000_0000;

/** Epochs stay below this, so that every zxid is a safe integer. */
export const epochMax = 2 ** 21 - 1;

/** The last counter of an epoch: a leader that reaches it gives way to an election. */
export const counterMax = two32 - 1;

/**
 * A transaction's number: the leader's epoch in the high 32 bits, its counter in the low 32, as one safe integer.
 * Counter 0 is the epoch's mark, never a transaction.
 */
export function makeZxid(epoch: number, counter: number): number {
  assert(Number.isInteger(epoch) && epoch >= 0 && epoch <= epochMax, 'An epoch is below 2^21', {
    epoch,
  });
  assert(
    Number.isInteger(counter) && counter >= 0 && counter <= counterMax,
    'A counter has 32 bits',
    { counter },
  );
  return epoch * two32 + counter;
}

/** @returns the epoch of a zxid; -1 for a negative one */
export function epochOf(zxid: number): number {
  return zxid < 0 ? -1 : Math.floor(zxid / two32);
}

/** @returns the place of a zxid in its epoch */
export function counterOf(zxid: number): number {
  return zxid < 0 ? 0 : zxid % two32;
}

/** @returns whether a long that a peer sent can be a zxid at all */
export function isZxid(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** @returns the zxid as ZooKeeper prints it: `0x` and hexadecimal digits */
export function zxidText(zxid: number): string {
  return zxid < 0 ? `-0x${(-zxid).toString(16)}` : `0x${zxid.toString(16)}`;
}
