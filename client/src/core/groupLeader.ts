import { assignRange } from './assignor.ts';
import { type Cluster } from './cluster.ts';
import { type ClientEffect } from './types.ts';
import { encodeAssignment, readSubscription, type WrittenSubscription } from './wire.ts';

/** What a member gets, as it stands in SyncGroup. */
export interface WrittenAssignment {
  readonly memberId: string;
  readonly assignment: Uint8Array;
}

/** How old a leader lets its knowledge of the group's topics grow: new partitions are dealt out then. */
const metadataAgeMsMax = 30_000;

/** What the leader of a group does beside being a member: deals partitions out, and sees when there are others. */
export class GroupLeader {
  private readonly cluster: Cluster;
  /** Partition counts of the group's topics, as they were dealt out. Undefined in a follower. */
  private dealt: ReadonlyMap<string, number> | undefined;
  private refreshedAtMs = 0;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** Somebody else leads now. */
  resign(): void {
    this.dealt = undefined;
  }

  /** Deals partitions out as they are now, those of topics that only others read among them. */
  deal(
    members: readonly WrittenSubscription[],
    nowMs: number,
    effects: ClientEffect[],
    onDealt: (dealt: readonly WrittenAssignment[], nowMs: number, effects: ClientEffect[]) => void,
  ): void {
    const wishes = members.map(({ memberId, metadata }) => {
      return { memberId, topics: readSubscription(metadata) };
    });
    const topics = wishes.flatMap((wish) => wish.topics);
    for (const topic of topics) this.cluster.want(topic);
    this.cluster.refresh(nowMs, effects, (_, atMs, out) => {
      const counts = this.countsOf(topics);
      this.dealt = counts;
      this.refreshedAtMs = atMs;
      const dealt = [...assignRange(wishes, counts)].map(([memberId, partitions]) => {
        return { memberId, assignment: encodeAssignment(partitions) };
      });
      onDealt(dealt, atMs, out);
    });
  }

  /** Whether the topics have other partitions than were dealt out; looks at them anew now and then. */
  mustDealAnew(nowMs: number, effects: ClientEffect[]): boolean {
    const { dealt } = this;
    if (dealt === undefined) return false;
    for (const [topic, count] of this.countsOf(dealt.keys())) {
      if (count !== dealt.get(topic)) return true;
    }
    const isMissing = [...dealt.values()].includes(0);
    if (isMissing || nowMs - this.refreshedAtMs >= metadataAgeMsMax) {
      this.refreshedAtMs = nowMs;
      this.cluster.refresh(nowMs, effects);
    }
    return false;
  }

  private countsOf(topics: Iterable<string>): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const topic of topics) {
      counts.set(topic, this.cluster.topics.get(topic)?.partitions.length ?? 0);
    }
    return counts;
  }
}
