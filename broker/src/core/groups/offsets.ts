import { errorCodes, type RequestOf } from '@zookafka/kafka-wire';
import { type PendingRequest } from '../connections.ts';
import { type Group } from './group.ts';
import { groupsPerPartitionMax } from './groupSettings.ts';
import { type JoinParts } from './joinParts.ts';
import { type CommittedOffset, type OffsetEntry } from './offsetTable.ts';

type CommitBody = RequestOf<'offsetCommit'>;
type PartitionAsked = CommitBody['topics'][number]['partitions'][number];

/** A commit taken apart: what is to be stored, and each partition's error in the order of the request. */
interface Commit {
  readonly request: PendingRequest;
  readonly body: CommitBody;
  /** By topic, by partition, as in the body; what is stored gets its outcome. */
  readonly errors: number[][];
  readonly entries: OffsetEntry[];
  /** Where in `errors` the outcome of each entry goes. */
  readonly places: { readonly topic: number; readonly partition: number }[];
}

/** OffsetCommit. Source: Apache Kafka 3.9, `GroupCoordinator.handleCommitOffsets`. */
export class OffsetCommits {
  private readonly parts: JoinParts;

  constructor(parts: JoinParts) {
    this.parts = parts;
  }

  handle(request: PendingRequest): void {
    const body = request.input.body as CommitBody;
    const commit = this.takeApart(request, body);
    const group = commit.entries.length === 0 ? 0 : this.groupFor(body);
    if (typeof group === 'number') this.finish(commit, group);
    else this.store(group, commit);
  }

  /** @returns the group that takes the commit, or Kafka's error */
  private groupFor(body: CommitBody): Group | number {
    const { partitions, context, rebalances } = this.parts;
    const { groupId, memberId, groupInstanceId } = body;
    const generationClaimed = body.generationIdOrMemberEpoch;
    const located = partitions.locate(groupId, true);
    if (located.kind === 'refused') return located.errorCode;
    const { led } = located;
    const group = led.groups.get(groupId);
    if (group === undefined) {
      if (generationClaimed >= 0) return errorCodes.ILLEGAL_GENERATION;
      if (led.groups.size >= groupsPerPartitionMax) return errorCodes.COORDINATOR_NOT_AVAILABLE;
      return partitions.addGroup(led, groupId);
    }
    const fault = context.rules.judgeCommit({
      state: group.state,
      generation: group.generation,
      generationClaimed,
      isFromMember: generationClaimed >= 0 || memberId !== '' || groupInstanceId !== null,
      memberFault: group.judgeMember(memberId, groupInstanceId),
    });
    if (fault !== 0) return fault;
    const member = group.members.get(memberId);
    if (member !== undefined) rebalances.keepAlive(member);
    return group;
  }

  private store(group: Group, commit: Commit): void {
    const { store, rules } = this.parts.context;
    const { offsets } = group;
    const { entries } = commit;
    offsets.pendingCount++;
    store.storeOffsets(group, entries, (errorCode) => {
      offsets.pendingCount--;
      if (errorCode === 0) {
        for (const { topic, partition, committed } of entries) {
          offsets.set(topic, partition, committed);
        }
      }
      this.finish(commit, errorCode);
    });
    if (rules.answersBeforeStored()) this.finish(commit, 0);
  }

  private takeApart(request: PendingRequest, body: CommitBody): Commit {
    const commit: Commit = { request, body, errors: [], entries: [], places: [] };
    body.topics.forEach(({ name, partitions }, topic) => {
      const known = this.parts.context.port.image.topics.get(name)?.partitions.length ?? 0;
      const errors = partitions.map((asked, partition) => {
        const fault = this.partitionFault(asked, known);
        if (fault !== 0) return fault;
        const committed = this.committedOf(asked, body);
        commit.entries.push({ topic: name, partition: asked.partitionIndex, committed });
        commit.places.push({ topic, partition });
        return 0;
      });
      commit.errors.push(errors);
    });
    return commit;
  }

  private partitionFault(asked: PartitionAsked, known: number): number {
    const { partitionIndex, committedMetadata, committedOffset } = asked;
    if (partitionIndex < 0 || partitionIndex >= known) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    const { offsetMetadataLengthMax } = this.parts.context.settings;
    if ((committedMetadata ?? '').length > offsetMetadataLengthMax) {
      return errorCodes.OFFSET_METADATA_TOO_LARGE;
    }
    return Number.isSafeInteger(committedOffset) ? 0 : errorCodes.OFFSET_OUT_OF_RANGE;
  }

  private committedOf(asked: PartitionAsked, { retentionTimeMs }: CommitBody): CommittedOffset {
    const { wallMs } = this.parts.context.port;
    const { commitTimestamp } = asked;
    const isRetained = retentionTimeMs >= 0 && Number.isSafeInteger(wallMs + retentionTimeMs);
    const hasTime = commitTimestamp >= 0 && Number.isSafeInteger(commitTimestamp);
    return {
      offset: asked.committedOffset,
      leaderEpoch: asked.committedLeaderEpoch,
      metadata: asked.committedMetadata ?? '',
      commitTimestamp: hasTime ? commitTimestamp : wallMs,
      expireTimestamp: isRetained ? wallMs + retentionTimeMs : -1,
    };
  }

  private finish({ request, body, errors, places }: Commit, errorCode: number): void {
    for (const { topic, partition } of places) {
      (errors[topic] as number[])[partition] = errorCode;
    }
    const topics = body.topics.map(({ name, partitions }, topic) => ({
      name,
      partitions: partitions.map(({ partitionIndex }, partition) => ({
        partitionIndex,
        errorCode: errors[topic]?.[partition],
      })),
    }));
    this.parts.context.port.answer(request, { throttleTimeMs: 0, topics });
  }
}
