import { errorCodes } from '@zookafka/kafka-wire';
import { type PendingRequest } from '../connections.ts';
import { type Group, type PendingTimer } from './group.ts';
import { joinAnswer, joinRefusal, syncAnswer, syncRefusal } from './groupAnswers.ts';
import { type GroupContext } from './groupContext.ts';
import { newMemberJoinMsMax } from './groupSettings.ts';
import { type GroupState } from './groupState.ts';
import { type Member } from './member.ts';

const nothing = new Uint8Array(0);

/**
 * Moves groups on: who is in a generation, when it begins, and who gets its assignment.
 *
 * A rebalance ends within its longest member's rebalance timeout; those that have not joined again by then are out.
 * Source: Apache Kafka 3.9, `GroupCoordinator`.
 */
export class Rebalances {
  private readonly context: GroupContext;

  constructor(context: GroupContext) {
    this.context = context;
  }

  /** Somebody new is in the group; its JoinGroup waits. */
  add(
    group: Group,
    member: Member,
    asked: { request: PendingRequest; protocolType: string },
  ): void {
    if (group.initialDelayLeftMs !== undefined) group.hasNewcomer = true;
    group.add(member, asked.protocolType);
    this.cancelPending(group, member.id);
    this.park(group, member, asked.request);
    this.context.timers.after(member.sessionTimer, newMemberJoinMsMax);
    this.prepare(group, 'a member joined');
  }

  /** A member's JoinGroup waits from now on. */
  park(group: Group, member: Member, request: PendingRequest): void {
    const before = group.awaitJoin(member, request);
    if (before === undefined) return;
    // The same member asked again: nobody reads the first answer, but answers keep their order.
    this.answer(before, joinRefusal(before, errorCodes.REBALANCE_IN_PROGRESS, member.id));
  }

  /** Begins a rebalance unless one is being prepared: then looks whether it is complete. */
  prepare(group: Group, reason: string): void {
    if (group.state === 'PreparingRebalance') this.tryComplete(group);
    else if (group.state !== 'Dead') this.begin(group, reason);
  }

  /** Somebody came, or is gone: are all there that are waited for? */
  tryComplete(group: Group): void {
    if (group.state !== 'PreparingRebalance') return;
    if (group.initialDelayLeftMs === undefined && group.isJoinComplete) this.complete(group);
  }

  onJoinDue(group: Group): void {
    if (group.state !== 'PreparingRebalance') return;
    const left = group.initialDelayLeftMs ?? 0;
    if (left > 0 && group.hasNewcomer) {
      group.hasNewcomer = false;
      const delayMs = Math.min(this.context.settings.initialRebalanceDelayMs, left);
      group.initialDelayLeftMs = left - delayMs;
      this.context.timers.after(group.joinTimer, delayMs);
      return;
    }
    this.complete(group);
  }

  /** Who joined a generation has to ask for its assignment in time. */
  onSyncDue(group: Group): void {
    if (group.state !== 'CompletingRebalance' && group.state !== 'Stable') return;
    if (group.pendingSync.size === 0) return;
    for (const id of [...group.pendingSync]) {
      const member = group.members.get(id);
      if (member !== undefined) this.drop(group, member);
    }
    this.prepare(group, 'members did not ask for their assignment');
  }

  onSessionDue(group: Group, member: Member): void {
    const isLost = this.context.rules.isLost({
      isNew: member.isNew,
      isAwaitingJoin: member.awaitingJoin !== undefined,
      isAwaitingSync: member.awaitingSync !== undefined,
    });
    if (isLost) this.remove(group, member, 'a member was silent');
  }

  onPendingDue(group: Group, memberId: string): void {
    this.cancelPending(group, memberId);
    this.tryComplete(group);
  }

  /** A member was heard of. */
  keepAlive(member: Member): void {
    this.context.timers.after(member.sessionTimer, member.wishes.sessionTimeoutMs);
  }

  /** Gives out a member id, to be used within the session timeout. */
  addPending(group: Group, memberId: string, sessionTimeoutMs: number): void {
    const timer: PendingTimer = { kind: 'pending', group, memberId };
    group.pending.set(memberId, timer);
    this.context.timers.after(timer, sessionTimeoutMs);
  }

  cancelPending(group: Group, memberId: string): void {
    const timer = group.pending.get(memberId);
    if (timer === undefined) return;
    group.pending.delete(memberId);
    this.context.timers.cancel(timer);
  }

  /** A member leaves, or is made to. */
  remove(group: Group, member: Member, reason: string): void {
    const request = group.takeJoin(member);
    if (request !== undefined) {
      this.answer(request, joinRefusal(request, errorCodes.UNKNOWN_MEMBER_ID, ''));
    }
    this.drop(group, member);
    if (group.state !== 'Empty') this.prepare(group, reason);
  }

  /** Takes a member out, without asking what follows from it. */
  drop(group: Group, member: Member): void {
    this.context.timers.cancel(member.sessionTimer);
    group.remove(member);
    this.refuseSync(member, errorCodes.UNKNOWN_MEMBER_ID);
  }

