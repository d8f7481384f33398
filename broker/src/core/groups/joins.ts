import { utf8Length } from '@zookafka/base';
import { errorCodes, type RequestOf } from '@zookafka/kafka-wire';
import { type PendingRequest } from '../connections.ts';
import { type Group } from './group.ts';
import { joinAnswer, joinRefusal } from './groupAnswers.ts';
import { type LedPartition } from './groupPartitions.ts';
import {
  clientIdLengthMax,
  groupsPerPartitionMax,
  pendingMembersMax,
  textBytesMax,
} from './groupSettings.ts';
import { type Joining, type JoinParts } from './joinParts.ts';
import { Member } from './member.ts';
import { newMemberId } from './memberIds.ts';
import { StaticJoins } from './staticJoins.ts';

/** The first version whose clients can join again with an id that they are given. */
const memberIdRequiredFrom = 4;
/** The first version that tells how long a rebalance may take. */
const rebalanceTimeoutFrom = 1;

/** JoinGroup. Source of the order of checks: Apache Kafka 3.9, `GroupCoordinator.handleJoinGroup`. */
export class Joins {
  private readonly parts: JoinParts;
  private readonly statics: StaticJoins;

  constructor(parts: JoinParts) {
    this.parts = parts;
    this.statics = new StaticJoins(parts);
  }

  handle(request: PendingRequest): void {
    const body = request.input.body as RequestOf<'joinGroup'>;
    const joining = joiningOf(request, body);
    const { settings } = this.parts.context;
    const located = this.parts.partitions.locate(body.groupId);
    if (located.kind === 'refused') {
      this.refuse(joining, located.errorCode);
    } else if (
      body.sessionTimeoutMs < settings.sessionTimeoutMsMin ||
      body.sessionTimeoutMs > settings.sessionTimeoutMsMax
    ) {
      this.refuse(joining, errorCodes.INVALID_SESSION_TIMEOUT);
    } else if (!hasStorableTexts(joining)) {
      this.refuse(joining, errorCodes.INVALID_REQUEST);
    } else {
      this.joinIn(located.led, body.groupId, joining);
    }
  }

  private joinIn(led: LedPartition, groupId: string, joining: Joining): void {
    const { memberId } = joining;
    let group = led.groups.get(groupId);
    if (group === undefined) {
      if (memberId !== '') {
        this.refuse(joining, errorCodes.UNKNOWN_MEMBER_ID);
        return;
      }
      if (led.groups.size >= groupsPerPartitionMax) {
        this.refuse(joining, errorCodes.COORDINATOR_NOT_AVAILABLE);
        return;
      }
      group = this.parts.partitions.addGroup(led, groupId);
    }
    if (!this.hasRoom(group, memberId)) this.turnAway(group, joining);
    else if (memberId === '') this.joinNew(group, joining);
    else this.joinKnown(group, joining);
    this.parts.rebalances.tryComplete(group);
  }

  private joinNew(group: Group, joining: Joining): void {
    const { protocolType, names, instanceId, origin, request } = joining;
    if (group.state === 'Dead') {
      this.refuse(joining, errorCodes.COORDINATOR_NOT_AVAILABLE, '');
      return;
    }
    if (!group.supports(protocolType, names)) {
      this.refuse(joining, errorCodes.INCONSISTENT_GROUP_PROTOCOL, '');
      return;
    }
    const { context, rebalances } = this.parts;
    const prefix = instanceId ?? origin.clientId.slice(0, clientIdLengthMax);
    const memberId = newMemberId(prefix, () => context.port.random());
    const known = instanceId === null ? undefined : group.holderOf(instanceId);
    if (known !== undefined) {
      this.statics.replace(group, known, { joining, memberId });
    } else if (instanceId === null && request.input.apiVersion >= memberIdRequiredFrom) {
      if (group.pending.size >= pendingMembersMax) {
        this.refuse(joining, errorCodes.GROUP_MAX_SIZE_REACHED, '');
        return;
      }
      rebalances.addPending(group, memberId, joining.wishes.sessionTimeoutMs);
      this.refuse(joining, errorCodes.MEMBER_ID_REQUIRED, memberId);
    } else {
      this.add(group, joining, memberId);
    }
  }

