/** @returns how many bytes a zig-zag varint of a 32-bit integer takes */
export function varintSize(value: number): number {
  const raw = ((value << 1) ^ (value >> 31)) >>> 0;
  if (raw < 0x80) return 1;
  if (raw < 0x4000) return 2;
  if (raw < 0x20_0000) return 3;
  return raw < 0x1000_0000 ? 4 : 5;
}

/** @returns how many bytes a zig-zag varint of an integer below 2^52 takes */
export function varlongSize(value: number): number {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  let size = 1;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) size++;
  return size;
}
