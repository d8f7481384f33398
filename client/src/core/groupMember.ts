import { type Cluster, refusalOf } from './cluster.ts';
import { Coordinator, isElsewhere } from './coordinator.ts';
import { byTopic, type CommittedOffset, committedOf, partitionKey } from './byPartition.ts';
import { GroupLeader, type WrittenAssignment } from './groupLeader.ts';
import { type Lane, type Links, type Outcome } from './links.ts';
import { OffsetCommits, type Commit, type CommitOwner } from './offsetCommits.ts';
import { type AssignedPartition, type ClientEffect } from './types.ts';
import {
  type ApiName,
  errorName,
  isRetriableError,
  type RequestBody,
  type ResponseOf,
} from '@zookafka/kafka-wire';
import { encodeSubscription, readAssignment } from './wire.ts';

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
  /** Told that what was assigned may be another's soon: the group deals partitions out anew. */
  readonly onGivenUp: (nowMs: number, effects: ClientEffect[]) => void;
  /** Told what this member reads from now on. */
  readonly onAssigned: (
    partitions: readonly AssignedPartition[],
    nowMs: number,
    effects: ClientEffect[],
  ) => void;
}

const assignor = 'range';
const protocolType = 'consumer';
/** A goodbye is a kindness: it is not waited for longer. */
const leaveTimeoutMsMax = 5000;

type Step = 'idle' | 'find' | 'join' | 'sync' | 'offsets' | 'stable';

/**
 * One member of a consumer group of the classic protocol:
 *
 *     find coordinator → join → sync (the leader assigns) → committed offsets → stable, heartbeats
 *        ↑   └─────────────────────────────────────────────────────────────────↗ │   │
 *        │      ↑ rebalance, fenced; what was assigned is given up first         │   │
 *        │      └────────────────────────────────────────────────────────────────┘   │
 *        └── moved or silent; what was assigned is kept ─────────────────────────────┘
 *
 * Source: Kafka's group membership protocol; ranges are assigned as Kafka's RangeAssignor does.
 */
export class GroupMember {
  private readonly parts: GroupParts;
  private readonly coordinator: Coordinator;
  private readonly commits: OffsetCommits;
  private readonly leader: GroupLeader;
  private topics: readonly string[] = [];
  private step: Step = 'idle';
  /** Counts changes of the step: an answer to a question of an earlier one is not listened to. */
  private turn = 0;
  private memberId = '';
  private generationId = -1;
  /** In whose name the assigned partitions are read; undefined before the first assignment. */
  private owner: CommitOwner | undefined;
  private isAssigned = false;
  private wakeAtMs: number | undefined;
  private isHeartbeating = false;

  constructor(parts: GroupParts) {
    this.parts = parts;
    this.leader = new GroupLeader(parts.cluster);
    this.coordinator = new Coordinator({ ...parts, ...parts.options });
    this.commits = new OffsetCommits({
      links: parts.links,
      coordinator: this.coordinator,
      ...parts.options,
    });
  }

  nextDueMs(): number | undefined {
    const commitMs = this.commits.nextDueMs();
    if (commitMs === undefined || this.wakeAtMs === undefined) return commitMs ?? this.wakeAtMs;
    return Math.min(commitMs, this.wakeAtMs);
  }

  subscribe(topics: readonly string[], nowMs: number, effects: ClientEffect[]): void {
    this.topics = [...topics];
    // A member whose coordinator is being looked for must join again too, not only go on.
    this.giveUpAssigned(nowMs, effects);
    for (const topic of topics) this.parts.cluster.want(topic);
    this.enter(this.coordinator.address === undefined ? 'find' : 'join', nowMs, effects);
  }

  onTimer(nowMs: number, effects: ClientEffect[]): void {
    this.commits.onTimer(nowMs, effects);
    if (this.wakeAtMs === undefined || nowMs < this.wakeAtMs) return;
    this.wakeAtMs = undefined;
    if (this.step === 'stable') this.heartbeat(nowMs, effects);
    else this.enter(this.step, nowMs, effects);
  }

