import {
  type ApiName,
  advertisedVersions,
  errorCodes,
  type RequestOf,
  type ResponseBody,
} from '@zookafka/kafka-wire';
import { FakeGroup } from './fakeGroup.ts';
import { FakeLog } from './fakeLog.ts';
import { type World } from './world.ts';

export interface Asked<Api extends ApiName = ApiName> {
  readonly api: Api;
  readonly version: number;
  readonly broker: number;
  readonly body: RequestOf<Api>;
}

export type Answer = (body: ResponseBody<ApiName>) => void;

interface FakePartition {
  leader: number;
  leaderEpoch: number;
  readonly log: FakeLog;
  /** Appended, and answered when the followers have it. */
  waiting: { readonly settle: (errorCode: number) => void }[];
}

const fakePort = 9092;

/** Brokers as far as a client sees them: one log a partition, whoever leads it. */
export class FakeCluster {
  readonly world: World;
  readonly brokerIds: readonly number[];
  readonly topics = new Map<
    string,
    { readonly id: string; readonly partitions: FakePartition[] }
  >();
  readonly groups = new Map<string, FakeGroup>();
  readonly down = new Set<number>();
  readonly asked: Asked[] = [];
  coordinator = 1;
  controller = 1;
  /** How long a leader waits for its followers. */
  replicationMs: () => number = () => 1;
  /** Answers in the cluster's stead: undefined leaves it to the cluster. */
  intercept: (asked: Asked) => ResponseBody<ApiName> | 'silence' | undefined = () => undefined;
  addressOf: (id: number) => { readonly host: string; readonly port: number } = (id) => {
    return { host: `b${id}`, port: fakePort };
  };
  private producerIdNext = 1;
  private topicNumberNext = 1;

  constructor(world: World, brokerCount = 3) {
    this.world = world;
    this.brokerIds = Array.from({ length: brokerCount }, (_, index) => index + 1);
  }

  addTopic(name: string, partitionCount: number): void {
    this.topics.set(name, {
      id: Buffer.alloc(16, this.topicNumberNext++).toString('base64url'),
      partitions: Array.from({ length: partitionCount }, (_, index) => ({
        leader: (index % this.brokerIds.length) + 1,
        leaderEpoch: 0,
        log: new FakeLog(),
        waiting: [],
      })),
    });
  }

  partition(topic: string, index: number): FakePartition {
    return this.topics.get(topic)?.partitions[index] as FakePartition;
  }

  group(name: string): FakeGroup {
    const existing = this.groups.get(name) ?? new FakeGroup(this.world);
    this.groups.set(name, existing);
    return existing;
  }

  /** Elects another leader, which may lack what was not acknowledged yet. */
  move(topic: string, index: number, { leader, isCut }: { leader: number; isCut: boolean }): void {
    const partition = this.partition(topic, index);
    partition.leader = leader;
    partition.leaderEpoch++;
    if (isCut) partition.log.truncateTo(partition.log.committed);
    const { waiting } = partition;
    partition.waiting = [];
    for (const { settle } of waiting) settle(errorCodes.NOT_LEADER_OR_FOLLOWER);
    partition.log.committed = partition.log.endOffset;
  }

  count(api: ApiName): number {
    return this.asked.filter((one) => one.api === api).length;
  }

  requests<Api extends ApiName>(api: Api): readonly RequestOf<Api>[] {
    return this.asked
      .filter((one) => one.api === api)
      .map(({ body }) => body as unknown as RequestOf<Api>);
  }

  handle(asked: Asked, answer: Answer): void {
    this.asked.push(asked);
    const instead = this.intercept(asked);
    if (instead === 'silence') return;
    if (instead !== undefined) answer(instead);
    else this.serve(asked, answer);
  }

  private serve({ api, version, broker, body }: Asked, answer: Answer): void {
    switch (api) {
      case 'apiVersions':
        answer({
          apiKeys: advertisedVersions().map(({ apiKey, min, max }) => {
            return { apiKey, minVersion: min, maxVersion: max };
          }),
        });
        return;
      case 'metadata':
        answer(this.metadata(body as RequestOf<'metadata'>));
        return;
      case 'initProducerId':
        answer({ producerId: this.producerIdNext++, producerEpoch: 0 });
        return;
      case 'produce':
        this.produce(broker, body as RequestOf<'produce'>, answer);
        return;
      case 'listOffsets':
        answer(this.listOffsets(broker, body as RequestOf<'listOffsets'>));
        return;
      case 'fetch':
        this.fetch(broker, body as RequestOf<'fetch'>, answer);
        return;
      case 'offsetForLeaderEpoch':
        answer(this.epochEnds(broker, body as RequestOf<'offsetForLeaderEpoch'>));
        return;
      case 'createTopics':
        answer(this.createTopics(body as RequestOf<'createTopics'>));
        return;
      default:
        this.serveGroup({ api, version, broker, body }, answer);
    }
  }

