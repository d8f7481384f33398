import { ByteReader, BytesError } from '@zookafka/base';
import {
  consumerProtocolSubscription,
  decodeRecordData,
  errorCodes,
  WireError,
} from '@zookafka/kafka-wire';
import { type Group } from './group.ts';
import { type GroupTimer } from './groupTimers.ts';
import { type JoinParts } from './joinParts.ts';
import { type LedPartition } from './groupPartitions.ts';
import { type OffsetEntry } from './offsetTable.ts';

/** The protocol of consumers: the only one whose members' subscriptions can be read. */
const consumerProtocol = 'consumer';

/**
 * Removes offsets that nobody used for the retention, and groups that have nothing left. One partition at a time, so
 * that no step walks over all groups: each has its turn once in `offsets.retention.check.interval.ms`.
 *
 * Source: Apache Kafka 3.9, `GroupMetadataManager.cleanupGroupMetadata`.
 */
export class OffsetExpiry {
  private readonly parts: JoinParts;
  private readonly timer: GroupTimer = { kind: 'expiry' };
  private lastPartition = -1;

  constructor(parts: JoinParts) {
    this.parts = parts;
  }

  /** There may be something to look after. */
  arm(): void {
    const { timers, settings } = this.parts.context;
    const count = this.parts.partitions.led.length;
    if (count === 0 || timers.has(this.timer)) return;
    timers.after(this.timer, Math.ceil(settings.offsetsRetentionCheckMs / count));
  }

  onDue(): void {
    const led = this.next();
    if (led?.load === undefined) {
      for (const group of [...(led?.groups.values() ?? [])]) this.lookAt(group);
    }
    this.arm();
  }

  /** Deletes a group and its offsets. @param onDone Kafka's error, or 0 when it is gone for good */
  delete(group: Group, onDone: (errorCode: number) => void): void {
    const { port, store } = this.parts.context;
    if (group.offsets.pendingCount > 0) {
      // A commit that is behind the removal in the log would bring the group back.
      onDone(errorCodes.COORDINATOR_NOT_AVAILABLE);
      return;
    }
    // Dead meanwhile: nobody joins or commits.
    group.moveTo('Dead', port.wallMs);
    store.remove(group, [...group.offsets.entries()], group.generation > 0, (errorCode) => {
      if (this.parts.partitions.holds(group)) {
        if (errorCode === 0) this.parts.partitions.removeGroup(group);
        else group.moveTo('Empty', port.wallMs);
      }
      onDone(errorCode);
    });
  }

  private next(): LedPartition | undefined {
    const led = [...this.parts.partitions.led].sort(
      (one, other) => one.partition - other.partition,
    );
    const next = led.find(({ partition }) => partition > this.lastPartition) ?? led[0];
    this.lastPartition = next?.partition ?? -1;
    return next;
  }

  private lookAt(group: Group): void {
    const { partitions, context } = this.parts;
    if (group.offsets.pendingCount > 0 || group.state === 'Dead') return;
    const expired = this.expiredOf(group);
    for (const { topic, partition } of expired) group.offsets.delete(topic, partition);
    const isOver = group.state === 'Empty' && group.offsets.size === 0 && group.pending.size === 0;
    if (isOver) partitions.removeGroup(group);
    const isRemoved = isOver && group.generation > 0;
    if (expired.length === 0 && !isRemoved) return;
    const facts = { group: group.id, offsets: expired.length, isRemoved };
    context.port.trace('offsetsExpired', facts);
    // When it cannot be written the next coordinator reads them again, and expires them again.
    context.store.remove(group, expired, isRemoved, (errorCode) => {
      if (errorCode !== 0) context.port.trace('groupNotStored', { group: group.id, errorCode });
    });
  }

  private expiredOf(group: Group): readonly OffsetEntry[] {
    if (group.offsets.size === 0) return [];
    const { rules, settings, port } = this.parts.context;
    const subscribed = subscribedTopics(group);
    return [...group.offsets.entries()].filter(({ topic, committed }) =>
      rules.isOffsetExpired({
        wallMs: port.wallMs,
        retentionMs: settings.offsetsRetentionMs,
        commitTimestamp: committed.commitTimestamp,
        expireTimestamp: committed.expireTimestamp,
        state: group.state,
        stateSinceMs: group.stateSinceMs,
        protocolType: group.protocolType,
        isSubscribed: subscribed?.has(topic),
      }),
    );
  }
}

/** @returns undefined where nobody can tell, or nobody asks */
function subscribedTopics(group: Group): ReadonlySet<string> | undefined {
  if (group.state !== 'Stable' || group.protocolType !== consumerProtocol) return undefined;
  const topics = new Set<string>();
  for (const member of group.members.values()) {
    const own = subscriptionOf(member.metadataFor(group.protocol));
    if (own === undefined) return undefined;
    for (const topic of own) topics.add(topic);
  }
  return topics;
}

function subscriptionOf(metadata: Uint8Array): readonly string[] | undefined {
  const reader = new ByteReader(metadata);
  const { max } = consumerProtocolSubscription.versions;
  try {
    // A newer version begins with what the newest known one has.
    const version = Math.min(reader.int16(), max);
    return decodeRecordData(consumerProtocolSubscription, version, reader).topics;
  } catch (error) {
    if (error instanceof WireError || error instanceof BytesError) return undefined;
    throw error;
  }
}
