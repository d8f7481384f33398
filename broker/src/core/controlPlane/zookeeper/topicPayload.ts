import { indexOf } from './znodePaths.ts';
import {
  integersOf,
  jsonDecode,
  jsonEncode,
  objectOf,
  textOf,
  textsByName,
  type JsonObject,
} from './json.ts';

/** What `/brokers/topics/T` holds. */
export interface TopicPayload {
  /** Base64url, 22 characters; null in znodes of versions 1 and 2. */
  readonly topicId: string | null;
  /** By partition: who holds a copy, the preferred leader first. */
  readonly replicas: readonly (readonly number[])[];
}

/**
 * @param before the payload that is replaced: what it holds beside the assignment is kept, because a program that
 *   drops a field which it does not know makes the next controller draw a second topic id
 * @returns the assignment in version 3 of its layout
 */
export function encodeTopic(topic: TopicPayload, before?: Uint8Array | null): Uint8Array {
  const kept: JsonObject = jsonDecode(before ?? null) ?? {};
  return jsonEncode({
    adding_replicas: {},
    removing_replicas: {},
    ...kept,
    version: 3,
    topic_id: topic.topicId ?? textOf(kept['topic_id']),
    partitions: Object.fromEntries(
      topic.replicas.map((brokers, index) => [String(index), brokers]),
    ),
  });
}

/** Reads versions 1 to 3. @returns undefined when it is no assignment of partitions from 0 without a gap */
export function decodeTopic(bytes: Uint8Array | null): TopicPayload | undefined {
  const json = jsonDecode(bytes);
  const partitions = objectOf(json?.['partitions']);
  if (json === undefined || partitions === undefined) return undefined;
  const replicas: (readonly number[] | undefined)[] = [];
  const names = Object.keys(partitions);
  for (const name of names) {
    const index = indexOf(name);
    if (index === undefined || index >= names.length) return undefined;
    replicas[index] = integersOf(partitions[name]);
  }
  if (names.some((_, index) => replicas[index] === undefined)) return undefined;
  return {
    topicId: textOf(json['topic_id']) ?? null,
    replicas: replicas as (readonly number[])[],
  };
}

/** @returns the settings of a topic, broker or client in their layout */
export function encodeConfig(config: ReadonlyMap<string, string>): Uint8Array {
  return jsonEncode({ version: 1, config: Object.fromEntries(config) });
}

/** @returns the settings; empty when there are none or they cannot be read */
export function decodeConfig(bytes: Uint8Array | null): ReadonlyMap<string, string> {
  return textsByName(jsonDecode(bytes)?.['config']);
}