  /** The member asked for its assignment. */
  onSynced(group: Group, member: Member): void {
    group.pendingSync.delete(member.id);
    if (group.pendingSync.size === 0) this.context.timers.cancel(group.syncTimer);
  }

  /** The leader's assignment counts: everybody who waits is told. */
  settle(group: Group, assignments: ReadonlyMap<string, Uint8Array>): void {
    for (const member of group.members.values()) {
      member.assignment = assignments.get(member.id) ?? nothing;
    }
    this.moveTo(group, 'Stable', 'the assignment is stored');
    for (const member of group.members.values()) {
      const request = member.awaitingSync;
      member.awaitingSync = undefined;
      if (request === undefined) continue;
      this.answer(request, syncAnswer(group, member));
      this.keepAlive(member);
    }
  }

  /** There will be no assignment in this generation. */
  failSyncs(group: Group, errorCode: number): void {
    for (const member of group.members.values()) {
      member.assignment = nothing;
      if (this.refuseSync(member, errorCode)) this.keepAlive(member);
    }
  }

  /** This broker is not the group's coordinator any more: nobody waits here. */
  unload(group: Group): void {
    const { timers } = this.context;
    for (const member of group.members.values()) {
      const request = group.takeJoin(member);
      if (request !== undefined) {
        this.answer(request, joinRefusal(request, errorCodes.NOT_COORDINATOR, member.id));
      }
      this.refuseSync(member, errorCodes.NOT_COORDINATOR);
      timers.cancel(member.sessionTimer);
    }
    for (const timer of group.pending.values()) timers.cancel(timer);
    timers.cancel(group.joinTimer);
    timers.cancel(group.syncTimer);
    group.moveTo('Dead', this.context.port.wallMs);
  }

  private begin(group: Group, reason: string): void {
    const { settings, timers } = this.context;
    if (group.state === 'CompletingRebalance') {
      this.failSyncs(group, errorCodes.REBALANCE_IN_PROGRESS);
    }
    timers.cancel(group.syncTimer);
    let delayMs = group.rebalanceTimeoutMs;
    group.initialDelayLeftMs = undefined;
    if (group.state === 'Empty') {
      group.initialDelayLeftMs = Math.max(0, delayMs - settings.initialRebalanceDelayMs);
      delayMs = settings.initialRebalanceDelayMs;
    }
    group.hasNewcomer = false;
    this.moveTo(group, 'PreparingRebalance', reason);
    timers.after(group.joinTimer, delayMs);
    this.tryComplete(group);
  }

  private complete(group: Group): void {
    const { timers } = this.context;
    for (const member of [...group.members.values()]) {
      if (member.awaitingJoin === undefined && !member.isStatic) this.drop(group, member);
    }
    group.initialDelayLeftMs = undefined;
    if (group.members.size === 0) {
      timers.cancel(group.joinTimer);
      this.becomeEmpty(group);
    } else if (group.electLeader()) {
      timers.cancel(group.joinTimer);
      this.beginGeneration(group);
    } else {
      // Only static members, and none is back: their sessions decide.
      timers.after(group.joinTimer, group.rebalanceTimeoutMs);
    }
  }

  private becomeEmpty(group: Group): void {
    const { rules, store, port } = this.context;
    group.generation = rules.nextGeneration(group.generation);
    group.protocol = null;
    group.pendingSync.clear();
    this.moveTo(group, 'Empty', 'nobody is left');
    store.storeGroup(group, new Map(), (errorCode) => {
      // The log's generation would be the older one, with members that will be found silent.
      if (errorCode !== 0) port.trace('groupNotStored', { group: group.id, errorCode });
    });
  }

  private beginGeneration(group: Group): void {
    const { rules, timers } = this.context;
    group.generation = rules.nextGeneration(group.generation);
    group.protocol = group.selectProtocol();
    group.isStoring = false;
    group.pendingSync.clear();
    for (const id of group.members.keys()) group.pendingSync.add(id);
    this.moveTo(group, 'CompletingRebalance', 'all joined');
    for (const member of group.members.values()) {
      const request = group.takeJoin(member);
      if (request !== undefined) {
        const hasMembers = group.leaderId === member.id;
        this.answer(request, joinAnswer(group, member, { hasMembers }));
      }
      this.keepAlive(member);
      member.isNew = false;
    }
    timers.after(group.syncTimer, group.rebalanceTimeoutMs);
  }

  /** @returns whether it waited */
  private refuseSync(member: Member, errorCode: number): boolean {
    const request = member.awaitingSync;
    if (request === undefined) return false;
    member.awaitingSync = undefined;
    this.answer(request, syncRefusal(errorCode));
    return true;
  }

  private moveTo(group: Group, state: GroupState, reason: string): void {
    const { port } = this.context;
    group.moveTo(state, port.wallMs);
    const { id, generation, members } = group;
    port.trace('groupMoved', { group: id, state, generation, members: members.size, reason });
  }

  private answer(request: PendingRequest, body: object): void {
    this.context.port.answer(request, body);
  }
}
