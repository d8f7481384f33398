/**
 * The partition of an internal topic that is responsible for a group or a transactional id.
 *
 * Source: Java's `String.hashCode`; Kafka takes the absolute value, of the least integer 0.
 */
export function coordinatorPartition(key: string, partitionCount: number): number {
  let hash = 0;
  for (let index = 0; index < key.length; index++) {
    hash = (Math.imul(hash, 31) + key.charCodeAt(index)) | 0;
  }
  const absolute = hash === -0x8000_0000 ? 0 : Math.abs(hash);
  return absolute % partitionCount;
}

const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;

/** The hash of Kafka's default partitioner. Source: Apache Kafka, `Utils.murmur2`. */
export function murmur2(data: Uint8Array): number {
  const { length } = data;
  let hash = seed ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let word =
      (data[at] as number) |
      ((data[at + 1] as number) << 8) |
      ((data[at + 2] as number) << 16) |
      ((data[at + 3] as number) << 24);
    word = Math.imul(word, multiplier);
    word = Math.imul(word ^ (word >>> 24), multiplier);
    hash = Math.imul(hash, multiplier) ^ word;
  }
  const rest = length - at;
  if (rest >= 3) hash ^= (data[at + 2] as number) << 16;
  if (rest >= 2) hash ^= (data[at + 1] as number) << 8;
  if (rest >= 1) hash = Math.imul(hash ^ (data[at] as number), multiplier);
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}

/** Which partition the Java clients choose for a key. */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fff_ffff) % partitionCount;
}