  /** Commits offsets of partitions that this member was given last. */
  commit(
    { offsets, onDone }: Pick<Commit, 'offsets' | 'onDone'>,
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const owner = this.owner ?? { memberId: '', generationId: -1 };
    this.commits.add({ owner, offsets, onDone }, nowMs, effects);
  }

  /** Says goodbye after its last commit, so that the others need not wait for this member's session to end. */
  leave(nowMs: number, effects: ClientEffect[], onLeft: () => void): void {
    this.move('idle');
    this.commits.whenIdle(nowMs, effects, (atMs, out) => {
      this.move('idle');
      if (this.coordinator.address === undefined || this.memberId === '') {
        onLeft();
        return;
      }
      const { memberId } = this;
      const body = { groupId: this.parts.options.group, memberId, members: [{ memberId }] };
      this.ask('leaveGroup', body, [atMs, out], onLeft);
    });
  }

  /** Changes the step: what was asked in another one is not listened to any more. */
  private move(step: Step): void {
    this.turn++;
    this.step = step;
    this.wakeAtMs = undefined;
    this.isHeartbeating = false;
  }

  private enter(step: Step, nowMs: number, effects: ClientEffect[]): void {
    this.move(step);
    if (step === 'find') this.find(nowMs, effects);
    else if (step === 'join') this.join(nowMs, effects);
    else if (step === 'stable') this.wakeAtMs = nowMs + this.parts.options.heartbeatMs;
  }

  private retryLater(step: Step, nowMs: number): void {
    this.move(step);
    this.wakeAtMs = nowMs + this.parts.options.retryBackoffMs;
  }

  private find(nowMs: number, effects: ClientEffect[]): void {
    const { turn } = this;
    this.coordinator.find(nowMs, effects, (found, atMs, out) => {
      if (turn !== this.turn) return;
      if (found.kind === 'lost') this.onLost(found.errorCode, atMs, out);
      else if (this.isAssigned) {
        // The new coordinator read of this member in the log: a heartbeat tells whether it is one still.
        this.move('stable');
        this.heartbeat(atMs, out);
      } else this.enter('join', atMs, out);
    });
  }

  private onLost(errorCode: number, nowMs: number, effects: ClientEffect[]): void {
    const isPassing =
      isRetriableError(errorCode) || errorName(errorCode) === 'BROKER_NOT_AVAILABLE';
    if (isPassing) this.retryLater('find', nowMs);
    else this.fail(errorCode, effects);
  }

