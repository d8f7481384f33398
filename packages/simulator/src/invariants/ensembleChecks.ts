import { type DataTree } from '@zookafka/coordinator/core';
import { type RoleEffect } from '@zookafka/zab';
import { type LearnerMessage } from '@zookafka/zookeeper-wire';
import { type DiskEffect } from '../diskState.ts';
import { type MemberObserver, type SimulatedMember } from '../simulatedMember.ts';
import { type World } from '../world.ts';
import { AckImpliesDisk } from './ackImpliesDisk.ts';
import { DurableEpochs } from './durableEpochs.ts';
import { type EnsembleInvariant, type TraceFacts } from './ensembleInvariant.ts';
import { EqualDigests } from './equalDigests.ts';
import { GhostLogs } from './ghostLogs.ts';
import { Integrity } from './integrity.ts';
import { LeaderLogCompleteness, OneLeader } from './oneLeader.ts';
import { CommittedStays, PrefixConsistency } from './prefixConsistency.ts';
import { EphemeralSafety, ExpiryWaits } from './sessions.ts';

/** Told of the newest tree that any member has. */
export type TreeListener = (tree: DataTree) => void;

/** Shows every rule of the ensemble what members do, with a memory that no member has. */
export class EnsembleChecks implements MemberObserver {
  private readonly logs = new GhostLogs();
  private readonly oneLeader: OneLeader;
  private readonly invariants: readonly EnsembleInvariant[];
  private readonly deliveredZxid = new Map<number, number>();
  private newestZxid = 0;
  private readonly onTree: TreeListener;

  /** @param onTree told each time that something is delivered for the first time */
  constructor(world: World, onTree: TreeListener) {
    const { logs } = this;
    this.onTree = onTree;
    this.oneLeader = new OneLeader(world, logs);
    this.invariants = [
      this.oneLeader,
      new LeaderLogCompleteness(world, logs),
      new Integrity(world, logs),
      new PrefixConsistency(world, logs),
      new CommittedStays(world, logs),
      new DurableEpochs(world, logs),
      new AckImpliesDisk(world, logs),
      new EphemeralSafety(world, logs),
      new ExpiryWaits(world, logs),
      new EqualDigests(world, logs),
    ];
  }

  get electionCount(): number {
    return this.oneLeader.electionCount;
  }

  onStart(member: SimulatedMember): void {
    this.logs.start(member.serverId, member.store.recover().recovered.log);
    this.deliveredZxid.set(member.serverId, 0);
    for (const invariant of this.invariants) invariant.onStart?.(member);
  }

  onRole(member: SimulatedMember, role: RoleEffect): void {
    for (const invariant of this.invariants) invariant.onRole?.(member, role);
  }

  onTrace(member: SimulatedMember, event: string, facts: TraceFacts): void {
    for (const invariant of this.invariants) invariant.onTrace?.(member, event, facts);
  }

  onDiskEffect(member: SimulatedMember, effect: DiskEffect): void {
    for (const invariant of this.invariants) invariant.onDisk?.(member, effect);
    this.logs.apply(member.serverId, effect);
  }

  onSend(member: SimulatedMember, message: LearnerMessage): void {
    for (const invariant of this.invariants) invariant.onSend?.(member, message);
  }

  afterStep(simulated: SimulatedMember): void {
    const { member, serverId } = simulated;
    if (member === undefined) return;
    const { lastZxid } = member;
    const fromZxid = this.deliveredZxid.get(serverId) as number;
    if (lastZxid === fromZxid) return;
    this.deliveredZxid.set(serverId, lastZxid);
    for (const invariant of this.invariants) invariant.onDelivered?.(simulated, fromZxid);
    if (lastZxid <= this.newestZxid) return;
    this.newestZxid = lastZxid;
    this.onTree(member.tree);
  }

  atEnd(members: readonly SimulatedMember[]): void {
    for (const invariant of this.invariants) {
      for (const member of members) invariant.atEnd?.(member);
    }
  }
}
