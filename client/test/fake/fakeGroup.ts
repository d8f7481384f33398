import { errorCodes, type RequestOf, type ResponseBody } from '@zookafka/kafka-wire';
import { type World } from './world.ts';

type Answer<Api extends 'joinGroup' | 'syncGroup'> = (body: ResponseBody<Api>) => void;

interface Member {
  metadata: Uint8Array;
  sessionTimeoutMs: number;
  seenMs: number;
  join: Answer<'joinGroup'> | undefined;
  sync: Answer<'syncGroup'> | undefined;
}

/** A consumer group's coordinator, as far as a client sees it. */
export class FakeGroup {
  generation = 0;
  state: 'empty' | 'preparing' | 'completing' | 'stable' = 'empty';
  readonly members = new Map<string, Member>();
  readonly committed = new Map<string, number>();
  readonly committedEpochs = new Map<string, number>();
  assignments = new Map<string, Uint8Array>();
  private readonly world: World;
  private readonly announced = new Set<string>();
  private round = 0;
  private memberNext = 1;

  constructor(world: World) {
    this.world = world;
  }

  join(body: RequestOf<'joinGroup'>, version: number, answer: Answer<'joinGroup'>): void {
    const { memberId, protocols, sessionTimeoutMs, rebalanceTimeoutMs } = body;
    if (memberId === '' && version >= 4) {
      const given = `member-${this.memberNext++}`;
      this.announced.add(given);
      answer(refusedJoin(errorCodes.MEMBER_ID_REQUIRED, given));
      return;
    }
    if (!this.members.has(memberId) && !this.announced.delete(memberId)) {
      answer(refusedJoin(errorCodes.UNKNOWN_MEMBER_ID, ''));
      return;
    }
    const metadata = protocols[0]?.metadata ?? new Uint8Array();
    const member = this.members.get(memberId);
    const seenMs = this.world.nowMs;
    if (member === undefined) {
      this.members.set(memberId, {
        metadata,
        sessionTimeoutMs,
        seenMs,
        join: answer,
        sync: undefined,
      });
    } else Object.assign(member, { metadata, sessionTimeoutMs, seenMs, join: answer });
    if (this.state !== 'preparing') this.prepare(rebalanceTimeoutMs);
    this.completeJoinIfAll();
  }

  sync(body: RequestOf<'syncGroup'>, answer: Answer<'syncGroup'>): void {
    const { memberId, generationId, assignments } = body;
    const errorCode = this.errorFor(memberId, generationId);
    if (errorCode !== 0 || this.state === 'preparing') {
      const rebalance = errorCodes.REBALANCE_IN_PROGRESS;
      answer(refusedSync(errorCode === 0 ? rebalance : errorCode));
      return;
    }
    const member = this.members.get(memberId) as Member;
    member.sync = answer;
    member.seenMs = this.world.nowMs;
    if (assignments.length > 0) {
      this.assignments = new Map(assignments.map((one) => [one.memberId, one.assignment]));
      this.state = 'stable';
    }
    if (this.state !== 'stable') return;
    for (const [id, one] of this.members) {
      one.sync?.({ ...refusedSync(0), assignment: this.assignments.get(id) ?? new Uint8Array() });
      one.sync = undefined;
    }
  }

  heartbeat({ memberId, generationId }: RequestOf<'heartbeat'>): number {
    const errorCode = this.errorFor(memberId, generationId);
    if (errorCode !== 0) return errorCode;
    (this.members.get(memberId) as Member).seenMs = this.world.nowMs;
    return this.state === 'preparing' ? errorCodes.REBALANCE_IN_PROGRESS : 0;
  }

  leave(memberId: string): number {
    if (!this.members.delete(memberId)) return errorCodes.UNKNOWN_MEMBER_ID;
    if (this.members.size > 0) this.prepare(60_000);
    return 0;
  }

  commit(body: RequestOf<'offsetCommit'>): number {
    const { memberId, generationIdOrMemberEpoch, topics } = body;
    const errorCode = this.errorFor(memberId, generationIdOrMemberEpoch);
    if (errorCode !== 0) return errorCode;
    if (this.state === 'completing') return errorCodes.REBALANCE_IN_PROGRESS;
    for (const { name, partitions } of topics) {
      for (const { partitionIndex, committedOffset, committedLeaderEpoch } of partitions) {
        this.committed.set(`${name}-${partitionIndex}`, committedOffset);
        this.committedEpochs.set(`${name}-${partitionIndex}`, committedLeaderEpoch);
      }
    }
    return 0;
  }

  /** Removes a member, as when its session ends. */
  expel(memberId: string): void {
    this.members.delete(memberId);
    if (this.members.size > 0) this.prepare(60_000);
    else this.state = 'empty';
  }

  private errorFor(memberId: string, generationId: number): number {
    if (!this.members.has(memberId)) return errorCodes.UNKNOWN_MEMBER_ID;
    return generationId === this.generation ? 0 : errorCodes.ILLEGAL_GENERATION;
  }

  private prepare(rebalanceTimeoutMs: number): void {
    this.state = 'preparing';
    const round = ++this.round;
    for (const member of this.members.values()) {
      member.sync?.(refusedSync(errorCodes.REBALANCE_IN_PROGRESS));
      member.sync = undefined;
    }
    this.world.after(rebalanceTimeoutMs, () => {
      if (round !== this.round || this.state !== 'preparing') return;
      for (const [id, { join }] of this.members) if (join === undefined) this.members.delete(id);
      this.completeJoinIfAll();
    });
  }

  private completeJoinIfAll(): void {
    const all = [...this.members];
    if (all.length === 0 || all.some(([, { join }]) => join === undefined)) return;
    this.generation++;
    this.state = 'completing';
    const leader = (all[0] as [string, Member])[0];
    for (const [memberId, member] of all) {
      member.join?.({
        ...refusedJoin(0, memberId),
        generationId: this.generation,
        protocolName: 'range',
        leader,
        members:
          memberId === leader ? all.map(([id, { metadata }]) => ({ memberId: id, metadata })) : [],
      });
      member.join = undefined;
    }
  }
}

function refusedJoin(errorCode: number, memberId: string): ResponseBody<'joinGroup'> {
  return { errorCode, memberId, protocolName: '', leader: '', members: [] };
}

function refusedSync(errorCode: number): ResponseBody<'syncGroup'> {
  return { errorCode, assignment: new Uint8Array() };
}
