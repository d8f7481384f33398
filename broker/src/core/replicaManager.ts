import { type BrokerContext } from './context.ts';
import { keyOf, type LogWork } from './logWork.ts';
import {
  type MetadataDelta,
  type PartitionMetadata,
  type TopicGone,
  type TopicMetadata,
} from './metadata.ts';
import { type Replica } from './replica.ts';
import { isReplicaOf, type ReplicaTable } from './replicaTable.ts';
import { type Roles } from './roles.ts';
import { type StoredLog } from './types.ts';

/** What the manager of replicas works with. */
export interface ReplicaManagerParts {
  readonly context: BrokerContext;
  readonly replicas: ReplicaTable;
  readonly logWork: LogWork;
  readonly roles: Roles;
}

/**
 * Which replicas there are: what the disk had, what the cluster assigns.
 *
 * A log's files go only when its topic id was deleted on purpose; a log that the whole metadata does not know is set
 * aside as `-stray`.
 */
export class ReplicaManager {
  private readonly parts: ReplicaManagerParts;
  /** Logs found on the disk whose topic has not been told yet, by topic id. */
  private readonly unclaimed = new Map<string, Map<number, StoredLog>>();

  constructor(parts: ReplicaManagerParts) {
    this.parts = parts;
  }

  /** The shell opened these logs. */
  onStart(logs: readonly StoredLog[]): void {
    for (const stored of logs) {
      const ofTopic = this.unclaimed.get(stored.topicId) ?? new Map<number, StoredLog>();
      ofTopic.set(stored.partition, stored);
      this.unclaimed.set(stored.topicId, ofTopic);
    }
  }

  /** The broker is registered: what waited for that begins. */
  onRegistered(): void {
    for (const replica of this.parts.replicas.all) this.parts.roles.settle(replica);
  }

  /** The image holds these changes. */
  onMetadata(delta: MetadataDelta): void {
    for (const gone of delta.topicsDeleted ?? []) this.onTopicDeleted(gone);
    for (const gone of delta.topicsAbsent ?? []) this.onTopicAbsent(gone);
    for (const topic of delta.topics ?? []) this.onTopic(topic);
    for (const state of delta.partitions ?? []) this.onState(state);
    if (delta.isWhole === true) this.markStrays();
  }

  private onTopic({ name, topicId, partitions, config }: TopicMetadata): void {
    const { context, replicas, roles } = this.parts;
    for (const replica of replicas.ofTopic(name)) {
      if (replica?.topicId !== topicId) continue;
      replica.limits = replicas.limitsOf(name);
      context.emit({ kind: 'configureLog', ...replica.key, config });
    }
    // The image has the newest states: those of the delta may come once more.
    for (const state of partitions) if (state !== undefined) this.onState(state);
    for (const replica of replicas.ofTopic(name)) {
      if (replica?.topicId === topicId) roles.settle(replica);
    }
  }

  private onState(state: PartitionMetadata): void {
    const { context, roles } = this.parts;
    const replica = this.replicaFor(state);
    if (replica === undefined) return;
    const known = replica.state;
    if (known !== undefined && !context.rules.isStateNewer({ known, told: state })) return;
    replica.state = state;
    roles.settle(replica);
  }

  /** @returns the replica that a state speaks of, made where this broker is to hold one */
  private replicaFor(state: PartitionMetadata): Replica | undefined {
    const { context, replicas } = this.parts;
    const known = replicas.find(state.topic, state.partition);
    if (known?.topicId === state.topicId) return known;
    if (!isReplicaOf(state, context.config.brokerId)) return undefined;
    // Another topic had the name: its files are set aside when the new log is created.
    if (known !== undefined) this.retire(known);
    return this.open(state);
  }

  private open(state: PartitionMetadata): Replica {
    const { replicas, logWork } = this.parts;
    const replica = replicas.add(keyOf(state));
    const stored = this.claim(state);
    if (stored === undefined) {
      logWork.create(replica);
      return replica;
    }
    replica.adopt(stored.log);
    replica.moveHighWatermark(Math.min(stored.highWatermark, replica.logEndOffset));
    return replica;
  }

  private claim({ topicId, partition }: PartitionMetadata): StoredLog | undefined {
    const ofTopic = this.unclaimed.get(topicId);
    const stored = ofTopic?.get(partition);
    ofTopic?.delete(partition);
    if (ofTopic?.size === 0) this.unclaimed.delete(topicId);
    return stored;
  }

  private onTopicDeleted({ name, topicId }: TopicGone): void {
    const { context, replicas } = this.parts;
    for (const replica of [...replicas.ofTopic(name)]) {
      if (replica?.topicId !== topicId) continue;
      this.retire(replica);
      context.emit({ kind: 'deleteLog', ...replica.key });
    }
    for (const stored of this.unclaimed.get(topicId)?.values() ?? []) {
      context.emit({ kind: 'deleteLog', ...keyOf(stored) });
    }
    this.unclaimed.delete(topicId);
  }

  /** Nobody said why it is not there: the files stay where they are until the next start. */
  private onTopicAbsent({ name, topicId }: TopicGone): void {
    for (const replica of this.parts.replicas.ofTopic(name)) {
      if (replica?.topicId === topicId) this.parts.roles.resign(replica);
    }
  }

  private retire(replica: Replica): void {
    this.parts.roles.resign(replica);
    // Whatever is under way for its log says nothing any more.
    replica.logGeneration++;
    replica.log = 'absent';
    this.parts.replicas.remove(replica);
  }

  private markStrays(): void {
    const { context } = this.parts;
    for (const [topicId, ofTopic] of this.unclaimed) {
      const known = context.image.topicById(topicId);
      for (const stored of ofTopic.values()) {
        // A partition whose state is not known yet may still be claimed.
        if (known !== undefined && stored.partition < known.partitions.length) continue;
        ofTopic.delete(stored.partition);
        context.trace('logStray', { ...keyOf(stored) });
        context.emit({ kind: 'markStray', ...keyOf(stored) });
      }
      if (ofTopic.size === 0) this.unclaimed.delete(topicId);
    }
  }
}
