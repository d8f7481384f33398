import { assert } from '@zookafka/base';
import { LeaderEpochCache, ProducerState, type RecoveredLog } from '@zookafka/partition-log';
import { type Leadership } from './leadership.ts';
import { type PartitionMetadata } from './metadata.ts';
import { type PartitionKey } from './types.ts';

/** What a broker knows of a partition because it follows its leader. */
export interface Following {
  readonly leader: number;
  readonly epoch: number;
  /** Not before this time: something went wrong. */
  retryAtMs: number;
  /** What must be asked before the next fetch: the leader's log does not hold our end. */
  outOfRange: 'no' | 'askEnd' | 'askStart';
}

/** Somebody to be woken when a partition got further. */
export interface ProgressListener {
  /** Whether it reads what is not committed yet. */
  readonly isReplica: boolean;
  onProgress(): void;
}

/** The settings of a topic that the data path looks at. */
export interface ReplicaLimits {
  readonly isrMin: number;
  readonly batchBytesMax: number;
}

/**
 * One partition's copy on this broker: where its log begins and ends, what is committed, and the role.
 *
 *     absent ──createLog──► changing ──logChanged──► open ◄──logChanged── changing ◄──truncateLog── open
 *
 * Invariant: logStartOffset <= highWatermark <= logEndOffset <= offsetNext. Here and in the log's files stands the
 * same: both are told by the same appends, in the same order.
 */
export class Replica implements PartitionKey {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  limits: ReplicaLimits;
  logStartOffset = 0;
  /** What is in the log for sure. */
  logEndOffset = 0;
  /** What will be in the log, once all appends under way are. */
  offsetNext = 0;
  highWatermark = 0;
  epochs = new LeaderEpochCache();
  producers = new ProducerState();
  log: 'absent' | 'changing' | 'open' = 'absent';
  /** Appends asked for before the last truncation say nothing of the log after it. */
  logGeneration = 0;
  /** The newest that the cluster told. */
  state: PartitionMetadata | undefined;
  leadership: Leadership | undefined;
  following: Following | undefined;
  /** Fetches that wait for more. */
  listeners: ProgressListener[] = [];
  isCheckpointDue = false;
  /** Part of the step's work list. */
  isTouched = false;

  constructor({ topic, topicId, partition }: PartitionKey, limits: ReplicaLimits) {
    this.topic = topic;
    this.topicId = topicId;
    this.partition = partition;
    this.limits = limits;
  }

  get key(): PartitionKey {
    return { topic: this.topic, topicId: this.topicId, partition: this.partition };
  }

  /**
   * The latest epoch, also one in which this replica led and wrote nothing, or -1: asked about it, the next leader says
   * where the epoch before ended, and the truncation takes it away. Source: Kafka's `UnifiedLog.latestEpoch`.
   */
  get lastEpoch(): number {
    return this.epochs.latest?.epoch ?? -1;
  }

  /** min.insync.replicas, as far as there are replicas. */
  get isrMin(): number {
    return Math.min(this.limits.isrMin, this.state?.replicas.length ?? 1);
  }

  /** The log is what `recovered` says: after it was opened, created or truncated. */
  adopt(recovered: RecoveredLog): void {
    this.log = 'open';
    this.logStartOffset = recovered.logStartOffset;
    this.logEndOffset = recovered.logEndOffset;
    this.offsetNext = recovered.logEndOffset;
    this.epochs = new LeaderEpochCache(recovered.epochs);
    this.producers = new ProducerState(recovered.producers);
    this.moveHighWatermark(Math.min(this.highWatermark, this.logEndOffset));
  }

  /** @returns whether it moved */
  moveHighWatermark(offset: number): boolean {
    assert(offset <= this.logEndOffset, 'What is committed is in the log', { offset });
    const bounded = Math.max(offset, this.logStartOffset);
    if (bounded === this.highWatermark) return false;
    this.highWatermark = bounded;
    return true;
  }

  /** @returns whether it moved */
  moveLogStart(offset: number): boolean {
    if (offset <= this.logStartOffset || offset > this.logEndOffset) return false;
    this.logStartOffset = offset;
    this.epochs.truncateFromStart(offset);
    this.moveHighWatermark(Math.max(this.highWatermark, offset));
    return true;
  }

  listen(listener: ProgressListener): void {
    this.listeners.push(listener);
  }

  unlisten(listener: ProgressListener): void {
    const { listeners } = this;
    const index = listeners.indexOf(listener);
    if (index === -1) return;
    const last = listeners.pop() as ProgressListener;
    if (index < listeners.length) listeners[index] = last;
  }
}
