import { refusalOf } from './cluster.ts';
import { type Coordinator, isElsewhere } from './coordinator.ts';
import { byTopic, commitErrorOf } from './byPartition.ts';
import { type Links, type Outcome } from './links.ts';
import { type AssignedPartition, type ClientEffect, type ClientRefusal } from './types.ts';
import { errorName } from '@zookafka/kafka-wire';

/** In whose name offsets are committed: the member and generation in which they were read. */
export interface CommitOwner {
  readonly memberId: string;
  readonly generationId: number;
}

/** Offsets to be committed: of each partition the next one to be read. */
export interface Commit {
  readonly owner: CommitOwner;
  readonly offsets: readonly AssignedPartition[];
  /** With the refusal, or undefined when they are durable. */
  readonly onDone: (refusal: ClientRefusal | undefined, effects: ClientEffect[]) => void;
}

/** What `OffsetCommits` works with. Times in ms. */
export interface OffsetCommitsParts {
  readonly links: Links;
  readonly coordinator: Coordinator;
  readonly group: string;
  readonly requestTimeoutMs: number;
  readonly retryBackoffMs: number;
}

interface Waiting extends Commit {
  readonly giveUpAtMs: number;
}

/** Commits that wait for their turn: more are refused. */
const waitingCountMax = 1000;
const coordinatorNotAvailable = 15;
/** After these the same commit may succeed at the same coordinator. */
const retried: ReadonlySet<string> = new Set([
  'COORDINATOR_LOAD_IN_PROGRESS',
  'REQUEST_TIMED_OUT',
  'UNKNOWN_TOPIC_OR_PARTITION',
]);

/**
 * Commits offsets one after the other: one whose answer was lost is committed again before the next, so that offsets
 * never go back. Commits that follow are of later offsets, and are sent in their order.
 */
export class OffsetCommits {
  private readonly parts: OffsetCommitsParts;
  private readonly waiting: Waiting[] = [];
  private isAsking = false;
  private retryAtMs: number | undefined;
  private onIdle: ((nowMs: number, effects: ClientEffect[]) => void) | undefined;

  constructor(parts: OffsetCommitsParts) {
    this.parts = parts;
  }

  nextDueMs(): number | undefined {
    return this.retryAtMs;
  }

  add(commit: Commit, nowMs: number, effects: ClientEffect[]): void {
    if (commit.offsets.length === 0) commit.onDone(undefined, effects);
    else if (this.waiting.length >= waitingCountMax) {
      const message = `Cannot commit: ${waitingCountMax} commits wait already`;
      commit.onDone({ code: 'TOO_MANY_COMMITS', message }, effects);
    } else {
      this.waiting.push({ ...commit, giveUpAtMs: nowMs + this.parts.requestTimeoutMs });
      this.pump(nowMs, effects);
    }
  }

  /** Calls back when nothing is left to be committed. */
  whenIdle(
    nowMs: number,
    effects: ClientEffect[],
    onIdle: (nowMs: number, effects: ClientEffect[]) => void,
  ): void {
    this.onIdle = onIdle;
    this.pump(nowMs, effects);
  }

  onTimer(nowMs: number, effects: ClientEffect[]): void {
    if (this.retryAtMs === undefined || nowMs < this.retryAtMs) return;
    this.retryAtMs = undefined;
    this.pump(nowMs, effects);
  }

  private pump(nowMs: number, effects: ClientEffect[]): void {
    const [first] = this.waiting;
    if (first === undefined) {
      const { onIdle } = this;
      this.onIdle = undefined;
      onIdle?.(nowMs, effects);
    } else if (!this.isAsking && this.retryAtMs === undefined) {
      this.isAsking = true;
      if (this.parts.coordinator.address === undefined) this.find(nowMs, effects);
      else this.ask(first, nowMs, effects);
    }
  }

  private find(nowMs: number, effects: ClientEffect[]): void {
    this.parts.coordinator.find(nowMs, effects, (found, atMs, out) => {
      this.isAsking = false;
      if (found.kind === 'lost') this.tryLater(found.errorCode, atMs, out);
      this.pump(atMs, out);
    });
  }

  private ask(
    { owner, offsets }: Pick<Commit, 'owner' | 'offsets'>,
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const { links, coordinator, group, requestTimeoutMs } = this.parts;
    if (coordinator.address === undefined) return;
    const topics = byTopic(offsets, ({ partition, offset = 0, leaderEpoch = -1 }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: leaderEpoch,
      committedMetadata: '',
    }));
    const { memberId, generationId } = owner;
    links.request(
      coordinator.address,
      {
        api: 'offsetCommit',
        body: { groupId: group, memberId, generationIdOrMemberEpoch: generationId, topics },
        timeoutMs: requestTimeoutMs,
        lane: 'group',
        onOutcome: (outcome, atMs, out) => {
          this.isAsking = false;
          this.onOutcome(outcome, atMs, out);
          this.pump(atMs, out);
        },
      },
      nowMs,
      effects,
    );
  }

  private onOutcome(
    outcome: Outcome<'offsetCommit'>,
    nowMs: number,
    effects: ClientEffect[],
  ): void {
    const isAnswered = outcome.kind === 'answered';
    const errorCode = isAnswered ? commitErrorOf(outcome.body) : coordinatorNotAvailable;
    if (isElsewhere(errorCode)) this.parts.coordinator.address = undefined;
    if (isElsewhere(errorCode) || retried.has(errorName(errorCode))) {
      this.tryLater(errorCode, nowMs, effects);
    } else this.finishFirst(errorCode, effects);
  }

  /** The first one, after a while; it is given up when its time is over. */
  private tryLater(errorCode: number, nowMs: number, effects: ClientEffect[]): void {
    const atMs = nowMs + this.parts.retryBackoffMs;
    const [first] = this.waiting;
    if (first === undefined || atMs >= first.giveUpAtMs) this.finishFirst(errorCode, effects);
    else this.retryAtMs = atMs;
  }

  private finishFirst(errorCode: number, effects: ClientEffect[]): void {
    const first = this.waiting.shift();
    const refusal =
      errorCode === 0
        ? undefined
        : refusalOf(errorCode, `Cannot commit offsets of the group ${this.parts.group}`);
    first?.onDone(refusal, effects);
  }
}
