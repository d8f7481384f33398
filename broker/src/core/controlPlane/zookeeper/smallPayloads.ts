import { utf8Decode, utf8Encode } from '@zookafka/base';
import { integerOf, jsonDecode, jsonEncode, textOf } from './json.ts';

/** @returns what the winner of an election writes to `/controller` */
export function encodeController(broker: number, timestampMs: number): Uint8Array {
  return jsonEncode({
    version: 2,
    brokerid: broker,
    timestamp: String(timestampMs),
    kraftControllerEpoch: -1,
  });
}

/** @returns the controller's broker id, or undefined when it cannot be read */
export function decodeController(bytes: Uint8Array | null): number | undefined {
  return integerOf(jsonDecode(bytes)?.['brokerid']);
}

/** @returns an epoch as plain decimal text */
export function encodeControllerEpoch(epoch: number): Uint8Array {
  return utf8Encode(String(epoch));
}

/** @returns the epoch, or undefined when it cannot be read */
export function decodeControllerEpoch(bytes: Uint8Array | null): number | undefined {
  return bytes === null ? undefined : integerOf(utf8Decode(bytes));
}

/** @returns the cluster's id in its layout, where the version is text */
export function encodeClusterId(id: string): Uint8Array {
  return jsonEncode({ version: '1', id });
}

/** @returns the cluster's id, or undefined when it cannot be read */
export function decodeClusterId(bytes: Uint8Array | null): string | undefined {
  return textOf(jsonDecode(bytes)?.['id']);
}

/** Producer ids that one broker may hand out: first to last, both included. */
export interface ProducerIdBlock {
  readonly broker: number;
  readonly first: number;
  readonly last: number;
}

/** @returns the block in its layout, where the ids are text */
export function encodeProducerIdBlock({ broker, first, last }: ProducerIdBlock): Uint8Array {
  return jsonEncode({ version: 1, broker, block_start: String(first), block_end: String(last) });
}

/** @returns the block; null when none was taken yet; undefined when it cannot be read */
export function decodeProducerIdBlock(
  bytes: Uint8Array | null,
): ProducerIdBlock | null | undefined {
  if (bytes === null || bytes.length === 0) return null;
  const json = jsonDecode(bytes);
  const broker = integerOf(json?.['broker']);
  const first = integerOf(json?.['block_start']);
  const last = integerOf(json?.['block_end']);
  if (broker === undefined || first === undefined || last === undefined) return undefined;
  return { broker, first, last };
}

/** @returns the mark of a topic id that was deleted on purpose: its name, for people and for traces */
export function encodeDeletedTopicId(topic: string): Uint8Array {
  return jsonEncode({ version: 1, topic });
}

/** @returns the name that the deleted topic had; empty when it cannot be read: the id alone counts */
export function decodeDeletedTopicId(bytes: Uint8Array | null): string {
  return textOf(jsonDecode(bytes)?.['topic']) ?? '';
}

/** @returns the notification of changed settings, as Kafka's own brokers expect it */
export function encodeConfigChange(entityPath: string): Uint8Array {
  return jsonEncode({ version: 2, entity_path: entityPath });
}
