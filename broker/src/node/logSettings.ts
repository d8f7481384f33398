import { type LogConfig, logConfigDefault } from '@zookafka/partition-log';
import { type Properties } from '@zookafka/runtime';

/** What a topic's own settings may change. */
export interface TopicSettings extends LogConfig {
  /** -1: for ever. */
  readonly retentionMs: number;
  /** -1: without limit. */
  readonly retentionBytes: number;
  /** Whether old segments go by age and size. */
  readonly isDeleting: boolean;
}

/** How this broker keeps its logs. */
export interface LogSettings {
  /** Where a topic says nothing. */
  readonly topic: TopicSettings;
  readonly retentionCheckMs: number;
  readonly checkpointMs: number;
  readonly deleteDelayMs: number;
  /** Of what was appended last, kept in memory over all partitions, in bytes. */
  readonly tailCacheBytes: number;
  readonly openFilesMax: number;
}

type Overrides = Readonly<Record<string, string>>;

const int32Max = 2 ** 31 - 1;
const long = { min: 1, max: Number.MAX_SAFE_INTEGER };
const orNever = { min: -1, max: Number.MAX_SAFE_INTEGER };
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Reads `log.*`. @throws {PropertiesError} */
export function readLogSettings(properties: Properties): LogSettings {
  const { segmentBytes, indexIntervalBytes, segmentIndexBytes } = logConfigDefault;
  const bytes = { min: 14, max: int32Max };
  const interval = { min: 1, max: int32Max };
  const policy = ['delete', 'compact', 'delete,compact', 'compact,delete'] as const;
  return {
    topic: {
      segmentBytes: properties.integer('log.segment.bytes', bytes, segmentBytes),
      segmentMs: readRollMs(properties),
      indexIntervalBytes: properties.integer(
        'log.index.interval.bytes',
        { min: 0, max: int32Max },
        indexIntervalBytes,
      ),
      segmentIndexBytes: properties.integer(
        'log.index.size.max.bytes',
        { min: 24, max: int32Max },
        segmentIndexBytes,
      ),
      retentionMs: readRetentionMs(properties),
      retentionBytes: properties.integer('log.retention.bytes', orNever, -1),
      isDeleting: properties.oneOf('log.cleanup.policy', policy, 'delete').includes('delete'),
    },
    retentionCheckMs: properties.integer('log.retention.check.interval.ms', interval, 5 * minuteMs),
    checkpointMs: properties.integer('log.flush.offset.checkpoint.interval.ms', interval, minuteMs),
    deleteDelayMs: properties.integer(
      'log.segment.delete.delay.ms',
      { min: 0, max: int32Max },
      minuteMs,
    ),
    tailCacheBytes: properties.integer(
      'zookafka.tail.cache.bytes',
      { min: 0, max: int32Max },
      32 << 20,
    ),
    openFilesMax: properties.integer('zookafka.open.files.max', { min: 1, max: 1 << 20 }, 500),
  };
}

/** Ms win over minutes, minutes over hours, as Kafka has it. */
function readRetentionMs(properties: Properties): number {
  const hours = properties.integer('log.retention.hours', orNever, 168);
  const minutes = properties.has('log.retention.minutes')
    ? properties.integer('log.retention.minutes', orNever)
    : undefined;
  const ms = properties.has('log.retention.ms')
    ? properties.integer('log.retention.ms', orNever)
    : undefined;
  if (ms !== undefined) return ms;
  if (minutes !== undefined) return minutes < 0 ? -1 : minutes * minuteMs;
  return hours < 0 ? -1 : hours * hourMs;
}

function readRollMs(properties: Properties): number {
  const hours = properties.integer('log.roll.hours', long, 168);
  return properties.integer('log.roll.ms', long, hours * hourMs);
}

/** @returns the settings of a topic: its own over those of the broker */
export function topicSettings(own: Overrides, { topic }: LogSettings): TopicSettings {
  const policy = own['cleanup.policy'];
  return {
    segmentBytes: numberOf(own['segment.bytes'], topic.segmentBytes),
    segmentMs: numberOf(own['segment.ms'], topic.segmentMs),
    indexIntervalBytes: numberOf(own['index.interval.bytes'], topic.indexIntervalBytes),
    segmentIndexBytes: numberOf(own['segment.index.bytes'], topic.segmentIndexBytes),
    retentionMs: numberOf(own['retention.ms'], topic.retentionMs),
    retentionBytes: numberOf(own['retention.bytes'], topic.retentionBytes),
    isDeleting: policy === undefined ? topic.isDeleting : policy.includes('delete'),
  };
}

/** A setting that was checked when it was made; a foreign one that is no number changes nothing. */
function numberOf(text: string | undefined, fallback: number): number {
  const value = Number(text);
  return text === undefined || !Number.isFinite(value) ? fallback : value;
}
