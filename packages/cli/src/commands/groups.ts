import { Admin, decodeGroupAssignment } from '@zookafka/client';
import { errorName, type ResponseOf } from '@zookafka/kafka-wire';
import { failedError, usageError } from '../failure.ts';
import {
  groupMembersText,
  type GroupOffsetRow,
  groupOffsetsText,
  groupStatesText,
  groupStateText,
  lagOf,
} from '../output/groupsOutput.ts';
import {
  bootstrapOf,
  command,
  print,
  printJson,
  tell,
  withBootstrap,
  withJson,
} from './command.ts';

interface GroupsOptions {
  readonly data: string;
  readonly bootstrapServer: string | undefined;
  readonly json: boolean;
  readonly list: boolean;
  readonly describe: boolean;
  readonly delete: boolean;
  readonly group: string | undefined;
  readonly allGroups: boolean;
  readonly members: boolean;
  readonly verbose: boolean;
  readonly state: boolean;
}

type Group = ResponseOf<'describeGroups'>['groups'][number];

/** `zookafka groups`: Kafka's own flags and layouts. */
export const groupsCommand = command<GroupsOptions>({
  command: 'groups',
  describe: "list, describe, delete consumer groups, lag included: Kafka's own flags",
  builder: (yargs) =>
    withJson(withBootstrap(yargs))
      .option('list', { type: 'boolean', default: false })
      .option('describe', { type: 'boolean', default: false })
      .option('delete', { type: 'boolean', default: false })
      .option('group', { type: 'string', requiresArg: true, describe: 'the name' })
      .option('all-groups', {
        type: 'boolean',
        default: false,
        describe: 'describe: each that there is',
      })
      .option('members', { type: 'boolean', default: false, describe: 'describe: the members' })
      .option('verbose', {
        type: 'boolean',
        default: false,
        describe: 'with --members: what each reads',
      })
      .option('state', {
        type: 'boolean',
        default: false,
        describe: 'describe, list: the state',
      }) as never,
  handler: async (options) => {
    const actions = (['list', 'describe', 'delete'] as const).filter((name) => options[name]);
    const [action] = actions;
    if (action === undefined || actions.length > 1) {
      throw usageError('groups needs exactly one of --list, --describe, --delete');
    }
    const admin = new Admin({ bootstrap: bootstrapOf(options), clientId: 'zookafka-groups' });
    try {
      if (action === 'list') await listGroups(admin, options);
      else if (action === 'delete') await deleteGroup(admin, requireGroup(options), options.json);
      else await describeGroups(admin, options);
    } finally {
      admin.close();
    }
  },
});

async function listGroups(admin: Admin, { json, state }: GroupsOptions): Promise<void> {
  const found = await groupsOf(admin);
  const names = found.map(({ group }) => group);
  if (json) printJson(state ? found : names);
  else if (state) print(groupStatesText(found));
  else for (const name of names) print(name);
}

/** The groups of all brokers, by name. */
async function groupsOf(
  admin: Admin,
): Promise<readonly { readonly group: string; readonly state: string }[]> {
  const { brokers } = await admin.call('metadata', { topics: [] });
  const answers = await Promise.all(
    brokers.map(({ nodeId }) => admin.call('listGroups', {}, { kind: 'broker', id: nodeId })),
  );
  return answers
    .flatMap(({ groups }) => groups)
    .map(({ groupId, groupState }) => ({ group: groupId, state: groupState }))
    .sort((left, right) => (left.group < right.group ? -1 : 1));
}

async function deleteGroup(admin: Admin, group: string, json: boolean): Promise<void> {
  const target = { kind: 'groupCoordinator', group } as const;
  const { results } = await admin.call('deleteGroups', { groupsNames: [group] }, target);
  const errorCode = results[0]?.errorCode ?? -1;
  if (errorCode !== 0) {
    throw failedError(
      `Error: Deletion of some consumer groups failed:\n* Group '${group}' could not be deleted due to: ${errorName(errorCode)}`,
    );
  }
  if (json) printJson({ deleted: group });
  else print(`Deletion of requested consumer groups ('${group}') was successful.`);
}

async function describeGroups(admin: Admin, options: GroupsOptions): Promise<void> {
  const { allGroups, json, state } = options;
  if (allGroups && options.group !== undefined) {
    throw usageError('--group and --all-groups exclude each other');
  }
  const names = allGroups
    ? (await groupsOf(admin)).map(({ group }) => group)
    : [requireGroup(options)];
  const rows: object[] = [];
  for (const group of names) rows.push(...(await describeGroup(admin, group, options)));
  if (json) printJson(state && !allGroups ? rows[0] : rows);
}

/** @returns what `--json` prints of the group */
async function describeGroup(
  admin: Admin,
  group: string,
  options: GroupsOptions,
): Promise<readonly object[]> {
  const target = { kind: 'groupCoordinator', group } as const;
  const { groups } = await admin.call('describeGroups', { groups: [group] }, target);
  const found = groups[0];
  if (found?.errorCode !== 0) {
    throw failedError(`Error: ${errorName(found?.errorCode ?? -1)}`);
  }
  if (found.groupState === 'Dead') {
    throw failedError(`Error: Consumer group '${group}' does not exist.`);
  }
  sayState(found);
  if (options.state) return [await showState(admin, found, options)];
  return options.members ? showMembers(found, options) : showOffsets(admin, found, options);
}

function sayState({ groupId, groupState }: Group): void {
  if (groupState === 'Empty') tell(`\nConsumer group '${groupId}' has no active members.`);
  else if (groupState !== 'Stable') tell(`\nWarning: Consumer group '${groupId}' is rebalancing.`);
}

