import { type PendingRequest } from '../connections.ts';
import { type GroupContext } from './groupContext.ts';
import { type GroupPartitions } from './groupPartitions.ts';
import { type MemberOrigin, type MemberWishes } from './member.ts';
import { type Rebalances } from './rebalances.ts';

/** A JoinGroup, taken apart. */
export interface Joining {
  readonly request: PendingRequest;
  /** Empty for who has none. */
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly protocolType: string;
  readonly names: readonly string[];
  readonly wishes: MemberWishes;
  readonly origin: MemberOrigin;
}

/** What joins, and all other requests of groups, depend on. */
export interface JoinParts {
  readonly context: GroupContext;
  readonly partitions: GroupPartitions;
  readonly rebalances: Rebalances;
}
