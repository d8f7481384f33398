import { utf8Decode, utf8Encode } from '@zookafka/base';
import { type ResponseOf } from '@zookafka/kafka-wire';
import { type Answer, type GroupCluster } from './harness.ts';

/** How a test's member joins. */
export interface JoinOptions {
  readonly group?: string;
  readonly memberId?: string;
  readonly instance?: string | null;
  readonly version?: number;
  readonly protocols?: readonly (readonly [string, string])[];
  readonly protocolType?: string;
  readonly sessionMs?: number;
  readonly rebalanceMs?: number;
  readonly broker?: number;
}

/** Sends a JoinGroup. */
export function join(cluster: GroupCluster, options: JoinOptions = {}): Answer<'joinGroup'> {
  const { protocols = [['range', 'm']], version = 3, instance = null } = options;
  return cluster.request(
    'joinGroup',
    {
      groupId: options.group ?? 'g',
      sessionTimeoutMs: options.sessionMs ?? 10_000,
      rebalanceTimeoutMs: options.rebalanceMs ?? 30_000,
      memberId: options.memberId ?? '',
      groupInstanceId: instance,
      protocolType: options.protocolType ?? 'consumer',
      protocols: protocols.map(([name, text]) => ({ name, metadata: utf8Encode(text) })),
    },
    { version: instance === null ? version : Math.max(5, version), broker: options.broker ?? 0 },
  );
}

/** How a test's member syncs. */
export interface SyncOptions {
  readonly group?: string;
  readonly generation: number;
  readonly memberId: string;
  readonly instance?: string | null;
  readonly assignments?: Readonly<Record<string, string>>;
  readonly protocolName?: string | null;
  readonly protocolType?: string | null;
  readonly broker?: number;
}

/** Sends a SyncGroup. */
export function sync(cluster: GroupCluster, options: SyncOptions): Answer<'syncGroup'> {
  return cluster.request(
    'syncGroup',
    {
      groupId: options.group ?? 'g',
      generationId: options.generation,
      memberId: options.memberId,
      groupInstanceId: options.instance ?? null,
      protocolType: options.protocolType ?? null,
      protocolName: options.protocolName ?? null,
      assignments: Object.entries(options.assignments ?? {}).map(([memberId, text]) => ({
        memberId,
        assignment: utf8Encode(text),
      })),
    },
    { broker: options.broker ?? 0 },
  );
}

/** @returns Kafka's error of a heartbeat */
export function beat(
  cluster: GroupCluster,
  options: {
    group?: string;
    generation: number;
    memberId: string;
    instance?: string | null;
    broker?: number;
  },
): number {
  return cluster.ask(
    'heartbeat',
    {
      groupId: options.group ?? 'g',
      generationId: options.generation,
      memberId: options.memberId,
      groupInstanceId: options.instance ?? null,
    },
    { broker: options.broker ?? 0 },
  ).errorCode;
}

/** How a test commits. */
export interface CommitOptions {
  readonly group?: string;
  readonly generation?: number;
  readonly memberId?: string;
  readonly instance?: string | null;
  readonly topic?: string;
  readonly partition?: number;
  readonly offset: number;
  readonly metadata?: string | null;
  readonly version?: number;
  readonly broker?: number;
  readonly retentionMs?: number;
}

/** Sends an OffsetCommit of one partition. */
export function sendCommit(cluster: GroupCluster, options: CommitOptions): Answer<'offsetCommit'> {
  const { version = 9, broker = 0 } = options;
  return cluster.request(
    'offsetCommit',
    {
      groupId: options.group ?? 'g',
      generationIdOrMemberEpoch: options.generation ?? -1,
      memberId: options.memberId ?? '',
      groupInstanceId: options.instance ?? null,
      retentionTimeMs: options.retentionMs ?? -1,
      topics: [
        {
          name: options.topic ?? 't',
          partitions: [
            {
              partitionIndex: options.partition ?? 0,
              committedOffset: options.offset,
              committedLeaderEpoch: 5,
              committedMetadata: options.metadata ?? null,
            },
          ],
        },
      ],
    },
    { version, broker },
  );
}

/** @returns Kafka's error of a commit that is answered at once */
export function commit(cluster: GroupCluster, options: CommitOptions): number {
  return codeOf(sendCommit(cluster, options)) as number;
}

/** @returns Kafka's error of a commit of one partition; undefined while it waits */
export function codeOf({ body }: Answer<'offsetCommit'>): number | undefined {
  return body?.topics[0]?.partitions[0]?.errorCode;
}

/** @returns the offset, -1 for none; a text for an error */
export function fetchOffset(
  cluster: GroupCluster,
  { group = 'g', topic = 't', partition = 0, broker = 0 } = {},
): number | string {
  const { groups } = cluster.ask(
    'offsetFetch',
    {
      groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: [partition] }] }],
      requireStable: true,
    },
    { broker },
  );
  const [answer] = groups;
  if (answer?.errorCode !== 0) return `error ${answer?.errorCode}`;
  return answer.topics[0]?.partitions[0]?.committedOffset ?? 'nothing';
}

/** @returns the body of an answer that has come */
export function got<Body>(answer: { body: Body | undefined }): Body {
  if (answer.body === undefined) throw new Error('it is not answered');
  return answer.body;
}

/** @returns what a member was assigned, as text */
export function assignmentOf(answer: Answer<'syncGroup'>): string {
  return utf8Decode(got(answer).assignment);
}

/** A group of members that are stable. */
export interface StableGroup {
  readonly generation: number;
  readonly ids: readonly string[];
  readonly leader: string;
}

/** Has members join, the first of them leads, and each gets its own number. */
export function stableGroup(
  cluster: GroupCluster,
  { count = 2, group = 'g', broker = 0, ...options }: { count?: number } & JoinOptions = {},
): StableGroup {
  const answers = Array.from({ length: count }, (_, index) =>
    join(cluster, {
      ...options,
      instance: options.instance === undefined ? null : `${options.instance}${index}`,
      group,
      broker,
    }),
  );
  cluster.run(7000);
  const bodies: ResponseOf<'joinGroup'>[] = answers.map((answer) => got(answer));
  const [{ generationId: generation, leader }] = bodies as [ResponseOf<'joinGroup'>];
  const ids = bodies.map(({ memberId }) => memberId);
  const assignments = Object.fromEntries(ids.map((id, index) => [id, `part ${index}`]));
  const syncs = ids.map((memberId) =>
    sync(cluster, { group, generation, memberId, assignments, broker }),
  );
  cluster.commit(cluster.logs.findIndex((log) => log.leader === broker));
  syncs.forEach((answer, index) => {
    expect(assignmentOf(answer)).toBe(`part ${index}`);
  });
  return { generation, ids, leader };
}
