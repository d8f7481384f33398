import { type Cluster, refusalOf } from './cluster.ts';
import { assignRange, type MemberSubscription } from './assignor.ts';
import { type Links, type Outcome } from './links.ts';
import { type Address, type AssignedPartition, type ClientEffect } from './types.ts';
import { type ApiName, errorName, type RequestBody, type ResponseOf } from '@zookafka/kafka-wire';
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './wire.ts';

/** How a consumer is a member of its group. Times in ms. */
export interface GroupOptions {
  readonly group: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly requestTimeoutMs: number;
  readonly retryBackoffMs: number;
}

/** What a `GroupMember` works with. */
export interface GroupParts {
  readonly links: Links;
  readonly cluster: Cluster;
  readonly options: GroupOptions;
  /** Told what this member reads from now on. */
  readonly onAssigned: (
    partitions: readonly AssignedPartition[],
    nowMs: number,
    effects: ClientEffect[],
  ) => void;
}

/** Offsets to commit: the next one to be read, by partition. */
export type Offsets = ReadonlyMap<string, AssignedPartition>;

const assignor = 'range';
const protocolType = 'consumer';
/** What the coordinator's answer makes a member do. */
const rejoins: ReadonlySet<string> = new Set([
  'ILLEGAL_GENERATION',
  'REBALANCE_IN_PROGRESS',
  'INCONSISTENT_GROUP_PROTOCOL',
]);
const moves: ReadonlySet<string> = new Set(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE']);

type Step = 'idle' | 'find' | 'join' | 'sync' | 'offsets' | 'stable';

/**
 * One member of a consumer group of the classic protocol:
 *
 *     find coordinator → join → sync (the leader assigns) → committed offsets → stable, heartbeats
 *          ↑______________↑__________________________________________________________|
 *       moved          rebalance
 *
 * Source: Kafka's group membership protocol; ranges are assigned as Kafka's RangeAssignor does.
 */
export class GroupMember {
  private readonly parts: GroupParts;
  private topics: readonly string[] = [];
  private step: Step = 'idle';
  private coordinator: Address | undefined;
  private memberId = '';
  private generationId = -1;
  private wakeAtMs: number | undefined;
  private isAsking = false;

  constructor(parts: GroupParts) {
    this.parts = parts;
  }

  nextDueMs(): number | undefined {
    return this.wakeAtMs;
  }

  subscribe(topics: readonly string[], nowMs: number, effects: ClientEffect[]): void {
    this.topics = [...topics];
    for (const topic of topics) this.parts.cluster.want(topic);
    this.parts.cluster.refresh(nowMs, effects, (_, atMs, out) => {
      this.enter(this.coordinator === undefined ? 'find' : 'join', atMs, out);
    });
  }

  onTimer(nowMs: number, effects: ClientEffect[]): void {
    if (this.wakeAtMs === undefined || nowMs < this.wakeAtMs) return;
    this.wakeAtMs = undefined;
    if (this.step === 'stable') this.heartbeat(nowMs, effects);
    else this.enter(this.step, nowMs, effects);
  }

  /** Commits offsets. @param onDone called with the refusal, or undefined when they are durable */
  commit(
    offsets: Offsets,
    onDone: (refusal: ReturnType<typeof refusalOf> | undefined, effects: ClientEffect[]) => void,
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    if (this.coordinator === undefined) {
      onDone(refusalOf(coordinatorNotAvailable, 'Cannot commit'), effects);
      return;
    }
    const body = {
      ...this.identity(),
      generationIdOrMemberEpoch: this.generationId,
      topics: byTopic([...offsets.values()], ({ partition, offset = 0 }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: -1,
        committedMetadata: '',
      })),
    };
    this.ask('offsetCommit', body, [nowMs, effects], (outcome, _, out) => {
      const failed =
        outcome.kind === 'answered'
          ? outcome.body.topics
              .flatMap(({ partitions }) => partitions)
              .find(({ errorCode }) => errorCode !== 0)?.errorCode
          : coordinatorNotAvailable;
      onDone(failed === undefined ? undefined : refusalOf(failed, 'Cannot commit'), out);
    });
  }

  /** Says goodbye, so that the others need not wait for this member's session to end. */
  leave(nowMs: number, effects: ClientEffect[], onLeft: (effects: ClientEffect[]) => void): void {
    if (this.coordinator === undefined || this.memberId === '') {
      onLeft(effects);
      return;
    }
    this.step = 'idle';
    this.wakeAtMs = undefined;
    const { memberId } = this;
    const body = { groupId: this.parts.options.group, memberId, members: [{ memberId }] };
    this.ask('leaveGroup', body, [nowMs, effects], (_, __, out) => {
      onLeft(out);
    });
  }

  private enter(step: Step, nowMs: number, effects: ClientEffect[]): void {
    this.step = step;
    if (step === 'find') this.find(nowMs, effects);
    else if (step === 'join') this.join(nowMs, effects);
    else if (step === 'stable') this.wakeAtMs = nowMs + this.parts.options.heartbeatMs;
  }

  private find(nowMs: number, effects: ClientEffect[]): void {
    const { group, requestTimeoutMs } = this.parts.options;
    this.coordinator = undefined;
    this.parts.links.request(
      this.parts.cluster.anyBroker(),
      {
        api: 'findCoordinator',
        body: { key: group, keyType: 0, coordinatorKeys: [group] },
        timeoutMs: requestTimeoutMs,
        onOutcome: (outcome, atMs, out) => {
          const found = outcome.kind === 'answered' ? coordinatorOf(outcome.body) : undefined;
          if (found === undefined) {
            this.retryLater('find', atMs);
            return;
          }
          this.coordinator = found;
          this.enter('join', atMs, out);
        },
      },
      nowMs,
      effects,
    );
  }

  private join(nowMs: number, effects: ClientEffect[]): void {
    const { group, sessionTimeoutMs, rebalanceTimeoutMs } = this.parts.options;
    const body = {
      groupId: group,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: this.memberId,
      protocolType,
      protocols: [{ name: assignor, metadata: encodeSubscription(this.topics) }],
    };
    this.ask('joinGroup', body, [nowMs, effects], (outcome, atMs, out) => {
      if (outcome.kind !== 'answered') {
        this.retryLater('find', atMs);
        return;
      }
      const { errorCode, memberId, generationId } = outcome.body;
      if (errorName(errorCode) === 'MEMBER_ID_REQUIRED') {
        this.memberId = memberId;
        this.enter('join', atMs, out);
      } else if (errorCode !== 0) this.onRefused(errorCode, atMs, out);
      else {
        this.memberId = memberId;
        this.generationId = generationId;
        this.sync(outcome.body, atMs, out);
      }
    });
  }

  private sync(joined: ResponseOf<'joinGroup'>, nowMs: number, effects: ClientEffect[]): void {
    this.step = 'sync';
    const isLeader = joined.leader === joined.memberId;
    const members = isLeader
      ? joined.members.map(({ memberId, metadata }) => ({
          memberId,
          topics: decodeSubscription(metadata),
        }))
      : [];
    for (const topic of members.flatMap(({ topics }) => topics)) this.parts.cluster.want(topic);
    // The leader assigns partitions as they are now, those of topics that only others read among them.
    if (isLeader) {
      this.parts.cluster.refresh(nowMs, effects, (_, atMs, out) => {
        this.sendSync(this.assignmentsOf(members), atMs, out);
      });
    } else this.sendSync([], nowMs, effects);
  }

  private assignmentsOf(members: readonly MemberSubscription[]): Assignments {
    const counts = new Map<string, number>();
    for (const [topic, { partitions }] of this.parts.cluster.topics) {
      counts.set(topic, partitions.length);
    }
    return [...assignRange(members, counts)].map(([memberId, partitions]) => ({
      memberId,
      assignment: encodeAssignment(partitions),
    }));
  }

  private sendSync(assignments: Assignments, nowMs: number, effects: ClientEffect[]): void {
    const body = {
      ...this.identity(),
      generationId: this.generationId,
      protocolType,
      protocolName: assignor,
      assignments,
    };
    this.ask('syncGroup', body, [nowMs, effects], (outcome, atMs, out) => {
      if (outcome.kind !== 'answered') this.retryLater('find', atMs);
      else if (outcome.body.errorCode !== 0) this.onRefused(outcome.body.errorCode, atMs, out);
      else this.fetchOffsets(decodeAssignment(outcome.body.assignment), atMs, out);
    });
  }

  private fetchOffsets(
    partitions: readonly AssignedPartition[],
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    this.step = 'offsets';
    const { group } = this.parts.options;
    const topics = byTopic(partitions, ({ partition }) => partition).map(
      ({ name, partitions: partitionIndexes }) => ({ name, partitionIndexes }),
    );
    const body = { groupId: group, topics, groups: [{ groupId: group, topics }] };
    this.ask('offsetFetch', body, [nowMs, effects], (outcome, atMs, out) => {
      if (outcome.kind !== 'answered') {
        this.retryLater('find', atMs);
        return;
      }
      const committed = committedOf(outcome.body);
      if (typeof committed === 'number') {
        this.onRefused(committed, atMs, out);
        return;
      }
      this.enter('stable', atMs, out);
      const placed = partitions.map(({ topic, partition }) => {
        const offset = committed.get(`${topic}-${partition}`);
        return { topic, partition, offset };
      });
      const { memberId, generationId } = this;
      const facts = { group, memberId, generationId, partitions: placed.length };
      out.push({ kind: 'trace', event: 'groupJoined', facts });
      out.push({ kind: 'assigned', partitions: placed });
      this.parts.onAssigned(placed, atMs, out);
    });
  }

  private heartbeat(nowMs: number, effects: ClientEffect[]): void {
    this.wakeAtMs = nowMs + this.parts.options.heartbeatMs;
    if (this.isAsking) return;
    const body = { ...this.identity(), generationId: this.generationId };
    this.ask('heartbeat', body, [nowMs, effects], (outcome, atMs, out) => {
      if (this.step !== 'stable') return;
      if (outcome.kind !== 'answered') this.retryLater('find', atMs);
      else if (outcome.body.errorCode !== 0) this.onRefused(outcome.body.errorCode, atMs, out);
    });
  }

  private onRefused(errorCode: number, nowMs: number, effects: ClientEffect[]): void {
    const name = errorName(errorCode);
    if (name === 'UNKNOWN_MEMBER_ID' || name === 'FENCED_INSTANCE_ID') {
      this.memberId = '';
      this.enter('join', nowMs, effects);
    } else if (rejoins.has(name)) this.enter('join', nowMs, effects);
    else if (moves.has(name)) this.retryLater('find', nowMs);
    else if (name === 'COORDINATOR_LOAD_IN_PROGRESS') this.retryLater('join', nowMs);
    else {
      this.step = 'idle';
      const what = `Cannot join the group ${this.parts.options.group}`;
      effects.push({ kind: 'failed', refusal: refusalOf(errorCode, what) });
    }
  }

  private retryLater(step: Step, nowMs: number): void {
    this.step = step;
    this.wakeAtMs = nowMs + this.parts.options.retryBackoffMs;
  }

  private identity(): { readonly groupId: string; readonly memberId: string } {
    return { groupId: this.parts.options.group, memberId: this.memberId };
  }

  private ask<Api extends ApiName>(
    api: Api,
    body: RequestBody<Api>,
    [nowMs, effects]: readonly [nowMs: number, effects: ClientEffect[]],
    onOutcome: (outcome: Outcome<Api>, nowMs: number, effects: ClientEffect[]) => void,
  ): void {
    if (this.coordinator === undefined) return;
    this.isAsking = true;
    const { requestTimeoutMs, rebalanceTimeoutMs } = this.parts.options;
    // A join waits for all others, up to the rebalance timeout.
    const extraMs = api === 'joinGroup' || api === 'syncGroup' ? rebalanceTimeoutMs : 0;
    this.parts.links.request(
      this.coordinator,
      {
        api,
        body,
        timeoutMs: requestTimeoutMs + extraMs,
        onOutcome: (outcome, atMs, out) => {
          this.isAsking = false;
          onOutcome(outcome, atMs, out);
        },
      },
      nowMs,
      effects,
    );
  }
}

