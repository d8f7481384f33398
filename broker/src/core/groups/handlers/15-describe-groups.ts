import { type RequestOf } from '@zookafka/kafka-wire';
import { type PendingRequest } from '../../connections.ts';
import { type GroupCoordinatorPort } from '../../groupPort.ts';
import { type Handler } from '../../handlers/handler.ts';
import { type Group } from '../group.ts';
import { type GroupPartitions } from '../groupPartitions.ts';

const nothing = new Uint8Array(0);

/** DescribeGroups: a group that nobody knows is dead, not an error. */
export class DescribeGroupsHandler implements Handler {
  readonly api = 'describeGroups';
  private readonly port: GroupCoordinatorPort;
  private readonly partitions: GroupPartitions;

  constructor(port: GroupCoordinatorPort, partitions: GroupPartitions) {
    this.port = port;
    this.partitions = partitions;
  }

  handle(request: PendingRequest): void {
    const { groups } = request.input.body as RequestOf<'describeGroups'>;
    this.port.answer(request, {
      throttleTimeMs: 0,
      groups: groups.map((groupId) => this.describe(groupId)),
    });
  }

  private describe(groupId: string): object {
    const located = this.partitions.locate(groupId, true);
    const none = { groupId, protocolType: '', protocolData: '', members: [] };
    if (located.kind === 'refused') {
      return { ...none, errorCode: located.errorCode, groupState: '' };
    }
    const group = located.led.groups.get(groupId);
    return group === undefined
      ? { ...none, errorCode: 0, groupState: 'Dead' }
      : descriptionOf(group);
  }
}

/** Source: `GroupMetadata.summary`: what members do is only told while it is settled. */
function descriptionOf(group: Group): object {
  const isStable = group.state === 'Stable';
  return {
    errorCode: 0,
    groupId: group.id,
    groupState: group.state,
    protocolType: group.protocolType,
    protocolData: isStable ? (group.protocol ?? '') : '',
    members: [...group.members.values()].map((member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      clientId: member.origin.clientId,
      clientHost: member.origin.clientHost,
      memberMetadata: isStable ? member.metadataFor(group.protocol) : nothing,
      memberAssignment: isStable ? member.assignment : nothing,
    })),
  };
}
