const hex = '0123456789abcdef';

/**
 * A member id that nobody had before: the client's own name, and a random UUID of version 4.
 *
 * @param random gives integers from 0 to 2^32 - 1
 */
export function newMemberId(prefix: string, random: () => number): string {
  const words = [random(), random(), random(), random()];
  let digits = '';
  for (const word of words) {
    for (let shift = 28; shift >= 0; shift -= 4) digits += hex.charAt((word >>> shift) & 15);
  }
  const variant = hex.charAt(8 + (((words[2] as number) >>> 28) & 3));
  const parts = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20),
  ];
  return `${prefix}-${parts.join('-')}`;
}
