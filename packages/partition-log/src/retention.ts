import { type LogConfig, type Segment } from './segment.ts';

/** What may be removed. */
export interface RetentionLimits {
  /** Wall time. */
  readonly nowMs: number;
  /** retention.ms: -1 for no limit. */
  readonly retentionMs: number;
  /** retention.bytes: -1 for no limit. */
  readonly retentionBytes: number;
  /** Nothing at or above it is removed. */
  readonly highWatermark: number;
}

/**
 * Counts the oldest segments that retention removes: all of them when the active one goes too, which is then
 * rolled first. Source: Apache Kafka, `UnifiedLog.deletableSegments`.
 */
export function retentionCount(
  segments: readonly Segment[],
  limits: RetentionLimits,
  log: { readonly startOffset: number; readonly endOffset: number; readonly config: LogConfig },
): number {
  let excess = -limits.retentionBytes;
  for (const segment of segments) excess += segment.size;
  let count = 0;
  for (const segment of segments) {
    const next = segments[count + 1];
    const end = next?.baseOffset ?? log.endOffset;
    if (end > limits.highWatermark || (next === undefined && segment.size === 0)) break;
    const isBelowStart = next !== undefined && next.baseOffset <= log.startOffset;
    const isExcess = limits.retentionBytes >= 0 && excess >= segment.size;
    if (!isBelowStart && !isExcess && !isExpired(segment, limits, log.config)) break;
    excess -= segment.size;
    count++;
  }
  return count;
}

function isExpired(segment: Segment, limits: RetentionLimits, config: LogConfig): boolean {
  if (limits.retentionMs < 0) return false;
  const largest = segment.largestTime(config);
  return largest !== undefined && limits.nowMs - largest.timestamp > limits.retentionMs;
}
