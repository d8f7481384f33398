import { type Prng } from '@zookafka/base';

/** A frame as its receiver wants it. */
export interface ValidFrame {
  /** Of the request or message: protocol and key, operation or kind. */
  readonly name: string;
  /** With its length. */
  readonly bytes: Buffer;
  /** How many bytes, length included, are the header. */
  readonly headBytes: number;
}

/** One thing to send. */
export interface Shot {
  readonly name: string;
  /** A valid frame changed behind its header, a valid frame, or whatever else. */
  readonly kind: 'mutated' | 'valid' | 'spoiled';
  readonly bytes: Buffer;
  /** Whether there was something behind the header. */
  readonly hasBody: boolean;
}

/** Numbers at which lengths and counts go wrong. */
const edges = [
  ...[0, 1, -1, 2, -2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0xfffff, 0x100000],
  ...[0x1000000, 0x7ffffffe, 0x7fffffff, -0x80000000, -0x7fffffff, 0x40000000],
];
const insertBytesMax = 24;
const changesMax = 4;

/** Changes some bytes from `from` on: flips, edges where a length may be, cuts, copies, insertions. */
export function mutate(bytes: Buffer, prng: Prng, from: number): Buffer {
  let changed: Buffer = Buffer.from(bytes);
  const count = prng.between(1, changesMax);
  for (let change = 0; change < count; change++) {
    if (changed.length <= from) return changed;
    changed = once(changed, prng, from);
  }
  return changed;
}

function once(bytes: Buffer, prng: Prng, from: number): Buffer {
  const at = prng.between(from, bytes.length - 1);
  const other = prng.between(from, bytes.length - 1);
  switch (prng.below(8)) {
    case 0:
      bytes[at] = prng.below(256);
      return bytes;
    case 1:
      bytes[at] = (bytes[at] as number) ^ (1 << prng.below(8));
      return bytes;
    case 2:
      if (at + 4 <= bytes.length) bytes.writeInt32BE(prng.pick(edges), at);
      return bytes;
    case 3:
      if (at + 2 <= bytes.length) bytes.writeInt16BE((prng.pick(edges) << 16) >> 16, at);
      return bytes;
    case 4:
      return bytes.subarray(0, at);
    case 5:
      return Buffer.concat([
        bytes.subarray(0, at),
        noise(prng, insertBytesMax),
        bytes.subarray(at),
      ]);
    case 6:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(at, other))]);
    default:
      bytes.fill(prng.pick([0, 0xff, 0x80]), Math.min(at, other), Math.max(at, other));
      return bytes;
  }
}

/** Up to `max` bytes that mean nothing. */
export function noise(prng: Prng, max: number): Buffer {
  return prng.fill(Buffer.alloc(prng.between(1, max))) as Buffer;
}

/** Puts the length of what follows before it. */
export function framed(body: Uint8Array): Buffer {
  const frame = Buffer.alloc(4 + body.length);
  frame.writeInt32BE(body.length);
  frame.set(body, 4);
  return frame;
}

/**
 * One thing to send, made of a valid frame: mostly changed behind its header only, sometimes as it is, sometimes
 * changed anywhere, with a length that lies, or replaced by noise.
 */
export function disturb(frame: ValidFrame, prng: Prng): Shot {
  const draw = prng.below(100);
  if (draw < 70) return mutated(frame, prng);
  const { bytes } = frame;
  if (draw < 80) return shotOf(frame, 'valid', bytes);
  if (draw < 90) return shotOf(frame, 'spoiled', mutate(bytes, prng, 0));
  if (draw >= 96) return shotOf(frame, 'spoiled', noise(prng, 200));
  const lying = Buffer.from(bytes);
  lying.writeInt32BE(prng.pick(edges));
  return shotOf(frame, 'spoiled', lying);
}

/** The frame, changed behind its header, with a length that is right. */
function mutated(frame: ValidFrame, prng: Prng): Shot {
  const bytes = framed(mutate(frame.bytes, prng, frame.headBytes).subarray(4));
  return shotOf(frame, bytes.equals(frame.bytes) ? 'valid' : 'mutated', bytes);
}

/** Something to send, made of a valid frame. */
export function shotOf(
  { name, bytes: { length }, headBytes }: ValidFrame,
  kind: Shot['kind'],
  bytes: Buffer,
): Shot {
  return { name, kind, bytes, hasBody: length > headBytes };
}

/** An integer of so many bits, with a sign: often at an edge. */
export function integer(prng: Prng, bits: 8 | 16 | 32): number {
  const value = prng.chance(400)
    ? prng.pick(edges)
    : prng.chance(700)
      ? prng.below(20)
      : prng.uint32();
  return (value << (32 - bits)) >> (32 - bits);
}

/** A long that a number can hold. */
export function long(prng: Prng): number {
  if (prng.chance(600)) return integer(prng, 32);
  return (prng.chance(500) ? 1 : -1) * (prng.below(0x20_0000) * 0x1_0000_0000 + prng.uint32());
}
