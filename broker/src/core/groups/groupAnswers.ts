import { type PendingRequest } from '../connections.ts';
import { type Group } from './group.ts';
import { type Member } from './member.ts';

/** The first version of JoinGroup whose protocol name may be null. */
const nullProtocolFrom = 7;
const nothing = new Uint8Array(0);

/** @returns the body of a refused JoinGroup */
export function joinRefusal(
  { input }: PendingRequest,
  errorCode: number,
  memberId: string,
): object {
  return {
    throttleTimeMs: 0,
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: input.apiVersion >= nullProtocolFrom ? null : '',
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  };
}

/** What a JoinGroup is answered beside what the group knows. */
export interface JoinExtra {
  readonly leader?: string | null;
  readonly skipAssignment?: boolean;
  /** Whether the members are told: the leader needs them, to share out the work. */
  readonly hasMembers: boolean;
}

/** @returns the body of a JoinGroup that made somebody part of the group's generation */
export function joinAnswer(group: Group, member: Member, extra: JoinExtra): object {
  const { generation, protocolType, protocol, leaderId } = group;
  const { leader = leaderId, skipAssignment = false, hasMembers } = extra;
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    generationId: generation,
    protocolType,
    protocolName: protocol ?? '',
    leader: leader ?? '',
    skipAssignment,
    memberId: member.id,
    members: hasMembers ? membersOf(group) : [],
  };
}

/** @returns the body of a refused SyncGroup */
export function syncRefusal(errorCode: number): object {
  return {
    throttleTimeMs: 0,
    errorCode,
    protocolType: null,
    protocolName: null,
    assignment: nothing,
  };
}

/** @returns the body of a SyncGroup: what the member has to do */
export function syncAnswer({ protocolType, protocol }: Group, { assignment }: Member): object {
  return { throttleTimeMs: 0, errorCode: 0, protocolType, protocolName: protocol, assignment };
}

function membersOf(group: Group): readonly object[] {
  return [...group.members.values()].map((member) => ({
    memberId: member.id,
    groupInstanceId: member.instanceId,
    metadata: member.metadataFor(group.protocol),
  }));
}