const coordinatorNotAvailable = 15;

type Assignments = NonNullable<RequestBody<'syncGroup'>['assignments']>;

function coordinatorOf(body: ResponseOf<'findCoordinator'>): Address | undefined {
  const [first] = body.coordinators;
  const { errorCode, host, port } = first ?? body;
  return errorCode === 0 && host !== '' ? { host, port } : undefined;
}

/** @returns the committed offsets by partition, or the error that kept them */
function committedOf(body: ResponseOf<'offsetFetch'>): ReadonlyMap<string, number> | number {
  const [group] = body.groups;
  const { errorCode, topics } = group ?? body;
  if (errorCode !== 0) return errorCode;
  const committed = new Map<string, number>();
  for (const { name, partitions } of topics) {
    for (const { partitionIndex, committedOffset, errorCode: partitionError } of partitions) {
      if (partitionError !== 0) return partitionError;
      if (committedOffset >= 0) committed.set(`${name}-${partitionIndex}`, committedOffset);
    }
  }
  return committed;
}

function byTopic<Item>(
  partitions: readonly AssignedPartition[],
  make: (partition: AssignedPartition) => Item,
): { readonly name: string; readonly partitions: Item[] }[] {
  const topics = new Map<string, Item[]>();
  for (const partition of partitions) {
    const items = topics.get(partition.topic);
    if (items === undefined) topics.set(partition.topic, [make(partition)]);
    else items.push(make(partition));
  }
  return [...topics].map(([name, items]) => ({ name, partitions: items }));
}