  private join(nowMs: number, effects: ClientEffect[]): void {
    this.giveUpAssigned(nowMs, effects);
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
        this.move('sync');
        this.sync(outcome.body, atMs, out);
      }
    });
  }

  /** Reads no more of what may be another's soon. */
  private giveUpAssigned(nowMs: number, effects: ClientEffect[]): void {
    if (!this.isAssigned) return;
    this.isAssigned = false;
    this.parts.onGivenUp(nowMs, effects);
  }

  private sync(joined: ResponseOf<'joinGroup'>, nowMs: number, effects: ClientEffect[]): void {
    this.leader.resign();
    if (joined.leader !== joined.memberId || joined.skipAssignment) {
      this.sendSync([], nowMs, effects);
      return;
    }
    const { turn } = this;
    this.leader.deal(joined.members, nowMs, effects, (dealt, atMs, out) => {
      if (turn === this.turn) this.sendSync(dealt, atMs, out);
    });
  }

  private sendSync(
    assignments: readonly WrittenAssignment[],
    nowMs: number,
    effects: ClientEffect[],
  ): void {
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
      else this.fetchOffsets(readAssignment(outcome.body.assignment), atMs, out);
    });
  }

  private fetchOffsets(
    partitions: readonly AssignedPartition[],
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    this.move('offsets');
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
      if (typeof committed === 'number') this.onRefused(committed, atMs, out);
      else this.start(partitions, committed, [atMs, out]);
    });
  }

  private start(
    partitions: readonly AssignedPartition[],
    committed: ReadonlyMap<string, CommittedOffset>,
    [nowMs, effects]: At,
  ): void {
    const { memberId, generationId } = this;
    this.owner = { memberId, generationId };
    this.isAssigned = true;
    this.enter('stable', nowMs, effects);
    const placed = partitions.map(({ topic, partition }) => {
      const { offset, leaderEpoch = -1 } = committed.get(partitionKey(topic, partition)) ?? {};
      return { topic, partition, offset, leaderEpoch };
    });
    const { group } = this.parts.options;
    const facts = { group, memberId, generationId, partitions: placed.length };
    effects.push({ kind: 'trace', event: 'groupJoined', facts });
    this.parts.onAssigned(placed, nowMs, effects);
  }

  private heartbeat(nowMs: number, effects: ClientEffect[]): void {
    this.wakeAtMs = nowMs + this.parts.options.heartbeatMs;
    if (this.leader.mustDealAnew(nowMs, effects)) {
      this.enter('join', nowMs, effects);
      return;
    }
    if (this.isHeartbeating) return;
    this.isHeartbeating = true;
    const generationId = this.owner?.generationId ?? this.generationId;
    const body = { ...this.identity(), generationId };
    this.ask('heartbeat', body, [nowMs, effects], (outcome, atMs, out) => {
      this.isHeartbeating = false;
      if (outcome.kind !== 'answered') this.retryLater('find', atMs);
      else if (outcome.body.errorCode !== 0) this.onRefused(outcome.body.errorCode, atMs, out);
    });
  }

  private onRefused(errorCode: number, nowMs: number, effects: ClientEffect[]): void {
    const name = errorName(errorCode);
    if (name === 'UNKNOWN_MEMBER_ID' || name === 'ILLEGAL_GENERATION') {
      if (name === 'UNKNOWN_MEMBER_ID') this.memberId = '';
      this.rejoin(nowMs, effects);
    } else if (name === 'REBALANCE_IN_PROGRESS') this.rejoin(nowMs, effects);
    else if (isElsewhere(errorCode)) this.retryLater('find', nowMs);
    else if (isRetriableError(errorCode)) {
      this.retryLater(this.step === 'stable' ? 'stable' : 'join', nowMs);
    } else this.fail(errorCode, effects);
  }

  /** At once, but from a join only after a while: a coordinator that goes on refusing is not beset. */
  private rejoin(nowMs: number, effects: ClientEffect[]): void {
    if (this.step === 'join') this.retryLater('join', nowMs);
    else this.enter('join', nowMs, effects);
  }

  private fail(errorCode: number, effects: ClientEffect[]): void {
    this.move('idle');
    const what = `Cannot join the group ${this.parts.options.group}`;
    effects.push({ kind: 'failed', refusal: refusalOf(errorCode, what) });
  }

  private identity(): { readonly groupId: string; readonly memberId: string } {
    return { groupId: this.parts.options.group, memberId: this.memberId };
  }

  /** Asks the coordinator; the answer is heard while the step is the same. */
  private ask<Api extends ApiName>(
    api: Api,
    body: RequestBody<Api>,
    [nowMs, effects]: At,
    onOutcome: (outcome: Outcome<Api>, nowMs: number, effects: ClientEffect[]) => void,
  ): void {
    const { turn, coordinator } = this;
    if (coordinator.address === undefined) {
      this.retryLater('find', nowMs);
      return;
    }
    this.parts.links.request(
      coordinator.address,
      {
        api,
        body,
        timeoutMs: this.timeoutMsOf(api),
        lane: laneOf(api),
        onOutcome: (outcome, atMs, out) => {
          if (turn === this.turn) onOutcome(outcome, atMs, out);
        },
      },
      nowMs,
      effects,
    );
  }

  private timeoutMsOf(api: ApiName): number {
    const { requestTimeoutMs, rebalanceTimeoutMs, sessionTimeoutMs } = this.parts.options;
    if (api === 'leaveGroup') return Math.min(requestTimeoutMs, leaveTimeoutMsMax);
    if (api === 'heartbeat') return Math.min(requestTimeoutMs, sessionTimeoutMs);
    // A join waits for all others, up to the rebalance timeout.
    return requestTimeoutMs + (laneOf(api) === 'join' ? rebalanceTimeoutMs : 0);
  }
}

type At = readonly [nowMs: number, effects: ClientEffect[]];

function laneOf(api: ApiName): Lane {
  return api === 'joinGroup' || api === 'syncGroup' ? 'join' : 'group';
}
