import { type Prng } from '@zookafka/base';

const topicNameLengthMax = 249;

/** @returns why Kafka would refuse this name for a topic, or undefined when it is fine */
export function topicNameRefusal(topic: string): string | undefined {
  if (topic.length === 0) return 'Topic name is invalid: the empty string is not allowed';
  if (topic === '.' || topic === '..') return `Topic name is invalid: '${topic}' is not allowed`;
  if (topic.length > topicNameLengthMax) {
    return `Topic name is invalid: the length of '${topic}' is longer than the max allowed length ${topicNameLengthMax}`;
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(topic)) {
    return `Topic name is invalid: '${topic}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`;
  }
  return undefined;
}

/**
 * @returns a topic of `others` that differs from `topic` only where one has `.` and the other `_`: names of metrics
 *   cannot keep such two apart, so Kafka refuses the second; undefined when there is none
 */
export function topicNameCollision(topic: string, others: Iterable<string>): string | undefined {
  if (!/[._]/.test(topic)) return undefined;
  const key = collisionKey(topic);
  for (const other of others) {
    if (other !== topic && collisionKey(other) === key) return other;
  }
  return undefined;
}

/** @returns why a given assignment cannot be, or undefined when it can */
export function assignmentRefusal(
  assignment: readonly (readonly number[])[],
  live: readonly number[],
): string | undefined {
  const size = assignment[0]?.length ?? 0;
  for (const [partition, replicas] of assignment.entries()) {
    if (replicas.length === 0) return `No replicas are given for partition ${partition}`;
    if (new Set(replicas).size !== replicas.length) {
      return `Duplicate brokers not allowed in replica assignment: ${replicas.join(', ')} for partition ${partition}`;
    }
    if (replicas.length !== size) return 'Inconsistent replication factor between partitions';
    const unknown = replicas.find((broker) => !live.includes(broker));
    if (unknown !== undefined) return `Unknown broker specified: ${unknown}`;
  }
  return undefined;
}

/** @returns a random id of 16 bytes as 22 characters of base64url, never one that begins with `-` or is reserved */
export function randomId(prng: Prng): string {
  for (;;) {
    const bytes = prng.fill(new Uint8Array(16));
    // A random UUID: version 4 in byte 6, variant 2 in byte 8.
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
    const text = base64Url(bytes);
    if (!text.startsWith('-')) return text;
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function base64Url(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 3) {
    const isLast = index + 1 >= bytes.length;
    const bits =
      ((bytes[index] as number) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
    const digits = isLast ? 2 : index + 2 >= bytes.length ? 3 : 4;
    for (let digit = 0; digit < digits; digit++) {
      text += alphabet.charAt((bits >> (18 - digit * 6)) & 63);
    }
  }
  return text;
}

function collisionKey(topic: string): string {
  return topic.replaceAll('.', '_');
}
