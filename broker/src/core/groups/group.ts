import { assert } from '@zookafka/base';
import { errorCodes } from '@zookafka/kafka-wire';
import { type PendingRequest } from '../connections.ts';
import { type GroupRules } from './groupRules.ts';
import { assertTransition, type GroupState } from './groupState.ts';
import { type Member, type MemberWishes } from './member.ts';
import { OffsetTable } from './offsetTable.ts';

/** What a group is made with. */
export interface GroupOptions {
  readonly id: string;
  /** Of `__consumer_offsets`. */
  readonly partition: number;
  readonly rules: GroupRules;
  readonly wallMs: number;
}

/** A member id that was given out and not used. */
export interface PendingTimer {
  readonly kind: 'pending';
  readonly group: Group;
  readonly memberId: string;
}

/** Members that have not joined again, or not asked for their assignment, are not waited for any longer. */
export interface RoundTimer {
  readonly kind: 'join' | 'sync';
  readonly group: Group;
}

/**
 * One group: its members, its generation, its offsets. It keeps the books; `Rebalances` moves it on.
 *
 *     Empty ──join──► PreparingRebalance ──all joined──► CompletingRebalance ──leader's sync stored──► Stable
 *       ▲                  │   ▲                                  │                                     │
 *       └────nobody left───┘   └──────────── member comes, changes, leaves, is silent ◄─────────────────┘
 *     any ──deleted, expired, or another broker's──► Dead
 */
export class Group {
  readonly id: string;
  readonly partition: number;
  readonly offsets = new OffsetTable();
  readonly members = new Map<string, Member>();
  /** Ids that were given out and not used yet, with what ends them. */
  readonly pending = new Map<string, PendingTimer>();
  /** Who has not asked for its assignment in this generation. */
  readonly pendingSync = new Set<string>();
  readonly joinTimer: RoundTimer = { kind: 'join', group: this };
  readonly syncTimer: RoundTimer = { kind: 'sync', group: this };
  generation = 0;
  /** Empty until there was a member. */
  protocolType = '';
  protocol: string | null = null;
  leaderId: string | null = null;
  /** Wall time; -1 where nobody knows. */
  stateSinceMs: number;
  /** The first members of a group wait for more: how long at most from the next look on. */
  initialDelayLeftMs: number | undefined;
  /** Whether somebody came since the last look. */
  hasNewcomer = false;
  /** Whether the assignment of this generation is being written. */
  isStoring = false;
  private readonly rules: GroupRules;
  private readonly holders = new Map<string, Member>();
  /** How many members support a protocol. */
  private readonly support = new Map<string, number>();
  private stateNow: GroupState = 'Empty';
  private awaiting = 0;

  constructor({ id, partition, rules, wallMs }: GroupOptions) {
    this.id = id;
    this.partition = partition;
    this.rules = rules;
    this.stateSinceMs = wallMs;
  }

  get state(): GroupState {
    return this.stateNow;
  }

  /** Members whose JoinGroup waits. */
  get awaitingCount(): number {
    return this.awaiting;
  }

  /** The longest that a member wants the others to wait for it. */
  get rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const { wishes } of this.members.values()) {
      longest = Math.max(longest, wishes.rebalanceTimeoutMs);
    }
    return longest;
  }

  get isJoinComplete(): boolean {
    const { members, awaiting, pending } = this;
    return this.rules.isJoinComplete({ members: members.size, awaiting, pending: pending.size });
  }

  moveTo(state: GroupState, wallMs: number): void {
    assertTransition(this.stateNow, state);
    this.stateNow = state;
    this.stateSinceMs = wallMs;
  }

  /** A group as the log told it, whoever was in it. */
  restore(state: 'Empty' | 'Stable', stateSinceMs: number): void {
    this.stateNow = state;
    this.stateSinceMs = stateSinceMs;
  }

  holderOf(instanceId: string): Member | undefined {
    return this.holders.get(instanceId);
  }

  /** @returns Kafka's error for who says that it is a member, or 0 */
  judgeMember(memberId: string, instanceId: string | null): number {
    if (instanceId !== null) {
      const fault = this.rules.judgeInstance({
        memberId,
        holder: this.holders.get(instanceId)?.id,
      });
      if (fault !== 0) return fault;
    }
    return this.members.has(memberId) ? 0 : errorCodes.UNKNOWN_MEMBER_ID;
  }

  /** @returns whether a member with these protocols would leave the group one that all support */
  supports(protocolType: string, names: readonly string[]): boolean {
    if (this.stateNow === 'Empty') return protocolType !== '' && names.length > 0;
    if (protocolType !== this.protocolType) return false;
    // While the last member drops out nobody supports anything, and whoever comes is welcome.
    return names.some((name) => (this.support.get(name) ?? 0) === this.members.size);
  }

  selectProtocol(): string {
    return this.rules.selectProtocol([...this.members.values()].map((one) => one.protocolNames));
  }

  add(member: Member, protocolType: string): void {
    assert(!this.members.has(member.id), 'A member is added once', { member: member.id });
    if (this.members.size === 0) this.protocolType = protocolType;
    this.leaderId ??= member.id;
    this.members.set(member.id, member);
    if (member.instanceId !== null) this.holders.set(member.instanceId, member);
    this.countSupport(member, 1);
  }

  update(member: Member, wishes: MemberWishes): void {
    this.countSupport(member, -1);
    member.wishes = wishes;
    this.countSupport(member, 1);
  }

  /** The books only: timers and answers are whoever's who calls. */
  remove(member: Member): void {
    if (!this.members.delete(member.id)) return;
    this.countSupport(member, -1);
    if (member.awaitingJoin !== undefined) this.awaiting--;
    if (member.instanceId !== null) this.holders.delete(member.instanceId);
    this.pendingSync.delete(member.id);
    if (this.leaderId === member.id) this.leaderId = this.members.keys().next().value ?? null;
  }

  /** A static member goes on under a new id. */
  rename(member: Member, id: string): void {
    this.members.delete(member.id);
    if (this.pendingSync.delete(member.id)) this.pendingSync.add(id);
    if (this.leaderId === member.id) this.leaderId = id;
    member.id = id;
    this.members.set(id, member);
  }

  /** @returns the JoinGroup that waited before, or undefined */
  awaitJoin(member: Member, request: PendingRequest): PendingRequest | undefined {
    const before = member.awaitingJoin;
    member.awaitingJoin = request;
    if (before === undefined) this.awaiting++;
    return before;
  }

  /** @returns the JoinGroup that waits no longer, or undefined */
  takeJoin(member: Member): PendingRequest | undefined {
    const request = member.awaitingJoin;
    member.awaitingJoin = undefined;
    if (request !== undefined) this.awaiting--;
    return request;
  }

  /** The leader goes on being it if it joined again; else somebody who did. @returns whether there is one */
  electLeader(): boolean {
    if (this.leaderId === null) return false;
    if (this.members.get(this.leaderId)?.awaitingJoin !== undefined) return true;
    for (const member of this.members.values()) {
      if (member.awaitingJoin === undefined) continue;
      this.leaderId = member.id;
      return true;
    }
    return false;
  }

  private countSupport(member: Member, change: 1 | -1): void {
    for (const name of new Set(member.protocolNames)) {
      const count = (this.support.get(name) ?? 0) + change;
      if (count === 0) this.support.delete(name);
      else this.support.set(name, count);
    }
  }
}
