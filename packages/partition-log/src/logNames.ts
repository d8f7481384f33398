import { parseCount } from './checkpointText.ts';

/** A partition of a topic. */
export interface PartitionId {
  readonly topic: string;
  readonly partition: number;
}

/** What a folder in a log directory is, told by its name. */
export type LogFolder =
  | ({ readonly kind: 'partition' } & PartitionId)
  | { readonly kind: 'deleted' | 'stray' | 'future' | 'foreign' };

const fileNameLengthMax = 255;
const offsetDigits = 20;

/** @returns the name of a partition's folder: `topic-0` */
export function partitionName({ topic, partition }: PartitionId): string {
  return `${topic}-${partition}`;
}

/** Tells what a folder is. Source: Apache Kafka, `LocalLog.parseTopicPartitionName`. */
export function parseFolder(name: string): LogFolder {
  if (/^\S+-\S+\.\S+-delete$/.test(name)) return { kind: 'deleted' };
  if (/^\S+-\S+\.\S+-stray$/.test(name)) return { kind: 'stray' };
  if (/^\S+-\S+\.\S+-future$/.test(name)) return { kind: 'future' };
  const dash = name.lastIndexOf('-');
  const digits = name.slice(dash + 1);
  const partition = dash < 1 ? undefined : parseCount(digits);
  if (partition === undefined || partition > 0x7fff_ffff || String(partition) !== digits) {
    return { kind: 'foreign' };
  }
  const topic = name.slice(0, dash);
  return /^[A-Za-z0-9._-]+$/.test(topic)
    ? { kind: 'partition', topic, partition }
    : { kind: 'foreign' };
}

/**
 * @param unique 32 hexadecimal digits that no other folder has
 * @returns the name that a partition's folder gets when it is deleted, or found without an owner
 */
export function retiredName(
  id: PartitionId,
  { unique, suffix }: { readonly unique: string; readonly suffix: 'delete' | 'stray' },
): string {
  const tail = `.${unique}-${suffix}`;
  return partitionName(id).slice(0, fileNameLengthMax - tail.length) + tail;
}

/** The files of one partition that carry an offset in their name. */
export type OffsetSuffix = 'log' | 'index' | 'timeindex' | 'snapshot';

/** @returns a name such as `00000000000000000042.log` */
export function offsetFileName(offset: number, suffix: OffsetSuffix): string {
  return `${String(offset).padStart(offsetDigits, '0')}.${suffix}`;
}

/** @returns the offset in a file's name, or undefined when it is not of that kind */
export function offsetOfFileName(name: string, suffix: OffsetSuffix): number | undefined {
  if (name.length !== offsetDigits + 1 + suffix.length || !name.endsWith(`.${suffix}`)) {
    return undefined;
  }
  const digits = name.slice(0, offsetDigits);
  if (!/^[0-9]+$/.test(digits)) return undefined;
  const offset = Number(digits);
  return Number.isSafeInteger(offset) ? offset : undefined;
}
