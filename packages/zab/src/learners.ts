/** How far a learner has come, in the eyes of its leader. */
export type LearnerStage =
  /** Its link is open. */
  | 'connected'
  /** FOLLOWERINFO came. */
  | 'introduced'
  /** ACKEPOCH came. */
  | 'promised'
  /** A snapshot is being streamed to it. */
  | 'snapshot'
  /** NEWLEADER was sent: from here on it gets every proposal. */
  | 'synchronizing'
  /** NEWLEADER was acknowledged: its acknowledgements count. */
  | 'synchronized'
  /** UPTODATE was sent. */
  | 'serving';

/** A leader's view of one learner: lives as long as its link. */
export class Learner {
  readonly link: number;
  readonly serverId: number;
  stage: LearnerStage = 'connected';
  acceptedEpoch = 0;
  /** Whether its ACKEPOCH counts for the quorum. */
  hasPromised = false;
  /** Its last zxid, as ACKEPOCH told. */
  lastZxid = 0;
  snapshotZxid = 0;
  /** Where the leader's log ended when NEWLEADER was sent. */
  newLeaderZxid = 0;
  ackedZxid = 0;
  heardMs: number;

  constructor(link: number, serverId: number, nowMs: number) {
    this.link = link;
    this.serverId = serverId;
    this.heardMs = nowMs;
  }

  /** Whether it gets proposals and commits as they happen. */
  get isForwarding(): boolean {
    return this.stage === 'synchronizing' || this.countsForCommits;
  }

  /** Whether its acknowledgements count. */
  get countsForCommits(): boolean {
    return this.stage === 'synchronized' || this.stage === 'serving';
  }
}

/** A leader's learners: one link a server, the newest. */
export class Learners {
  /** In the order in which they came; for loops. */
  readonly all: Learner[] = [];

  byLink(link: number): Learner | undefined {
    return this.all.find((learner) => learner.link === link);
  }

  byServer(serverId: number): Learner | undefined {
    return this.all.find((learner) => learner.serverId === serverId);
  }

  add(learner: Learner): void {
    this.all.push(learner);
  }

  remove(learner: Learner): void {
    const index = this.all.indexOf(learner);
    if (index !== -1) this.all.splice(index, 1);
  }

  clear(): void {
    this.all.length = 0;
  }

  count(holds: (learner: Learner) => boolean): number {
    let count = 0;
    for (const learner of this.all) if (holds(learner)) count++;
    return count;
  }

  /** Keeps in memory what the learners with a snapshot on its way will lack. */
  pin(log: { pinnedZxid: number }): void {
    let pinnedZxid = Infinity;
    for (const learner of this.all) {
      if (learner.stage === 'snapshot') pinnedZxid = Math.min(pinnedZxid, learner.snapshotZxid);
    }
    log.pinnedZxid = pinnedZxid;
  }
}
