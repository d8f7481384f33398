import { errorCodes, type RequestOf } from '@zookafka/kafka-wire';
import { type PendingRequest } from '../connections.ts';
import { type Group } from './group.ts';
import { type JoinParts } from './joinParts.ts';
import { type Member } from './member.ts';

/** The first version that names several members. */
const batchFrom = 3;

type Leaving = RequestOf<'leaveGroup'>['members'][number];

/** LeaveGroup. Source: Apache Kafka 3.9, `GroupCoordinator.handleLeaveGroup`. */
export class Leaves {
  private readonly parts: JoinParts;

  constructor(parts: JoinParts) {
    this.parts = parts;
  }

  handle(request: PendingRequest): void {
    const { apiVersion } = request.input;
    const body = request.input.body as RequestOf<'leaveGroup'>;
    const { port } = this.parts.context;
    const isBatch = apiVersion >= batchFrom;
    const leaving = isBatch
      ? body.members
      : [{ memberId: body.memberId, groupInstanceId: null, reason: null }];
    const located = this.parts.partitions.locate(body.groupId);
    if (located.kind === 'refused') {
      port.answer(request, { throttleTimeMs: 0, errorCode: located.errorCode, members: [] });
      return;
    }
    const group = located.led.groups.get(body.groupId);
    if (group?.state === 'Dead') {
      const errorCode = errorCodes.COORDINATOR_NOT_AVAILABLE;
      port.answer(request, { throttleTimeMs: 0, errorCode, members: [] });
      return;
    }
    const members = leaving.map((one) => ({
      memberId: one.memberId,
      groupInstanceId: one.groupInstanceId,
      errorCode: group === undefined ? errorCodes.UNKNOWN_MEMBER_ID : this.leave(group, one),
    }));
    const errorCode = isBatch ? 0 : (members[0]?.errorCode ?? 0);
    port.answer(request, { throttleTimeMs: 0, errorCode, members });
  }

  private leave(group: Group, { memberId, groupInstanceId }: Leaving): number {
    const { rebalances } = this.parts;
    if (memberId === '') {
      // An operator removes a static member by its instance.
      const holder = groupInstanceId === null ? undefined : group.holderOf(groupInstanceId);
      if (holder === undefined) return errorCodes.UNKNOWN_MEMBER_ID;
      rebalances.remove(group, holder, 'a static member was removed');
      return 0;
    }
    if (group.pending.has(memberId)) {
      rebalances.onPendingDue(group, memberId);
      return 0;
    }
    const fault = group.judgeMember(memberId, groupInstanceId);
    if (fault !== 0) return fault;
    rebalances.remove(group, group.members.get(memberId) as Member, 'a member left');
    return 0;
  }
}
