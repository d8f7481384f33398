import { type RequestBody } from '@zookafka/kafka-wire';
import { type BrokerContext } from './context.ts';
import { type Following, type Replica } from './replica.ts';

/** Fetch of followers: names topics by id, says which registration asks. */
export const followerFetchVersion = 15;
/** ListOffsets of followers. */
export const followerListVersion = 7;
/** A second fetch may follow the first when there is more to follow: the leader then ends the first. */
const inFlightMax = 2;

/** One partition of a request to a leader, with what has to hold still when the answer comes. */
export interface Asked {
  readonly replica: Replica;
  readonly following: Following;
  readonly offset: number;
  readonly generation: number;
}

/** A request to a leader without an answer yet. */
export interface SentRequest {
  readonly correlationId: number;
  readonly kind: 'fetch' | 'askEnd' | 'askStart';
  readonly asked: readonly Asked[];
  readonly dueMs: number;
}

/**
 * What this broker follows of one leader: one fetch for all partitions, the next one when the records of the last
 * are in the logs, so that its offsets are an acknowledgement.
 */
export class ReplicaFetcher {
  readonly leader: number;
  readonly replicas: Replica[] = [];
  sent: SentRequest[] = [];
  /** Appends of fetched records that are not confirmed. */
  appendsUnderWay = 0;
  /** Not before this time: the connection failed. */
  retryAtMs = -Infinity;
  /** Whether a partition came that no fetch under way asks for. */
  hasNew = false;
  /** In the list of those that may have something to do. */
  isDue = false;
  private readonly context: BrokerContext;

  constructor(context: BrokerContext, leader: number) {
    this.context = context;
    this.leader = leader;
  }

  add(replica: Replica): void {
    this.replicas.push(replica);
    this.hasNew = true;
  }

  remove(replica: Replica): void {
    const index = this.replicas.indexOf(replica);
    const last = this.replicas.pop();
    if (last !== undefined && last !== replica && index !== -1) this.replicas[index] = last;
  }

  /** @returns whether something may be asked now */
  get mayAsk(): boolean {
    if (this.appendsUnderWay > 0 || this.context.nowMs < this.retryAtMs) return false;
    if (this.sent.length === 0) return this.replicas.length > 0;
    return this.hasNew && this.sent.length < inFlightMax;
  }

  /** @returns the partitions to be asked about in this way, of those whose time has come */
  pick(wanted: Following['outOfRange']): Asked[] {
    const asked: Asked[] = [];
    for (const replica of this.replicas) {
      const { following } = replica;
      if (following === undefined || replica.log !== 'open') continue;
      if (following.outOfRange !== wanted || following.retryAtMs > this.context.nowMs) continue;
      asked.push({
        replica,
        following,
        offset: replica.offsetNext,
        generation: replica.logGeneration,
      });
    }
    return asked;
  }

  /** @returns when a partition or the connection may be tried again, or undefined */
  get nextRetryMs(): number | undefined {
    const { nowMs } = this.context;
    if (this.retryAtMs > nowMs) return this.retryAtMs;
    let next: number | undefined;
    for (const { following } of this.replicas) {
      const retryAtMs = following?.retryAtMs ?? -Infinity;
      if (retryAtMs > nowMs && (next === undefined || retryAtMs < next)) next = retryAtMs;
    }
    return next;
  }
}

/** @returns the request for these partitions */
export function followerFetch(
  { config, brokerEpoch }: BrokerContext,
  asked: readonly Asked[],
): RequestBody<'fetch'> {
  return {
    replicaId: config.brokerId,
    replicaState: { replicaId: config.brokerId, replicaEpoch: brokerEpoch },
    maxWaitMs: config.replicaFetchWaitMaxMs,
    minBytes: config.replicaFetchMinBytes,
    maxBytes: config.replicaFetchResponseMaxBytes,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: byTopic(asked, ({ replica, following, offset }) => ({
      partition: replica.partition,
      currentLeaderEpoch: following.epoch,
      fetchOffset: offset,
      lastFetchedEpoch: replica.lastEpoch,
      logStartOffset: replica.logStartOffset,
      partitionMaxBytes: config.replicaFetchMaxBytes,
    })),
    forgottenTopicsData: [],
    rackId: '',
  };
}

/** @returns the question where a leader's log ends (-1) or starts (-2) */
export function followerList(
  { config }: BrokerContext,
  asked: readonly Asked[],
  timestamp: -1 | -2,
): RequestBody<'listOffsets'> {
  const topics = byTopic(asked, ({ replica, following }) => ({
    partitionIndex: replica.partition,
    currentLeaderEpoch: following.epoch,
    timestamp,
  }));
  return {
    replicaId: config.brokerId,
    isolationLevel: 0,
    topics: topics.map(({ topic, partitions }) => ({ name: topic, partitions })),
  };
}

function byTopic<Part>(
  asked: readonly Asked[],
  partOf: (asked: Asked) => Part,
): { readonly topic: string; readonly topicId: string; readonly partitions: Part[] }[] {
  const topics = new Map<string, { topic: string; topicId: string; partitions: Part[] }>();
  for (const one of asked) {
    const { topic, topicId } = one.replica;
    let group = topics.get(topicId);
    if (group === undefined) {
      group = { topic, topicId, partitions: [] };
      topics.set(topicId, group);
    }
    group.partitions.push(partOf(one));
  }
  return [...topics.values()];
}
