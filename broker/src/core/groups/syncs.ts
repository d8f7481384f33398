import { errorCodes, type RequestOf } from '@zookafka/kafka-wire';
import { type PendingRequest } from '../connections.ts';
import { type Group } from './group.ts';
import { syncAnswer, syncRefusal } from './groupAnswers.ts';
import { type JoinParts } from './joinParts.ts';
import { type Member } from './member.ts';

type SyncBody = RequestOf<'syncGroup'>;

/** SyncGroup and Heartbeat: members of a generation. Source: Apache Kafka 3.9, `GroupCoordinator`. */
export class Syncs {
  private readonly parts: JoinParts;

  constructor(parts: JoinParts) {
    this.parts = parts;
  }

  handleSync(request: PendingRequest): void {
    const body = request.input.body as SyncBody;
    const located = this.parts.partitions.locate(body.groupId);
    if (located.kind === 'refused') {
      // The rebalance that it was part of is lost: it joins again, here. Older clients do not know "loading".
      const isLoading = located.errorCode === errorCodes.COORDINATOR_LOAD_IN_PROGRESS;
      this.refuse(request, isLoading ? errorCodes.REBALANCE_IN_PROGRESS : located.errorCode);
      return;
    }
    const group = located.led.groups.get(body.groupId);
    const fault = group === undefined ? errorCodes.UNKNOWN_MEMBER_ID : syncFault(group, body);
    if (group === undefined || fault !== 0) this.refuse(request, fault);
    else this.sync(group, group.members.get(body.memberId) as Member, request);
  }

  handleHeartbeat(request: PendingRequest): void {
    const body = request.input.body as RequestOf<'heartbeat'>;
    const errorCode = this.heartbeat(body);
    this.parts.context.port.answer(request, { throttleTimeMs: 0, errorCode });
  }

  private heartbeat(body: RequestOf<'heartbeat'>): number {
    const { groupId, memberId, groupInstanceId, generationId } = body;
    const located = this.parts.partitions.locate(groupId);
    if (located.kind === 'refused') {
      // What it belongs to is being read: it must not lose its place for that.
      const isLoading = located.errorCode === errorCodes.COORDINATOR_LOAD_IN_PROGRESS;
      return isLoading ? 0 : located.errorCode;
    }
    const group = located.led.groups.get(groupId);
    if (group === undefined) return errorCodes.UNKNOWN_MEMBER_ID;
    if (group.state === 'Dead') return errorCodes.COORDINATOR_NOT_AVAILABLE;
    const fault = group.judgeMember(memberId, groupInstanceId);
    if (fault !== 0) return fault;
    if (generationId !== group.generation) return errorCodes.ILLEGAL_GENERATION;
    if (group.state === 'Empty') return errorCodes.UNKNOWN_MEMBER_ID;
    this.parts.rebalances.keepAlive(group.members.get(memberId) as Member);
    return group.state === 'PreparingRebalance' ? errorCodes.REBALANCE_IN_PROGRESS : 0;
  }

  private sync(group: Group, member: Member, request: PendingRequest): void {
    const { context, rebalances } = this.parts;
    switch (group.state) {
      case 'PreparingRebalance':
        this.refuse(request, errorCodes.REBALANCE_IN_PROGRESS);
        return;
      case 'CompletingRebalance':
        if (member.awaitingSync !== undefined) {
          this.refuse(member.awaitingSync, errorCodes.REBALANCE_IN_PROGRESS);
        }
        member.awaitingSync = request;
        rebalances.onSynced(group, member);
        if (group.leaderId === member.id) this.store(group, request.input.body as SyncBody);
        return;
      case 'Stable':
        rebalances.onSynced(group, member);
        context.port.answer(request, syncAnswer(group, member));
        rebalances.keepAlive(member);
        return;
      case 'Empty':
      case 'Dead':
        this.refuse(request, errorCodes.UNKNOWN_MEMBER_ID);
        return;
    }
  }

  /** What the leader decided is in the log before anybody hears of it: the next coordinator must know the same. */
  private store(group: Group, { assignments }: SyncBody): void {
    // One decision a generation: a second would be in the log behind the one that members were told.
    if (group.isStoring) return;
    group.isStoring = true;
    const { store, rules } = this.parts.context;
    const { generation } = group;
    const told = new Map(
      assignments
        .filter(({ memberId }) => group.members.has(memberId))
        .map(({ memberId, assignment }) => [memberId, assignment.slice()]),
    );
    const onStored = (errorCode: number): void => {
      if (group.state !== 'CompletingRebalance' || group.generation !== generation) return;
      if (errorCode === 0) {
        this.parts.rebalances.settle(group, told);
        return;
      }
      this.parts.rebalances.failSyncs(group, errorCode);
      this.parts.rebalances.prepare(group, 'the assignment could not be stored');
    };
    store.storeGroup(group, told, onStored);
    if (rules.answersBeforeStored()) onStored(0);
  }

  private refuse(request: PendingRequest, errorCode: number): void {
    this.parts.context.port.answer(request, syncRefusal(errorCode));
  }
}

function syncFault(group: Group, body: SyncBody): number {
  if (group.state === 'Dead') return errorCodes.COORDINATOR_NOT_AVAILABLE;
  const fault = group.judgeMember(body.memberId, body.groupInstanceId);
  if (fault !== 0) return fault;
  if (body.generationId !== group.generation) return errorCodes.ILLEGAL_GENERATION;
  const { protocolType, protocolName } = body;
  const isOther =
    (protocolType !== null && protocolType !== group.protocolType) ||
    (protocolName !== null && protocolName !== group.protocol);
  return isOther ? errorCodes.INCONSISTENT_GROUP_PROTOCOL : 0;
}