  private joinKnown(group: Group, joining: Joining): void {
    const { memberId, instanceId, protocolType, names } = joining;
    if (group.state === 'Dead') {
      this.refuse(joining, errorCodes.COORDINATOR_NOT_AVAILABLE);
    } else if (!group.supports(protocolType, names)) {
      this.refuse(joining, errorCodes.INCONSISTENT_GROUP_PROTOCOL);
    } else if (group.pending.has(memberId) && instanceId === null) {
      this.add(group, joining, memberId);
    } else {
      const fault = group.judgeMember(memberId, instanceId);
      if (fault === 0) this.joinAgain(group, group.members.get(memberId) as Member, joining);
      else this.refuse(joining, fault);
    }
  }

  private joinAgain(group: Group, member: Member, joining: Joining): void {
    const isSame = member.wants(joining.wishes.protocols);
    const isLeader = group.leaderId === member.id;
    switch (group.state) {
      case 'CompletingRebalance':
        // It may not have seen the answer to its first.
        if (isSame) this.tell(group, member, { request: joining.request, hasMembers: isLeader });
        else this.rejoin(group, member, joining);
        return;
      case 'Stable':
        // A leader that joins again wants to share out anew, for reasons of its own.
        if (isLeader || !isSame) this.rejoin(group, member, joining);
        else this.tell(group, member, { request: joining.request, hasMembers: false });
        return;
      case 'PreparingRebalance':
        this.rejoin(group, member, joining);
        return;
      case 'Empty':
      case 'Dead':
        this.refuse(joining, errorCodes.UNKNOWN_MEMBER_ID, '');
        return;
    }
  }

  private rejoin(group: Group, member: Member, joining: Joining): void {
    group.update(member, joining.wishes);
    this.parts.rebalances.park(group, member, joining.request);
    this.parts.rebalances.prepare(group, 'a member joined again');
  }

  private tell(
    group: Group,
    member: Member,
    { request, hasMembers }: { readonly request: PendingRequest; readonly hasMembers: boolean },
  ): void {
    this.parts.context.port.answer(request, joinAnswer(group, member, { hasMembers }));
  }

  private add(group: Group, joining: Joining, id: string): void {
    const { instanceId, origin, wishes, request, protocolType } = joining;
    const member = new Member(group.id, { id, instanceId, origin, wishes });
    this.parts.rebalances.add(group, member, { request, protocolType });
  }

  /** Source: KIP-389; while a rebalance is prepared those count that wait, so that the last ones stay outside. */
  private hasRoom(group: Group, memberId: string): boolean {
    const { groupSizeMax } = this.parts.context.settings;
    const member = group.members.get(memberId);
    switch (group.state) {
      case 'Empty':
      case 'Dead':
        return true;
      case 'PreparingRebalance':
        return member?.awaitingJoin !== undefined || group.awaitingCount < groupSizeMax;
      case 'CompletingRebalance':
      case 'Stable':
        return member !== undefined || group.members.size < groupSizeMax;
    }
  }

  private turnAway(group: Group, joining: Joining): void {
    const { rebalances } = this.parts;
    const member = group.members.get(joining.memberId);
    if (member !== undefined) rebalances.drop(group, member);
    rebalances.cancelPending(group, joining.memberId);
    this.refuse(joining, errorCodes.GROUP_MAX_SIZE_REACHED, '');
  }

  private refuse(joining: Joining, errorCode: number, memberId = joining.memberId): void {
    const { request } = joining;
    this.parts.context.port.answer(request, joinRefusal(request, errorCode, memberId));
  }
}

function joiningOf(request: PendingRequest, body: RequestOf<'joinGroup'>): Joining {
  const { apiVersion, clientId, clientHost } = request.input;
  const { sessionTimeoutMs } = body;
  const rebalanceTimeoutMs =
    apiVersion >= rebalanceTimeoutFrom ? body.rebalanceTimeoutMs : sessionTimeoutMs;
  // Kept for long: a view would keep the whole frame.
  const protocols = body.protocols.map(({ name, metadata }) => ({
    name,
    metadata: metadata.slice(),
  }));
  return {
    request,
    memberId: body.memberId,
    instanceId: body.groupInstanceId,
    protocolType: body.protocolType,
    names: protocols.map(({ name }) => name),
    wishes: { sessionTimeoutMs, rebalanceTimeoutMs, protocols },
    origin: { clientId: clientId ?? '', clientHost },
  };
}

/** A static member's id is its instance id and a UUID. */
const memberIdSuffixBytes = 37;

function hasStorableTexts({ instanceId, protocolType, names }: Joining): boolean {
  const instanceBytes = utf8Length(instanceId ?? '') + memberIdSuffixBytes;
  return (
    instanceBytes <= textBytesMax &&
    [protocolType, ...names].every((text) => utf8Length(text) <= textBytesMax)
  );
}