  private serveGroup({ api, version, broker, body }: Asked, answer: Answer): void {
    if (api === 'findCoordinator') {
      const { key, coordinatorKeys } = body as RequestOf<'findCoordinator'>;
      const found = { nodeId: this.coordinator, ...this.addressOf(this.coordinator) };
      answer({ ...found, coordinators: [{ ...found, key: coordinatorKeys[0] ?? key }] });
      return;
    }
    const isElsewhere = broker !== this.coordinator;
    const group = this.group(groupIdOf(body));
    const errorCode = errorCodes.NOT_COORDINATOR;
    if (api === 'joinGroup') {
      if (isElsewhere)
        answer({ errorCode, memberId: '', protocolName: '', leader: '', members: [] });
      else group.join(body as RequestOf<'joinGroup'>, version, answer);
    } else if (api === 'syncGroup') {
      if (isElsewhere) answer({ errorCode, assignment: new Uint8Array() });
      else group.sync(body as RequestOf<'syncGroup'>, answer);
    } else if (api === 'heartbeat') {
      answer({
        errorCode: isElsewhere ? errorCode : group.heartbeat(body as RequestOf<'heartbeat'>),
      });
    } else if (api === 'leaveGroup') {
      const { memberId, members } = body as RequestOf<'leaveGroup'>;
      const id = members[0]?.memberId ?? memberId;
      answer({ errorCode: isElsewhere ? errorCode : group.leave(id), members: [] });
    } else if (api === 'offsetCommit') {
      const commit = body as RequestOf<'offsetCommit'>;
      const code = isElsewhere ? errorCode : group.commit(commit);
      answer({
        topics: commit.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: code })),
        })),
      });
    } else if (api === 'offsetFetch') {
      const { topics, groups } = body as RequestOf<'offsetFetch'>;
      const asked = groups[0]?.topics ?? topics ?? [];
      const answered = asked.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          committedOffset: group.committed.get(`${name}-${partitionIndex}`) ?? -1,
          committedLeaderEpoch: group.committedEpochs.get(`${name}-${partitionIndex}`) ?? -1,
          metadata: '',
          errorCode: 0,
        })),
      }));
      const groupId = groups[0]?.groupId ?? '';
      answer({ topics: answered, groups: [{ groupId, topics: answered }] });
    } else throw new Error(`The fake knows no ${api}`);
  }

  private metadata({ topics }: RequestOf<'metadata'>): ResponseBody<'metadata'> {
    const names = topics?.map(({ name }) => name ?? '') ?? [...this.topics.keys()];
    return {
      brokers: this.brokerIds
        .filter((id) => !this.down.has(id))
        .map((nodeId) => ({ nodeId, ...this.addressOf(nodeId) })),
      controllerId: this.controller,
      topics: names.map((name) => {
        const topic = this.topics.get(name);
        return {
          errorCode: topic === undefined ? errorCodes.UNKNOWN_TOPIC_OR_PARTITION : 0,
          name,
          ...(topic === undefined ? {} : { topicId: topic.id }),
          partitions: (topic?.partitions ?? []).map(({ leader, leaderEpoch }, partitionIndex) => ({
            partitionIndex,
            leaderId: leader,
            leaderEpoch,
            replicaNodes: [leader],
            isrNodes: [leader],
          })),
        };
      }),
    };
  }

  private produce(broker: number, body: RequestOf<'produce'>, answer: Answer): void {
    let openCount = 0;
    const responses: { name: string; partitionResponses: PartitionAnswer[] }[] = [];
    const settled = (): void => {
      if (openCount === 0 && body.acks !== 0) answer({ responses });
    };
    for (const { name, partitionData } of body.topicData) {
      const answers: PartitionAnswer[] = [];
      responses.push({ name, partitionResponses: answers });
      for (const { index, records } of partitionData) {
        const partition = this.topics.get(name)?.partitions[index];
        if (partition?.leader !== broker) {
          answers.push({ index, errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER, baseOffset: -1 });
          continue;
        }
        const appended = partition.log.append(bytesOf(records), partition.leaderEpoch);
        if (appended.kind === 'refused') {
          answers.push({ index, errorCode: appended.errorCode, baseOffset: -1 });
          continue;
        }
        openCount++;
        const endOffset = partition.log.endOffset;
        const one = {
          settle: (errorCode: number) => {
            openCount--;
            const baseOffset = errorCode === 0 ? appended.baseOffset : -1;
            answers.push({ index, errorCode, baseOffset });
            settled();
          },
        };
        partition.waiting.push(one);
        this.world.after(this.replicationMs(), () => {
          if (!partition.waiting.includes(one)) return;
          partition.waiting = partition.waiting.filter((other) => other !== one);
          partition.log.committed = Math.max(partition.log.committed, endOffset);
          one.settle(0);
        });
      }
    }
    settled();
  }

  /** What a broker says to who thinks that it leads in this epoch: 0, or an error. */
  private judge(broker: number, { leader, leaderEpoch }: FakePartition, believed: number): number {
    if (believed >= 0 && believed < leaderEpoch) return errorCodes.FENCED_LEADER_EPOCH;
    if (believed > leaderEpoch) return errorCodes.UNKNOWN_LEADER_EPOCH;
    return leader === broker ? 0 : errorCodes.NOT_LEADER_OR_FOLLOWER;
  }

  private epochEnds(
    broker: number,
    { topics }: RequestOf<'offsetForLeaderEpoch'>,
  ): ResponseBody<'offsetForLeaderEpoch'> {
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition: index, currentLeaderEpoch, leaderEpoch }) => {
          const partition = this.partition(topic, index);
          const errorCode = this.judge(broker, partition, currentLeaderEpoch);
          if (errorCode !== 0) return { errorCode, partition: index };
          return { errorCode, partition: index, ...partition.log.epochEnd(leaderEpoch) };
        }),
      })),
    };
  }

  private listOffsets(
    broker: number,
    { topics }: RequestOf<'listOffsets'>,
  ): ResponseBody<'listOffsets'> {
    return {
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, timestamp, currentLeaderEpoch }) => {
          const partition = this.partition(name, partitionIndex);
          const errorCode = this.judge(broker, partition, currentLeaderEpoch);
          if (errorCode !== 0) return { partitionIndex, errorCode, timestamp: -1, offset: -1 };
          const { log, leaderEpoch } = partition;
          const offset = timestamp === -2 ? log.startOffset : log.endOffset;
          return { partitionIndex, errorCode: 0, timestamp: -1, offset, leaderEpoch };
        }),
      })),
    };
  }

  private fetch(broker: number, body: RequestOf<'fetch'>, answer: Answer): void {
    const responses = body.topics.map(({ topic, topicId, partitions }) => {
      const name = [...this.topics].find(([key, { id }]) => key === topic || id === topicId)?.[0];
      return {
        topic: name ?? topic,
        topicId,
        partitions: partitions.map((asked) => {
          const { partition: partitionIndex, fetchOffset, currentLeaderEpoch } = asked;
          const partition = this.partition(name ?? '', partitionIndex);
          const { log } = partition;
          const isOutside = fetchOffset < log.startOffset || fetchOffset > log.endOffset;
          let errorCode = this.judge(broker, partition, currentLeaderEpoch);
          if (errorCode === 0 && isOutside) errorCode = errorCodes.OFFSET_OUT_OF_RANGE;
          const records = errorCode === 0 ? (log.read(fetchOffset) ?? null) : null;
          return { partitionIndex, errorCode, highWatermark: log.endOffset, records };
        }),
      };
    });
    const hasSome = responses.some(({ partitions }) =>
      partitions.some(({ records, errorCode }) => records !== null || errorCode !== 0),
    );
    if (hasSome) answer({ responses });
    else {
      this.world.after(body.maxWaitMs, () => {
        answer({ responses });
      });
    }
  }

  private createTopics({ topics }: RequestOf<'createTopics'>): ResponseBody<'createTopics'> {
    return {
      topics: topics.map(({ name, numPartitions }) => {
        const doesExist = this.topics.has(name);
        if (!doesExist) this.addTopic(name, numPartitions);
        return { name, errorCode: doesExist ? errorCodes.TOPIC_ALREADY_EXISTS : 0 };
      }),
    };
  }
}

interface PartitionAnswer {
  readonly index: number;
  readonly errorCode: number;
  readonly baseOffset: number;
}

function bytesOf(records: Uint8Array | readonly Uint8Array[] | null): Uint8Array {
  if (records instanceof Uint8Array) return records;
  return Buffer.concat(records ?? []);
}

function groupIdOf(body: object): string {
  const { groupId, groups } = body as {
    readonly groupId?: string;
    readonly groups?: readonly { readonly groupId: string }[];
  };
  return groups?.[0]?.groupId ?? groupId ?? '';
}
