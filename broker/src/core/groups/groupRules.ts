import { errorCodes } from '@zookafka/kafka-wire';
import { type GroupState } from './groupState.ts';

/** A member that names its instance, and who is known to be that instance. */
export interface InstanceQuestion {
  readonly memberId: string;
  /** The member that holds the instance id, or undefined. */
  readonly holder: string | undefined;
}

/** Who commits, and what the group knows of it. */
export interface CommitQuestion {
  readonly state: GroupState;
  readonly generation: number;
  /** -1 where the request has none. */
  readonly generationClaimed: number;
  /** Whether the request names a member or an instance, or a generation. */
  readonly isFromMember: boolean;
  /** Kafka's error for the member that is named: 0 when it is one. */
  readonly memberFault: number;
}

/** What a member waits for when its session runs out. */
export interface SilenceQuestion {
  /** Whether it never had a generation. */
  readonly isNew: boolean;
  readonly isAwaitingJoin: boolean;
  readonly isAwaitingSync: boolean;
}

/** A committed offset and the group that it belongs to; times are wall time. */
export interface ExpiryQuestion {
  readonly wallMs: number;
  readonly retentionMs: number;
  readonly commitTimestamp: number;
  /** -1 for a commit that sets none. */
  readonly expireTimestamp: number;
  readonly state: GroupState;
  /** When the group came into this state; -1 where nobody knows. */
  readonly stateSinceMs: number;
  /** Empty for a group that only keeps offsets. */
  readonly protocolType: string;
  /** Whether members of a stable group want the topic; undefined where nobody can tell. */
  readonly isSubscribed: boolean | undefined;
}

/** How far a rebalance is. */
export interface JoinProgress {
  readonly members: number;
  readonly awaiting: number;
  /** Ids that were given out and not used yet. */
  readonly pending: number;
}

/**
 * The decisions of a group coordinator, each a function of plain data: the default set is the correct one; a mutant, a
 * lab or a museum piece replaces one.
 */
export interface GroupRules {
  /** @returns the protocol that most members prefer among those that all support */
  readonly selectProtocol: (preferences: readonly (readonly string[])[]) => string;
  readonly nextGeneration: (generation: number) => number;
  readonly isJoinComplete: (progress: JoinProgress) => boolean;
  /** @returns Kafka's error for a member that names its instance, or 0 */
  readonly judgeInstance: (question: InstanceQuestion) => number;
  /** @returns Kafka's error for a commit, or 0 */
  readonly judgeCommit: (question: CommitQuestion) => number;
  /** @returns whether a member whose session ran out is removed */
  readonly isLost: (question: SilenceQuestion) => boolean;
  /** @returns whether the group goes on when a static member came back and the vote would be `protocolNext` */
  readonly keepsGeneration: (vote: {
    readonly protocol: string | null;
    readonly protocolNext: string;
  }) => boolean;
  /** @returns whether a member hears of its assignment, or a client of its commit, before it is in the log */
  readonly answersBeforeStored: () => boolean;
  readonly isOffsetExpired: (question: ExpiryQuestion) => boolean;
}

/** The rules of a correct coordinator. Source of each: Apache Kafka 3.9, `GroupCoordinator` and `GroupMetadata`. */
export const groupRules: GroupRules = {
  selectProtocol,
  nextGeneration: (generation) => generation + 1,
  isJoinComplete: ({ members, awaiting, pending }) => members === awaiting && pending === 0,
  judgeInstance,
  judgeCommit,
  isLost,
  keepsGeneration: ({ protocol, protocolNext }) => protocol === protocolNext,
  answersBeforeStored: () => false,
  isOffsetExpired,
};

/** Source: `GroupMetadata.selectProtocol`; between equals the one wins that was voted for first. */
function selectProtocol(preferences: readonly (readonly string[])[]): string {
  const [first = [], ...others] = preferences.map((names) => new Set(names));
  const common = new Set([...first].filter((name) => others.every((names) => names.has(name))));
  const votes = new Map<string, number>();
  for (const names of preferences) {
    const choice = names.find((name) => common.has(name));
    if (choice !== undefined) votes.set(choice, (votes.get(choice) ?? 0) + 1);
  }
  let best = '';
  for (const [name, count] of votes) if (count > (votes.get(best) ?? 0)) best = name;
  return best;
}

/** Two processes with one instance id: only the one that joined last goes on. Source: KIP-345. */
function judgeInstance({ memberId, holder }: InstanceQuestion): number {
  if (holder === undefined) return errorCodes.UNKNOWN_MEMBER_ID;
  return holder === memberId ? 0 : errorCodes.FENCED_INSTANCE_ID;
}

/** Source: `GroupCoordinator.validateOffsetCommit`, `doCommitOffsets`. */
function judgeCommit(question: CommitQuestion): number {
  const { state, generation, generationClaimed } = question;
  if (state === 'Dead') return errorCodes.COORDINATOR_NOT_AVAILABLE;
  if (generationClaimed < 0 && state === 'Empty') return 0;
  if (!question.isFromMember) return errorCodes.UNKNOWN_MEMBER_ID;
  if (question.memberFault !== 0) return question.memberFault;
  if (generationClaimed !== generation) return errorCodes.ILLEGAL_GENERATION;
  return state === 'CompletingRebalance' ? errorCodes.REBALANCE_IN_PROGRESS : 0;
}

/**
 * Who waits for the others is not silent. But a newcomer that waits cannot be told from one whose connection is gone,
 * and would hold up the group for ever. Source: KAFKA-9752.
 */
function isLost({ isNew, isAwaitingJoin, isAwaitingSync }: SilenceQuestion): boolean {
  return isNew || !(isAwaitingJoin || isAwaitingSync);
}

/**
 * Offsets live as long as somebody uses the group, and the retention after that. A commit into an empty group, an
 * operator's for example, counts from itself.
 *
 * Source: KIP-211, `GroupMetadata.removeExpiredOffsets`, which counts from the group's last member only.
 */
function isOffsetExpired(question: ExpiryQuestion): boolean {
  const { wallMs, retentionMs, commitTimestamp, expireTimestamp, state } = question;
  if (question.protocolType !== '') {
    if (state !== 'Empty' && (state !== 'Stable' || question.isSubscribed !== false)) return false;
  }
  if (expireTimestamp !== -1) return wallMs >= expireTimestamp;
  const isAbandoned = question.protocolType !== '' && state === 'Empty';
  const since = isAbandoned ? Math.max(question.stateSinceMs, commitTimestamp) : commitTimestamp;
  return wallMs - since >= retentionMs;
}
