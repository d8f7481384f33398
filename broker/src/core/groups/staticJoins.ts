import { errorCodes } from '@zookafka/kafka-wire';
import { type PendingRequest } from '../connections.ts';
import { type Group } from './group.ts';
import { joinAnswer, joinRefusal, syncRefusal } from './groupAnswers.ts';
import { type Joining, type JoinParts } from './joinParts.ts';
import { type Member, type MemberOrigin, type MemberWishes } from './member.ts';

/** The first version that can tell a leader not to share out the work again. */
const skipAssignmentFrom = 9;

interface Replacement {
  readonly joining: Joining;
  /** The id that the member goes on under. */
  readonly memberId: string;
}

/** What a static member was before its process came back, in case that cannot be written. */
interface Before {
  readonly id: string;
  readonly wishes: MemberWishes;
  readonly origin: MemberOrigin;
  readonly leaderId: string | null;
}

/**
 * A static member whose process came back: it takes the place of the one before, without a rebalance where the group is
 * stable and its protocol stays. Source: KIP-345, KIP-814.
 */
export class StaticJoins {
  private readonly parts: JoinParts;

  constructor(parts: JoinParts) {
    this.parts = parts;
  }

  replace(group: Group, member: Member, { joining, memberId }: Replacement): void {
    const { context, rebalances } = this.parts;
    const { id, wishes, origin } = member;
    const before: Before = { id, wishes, origin, leaderId: group.leaderId };
    this.fence(group, member);
    group.rename(member, memberId);
    group.update(member, joining.wishes);
    member.origin = joining.origin;
    rebalances.keepAlive(member);
    rebalances.park(group, member, joining.request);
    const vote = { protocol: group.protocol, protocolNext: group.selectProtocol() };
    if (group.state === 'Stable' && context.rules.keepsGeneration(vote)) {
      this.goOn(group, member, { request: joining.request, before });
    } else {
      // In the middle of a rebalance the leader knows the old id only.
      rebalances.prepare(group, 'a static member came back');
    }
  }

  /** The process before may still be there, and wait. */
  private fence(group: Group, member: Member): void {
    const { port } = this.parts.context;
    const code = errorCodes.FENCED_INSTANCE_ID;
    const join = group.takeJoin(member);
    if (join !== undefined) port.answer(join, joinRefusal(join, code, member.id));
    const sync = member.awaitingSync;
    member.awaitingSync = undefined;
    if (sync !== undefined) port.answer(sync, syncRefusal(code));
  }

  private goOn(
    group: Group,
    member: Member,
    { request, before }: { readonly request: PendingRequest; readonly before: Before },
  ): void {
    const { store, port } = this.parts.context;
    const { id } = member;
    const assignments = new Map([...group.members].map(([key, one]) => [key, one.assignment]));
    store.storeGroup(group, assignments, (errorCode) => {
      // Somebody else answers it: a rebalance, a newer process, the next coordinator.
      if (member.awaitingJoin !== request || group.state !== 'Stable') return;
      group.takeJoin(member);
      if (errorCode === 0) {
        port.answer(request, this.answerTo(request, { group, member, before }));
      } else {
        group.rename(member, before.id);
        group.update(member, before.wishes);
        member.origin = before.origin;
        port.answer(request, joinRefusal(request, errorCode, ''));
        port.trace('groupNotStored', { group: group.id, member: id, errorCode });
      }
      this.parts.rebalances.keepAlive(member);
    });
  }

  /** An older client that is told that it leads would share out again, and nobody would hear of it. */
  private answerTo(
    { input }: PendingRequest,
    { group, member, before }: { group: Group; member: Member; before: Before },
  ): object {
    if (input.apiVersion < skipAssignmentFrom) {
      return joinAnswer(group, member, { leader: before.leaderId, hasMembers: false });
    }
    const isLeader = group.leaderId === member.id;
    return joinAnswer(group, member, { skipAssignment: isLeader, hasMembers: isLeader });
  }
}