async function showState(admin: Admin, found: Group, { json }: GroupsOptions): Promise<object> {
  const { groupId, groupState, protocolData, members } = found;
  const answer = await admin.call('findCoordinator', {
    key: groupId,
    keyType: 0,
    coordinatorKeys: [groupId],
  });
  const { host, port, nodeId } = answer.coordinators[0] ?? answer;
  const row = {
    group: groupId,
    coordinator: { address: `${host}:${port}`, id: nodeId },
    assignmentStrategy: protocolData,
    state: groupState,
    members: members.length,
  };
  if (!json) print(groupStateText(row));
  return row;
}

function showMembers(
  { groupId, members }: Group,
  { json, verbose }: GroupsOptions,
): readonly object[] {
  const rows = members.map((member) => ({
    group: groupId,
    consumerId: member.memberId,
    groupInstanceId: member.groupInstanceId ?? undefined,
    host: member.clientHost,
    clientId: member.clientId,
    assignment: partitionsByTopic(member.memberAssignment),
  }));
  if (!json) print(groupMembersText(rows, verbose));
  return rows;
}

async function showOffsets(
  admin: Admin,
  found: Group,
  { json }: GroupsOptions,
): Promise<readonly object[]> {
  const rows = await offsetRows(admin, found);
  if (!json && rows.length > 0) print(groupOffsetsText(rows));
  return rows.map((row) => ({ ...nullsOf(row), lag: lagOf(row) ?? null }));
}

/** Names what is missing too. */
function nullsOf(row: GroupOffsetRow): object {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? null]));
}

/** A row for every partition that has a committed offset or a member. */
async function offsetRows(admin: Admin, found: Group): Promise<readonly GroupOffsetRow[]> {
  const { groupId: group, members } = found;
  const committed = await committedOffsets(admin, group);
  const owners = new Map<string, Group['members'][number]>();
  for (const member of members) {
    for (const { topic, partition } of decodeGroupAssignment(member.memberAssignment)) {
      owners.set(keyOf(topic, partition), member);
    }
  }
  const keys = [...new Set([...committed.keys(), ...owners.keys()])].sort(byTopicAndPartition);
  const ends = await endOffsets(admin, keys);
  return keys.map((key) => {
    const [topic, partition] = partsOf(key);
    const owner = owners.get(key);
    return {
      group,
      topic,
      partition,
      currentOffset: committed.get(key),
      logEndOffset: ends.get(key),
      consumerId: owner?.memberId,
      host: owner?.clientHost,
      clientId: owner?.clientId,
    };
  });
}

async function committedOffsets(admin: Admin, group: string): Promise<ReadonlyMap<string, number>> {
  const target = { kind: 'groupCoordinator', group } as const;
  const body = { groupId: group, topics: null, groups: [{ groupId: group, topics: null }] };
  const answer = await admin.call('offsetFetch', body, target);
  const { topics } = answer.groups[0] ?? answer;
  const committed = new Map<string, number>();
  for (const { name, partitions } of topics) {
    for (const { partitionIndex, committedOffset } of partitions) {
      if (committedOffset >= 0) committed.set(keyOf(name, partitionIndex), committedOffset);
    }
  }
  return committed;
}

/** The end of each partition, asked of its leader. */
async function endOffsets(
  admin: Admin,
  keys: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const names = [...new Set(keys.map((key) => partsOf(key)[0]))];
  if (names.length === 0) return new Map();
  const { topics } = await admin.call('metadata', { topics: names.map((name) => ({ name })) });
  const byLeader = new Map<number, string[]>();
  for (const { name, partitions } of topics) {
    for (const { partitionIndex, leaderId } of partitions) {
      const key = keyOf(name ?? '', partitionIndex);
      if (leaderId < 0 || !keys.includes(key)) continue;
      byLeader.set(leaderId, [...(byLeader.get(leaderId) ?? []), key]);
    }
  }
  const found = new Map<string, number>();
  await Promise.all(
    [...byLeader].map(async ([id, some]) => {
      const asked = some.map((key) => {
        const [name, partitionIndex] = partsOf(key);
        const partitions = [{ partitionIndex, currentLeaderEpoch: -1, timestamp: -1 }];
        return { name, partitions };
      });
      const body = { replicaId: -1, isolationLevel: 0, topics: asked };
      const answer = await admin.call('listOffsets', body, { kind: 'broker', id });
      for (const { name, partitions } of answer.topics) {
        for (const { partitionIndex, offset, errorCode } of partitions) {
          if (errorCode === 0) found.set(keyOf(name, partitionIndex), offset);
        }
      }
    }),
  );
  return found;
}

function partitionsByTopic(assignment: Uint8Array): readonly (readonly number[])[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of decodeGroupAssignment(assignment)) {
    topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  }
  return [...topics.values()];
}

function requireGroup({ group }: GroupsOptions): string {
  if (group === undefined || group === '') throw usageError('--group is missing');
  return group;
}

function keyOf(topic: string, partition: number): string {
  return `${topic} ${partition}`;
}

function partsOf(key: string): readonly [topic: string, partition: number] {
  const [topic = '', partition = ''] = key.split(' ');
  return [topic, Number(partition)];
}

function byTopicAndPartition(left: string, right: string): number {
  const [leftTopic, leftPartition] = partsOf(left);
  const [rightTopic, rightPartition] = partsOf(right);
  if (leftTopic !== rightTopic) return leftTopic < rightTopic ? -1 : 1;
  return leftPartition - rightPartition;
}
