import { unreachable } from '@zookafka/base';
import {
  type GroupCoordinator,
  type GroupCoordinatorFactory,
  type GroupCoordinatorPort,
} from '../groupPort.ts';
import { type Handler } from '../handlers/handler.ts';
import { type GroupContext } from './groupContext.ts';
import { GroupPartitions } from './groupPartitions.ts';
import { groupRules, type GroupRules } from './groupRules.ts';
import { groupSettingsOf } from './groupSettings.ts';
import { GroupStore } from './groupStore.ts';
import { groupTimerName, type GroupTimer, GroupTimers } from './groupTimers.ts';
import { OffsetCommitHandler } from './handlers/08-offset-commit.ts';
import { OffsetFetchHandler } from './handlers/09-offset-fetch.ts';
import { FindCoordinatorHandler } from './handlers/10-find-coordinator.ts';
import { JoinGroupHandler } from './handlers/11-join-group.ts';
import { HeartbeatHandler } from './handlers/12-heartbeat.ts';
import { LeaveGroupHandler } from './handlers/13-leave-group.ts';
import { SyncGroupHandler } from './handlers/14-sync-group.ts';
import { DescribeGroupsHandler } from './handlers/15-describe-groups.ts';
import { ListGroupsHandler } from './handlers/16-list-groups.ts';
import { DeleteGroupsHandler } from './handlers/42-delete-groups.ts';
import { Joins } from './joins.ts';
import { Leaves } from './leaves.ts';
import { type Member } from './member.ts';
import { OffsetExpiry } from './offsetExpiry.ts';
import { OffsetReads } from './offsetReads.ts';
import { OffsetCommits } from './offsets.ts';
import { Rebalances } from './rebalances.ts';
import { Syncs } from './syncs.ts';

/** @returns what makes a coordinator of the classic group protocol for a broker */
export function classicGroups(rules: GroupRules = groupRules): GroupCoordinatorFactory {
  return (port) => new ClassicGroups(port, rules);
}

class ClassicGroups implements GroupCoordinator {
  readonly handlers: readonly Handler[];
  private readonly timers: GroupTimers;
  private readonly partitions: GroupPartitions;
  private readonly rebalances: Rebalances;
  private readonly expiry: OffsetExpiry;

  constructor(port: GroupCoordinatorPort, rules: GroupRules) {
    this.timers = new GroupTimers(port);
    const { timers } = this;
    const settings = groupSettingsOf(port.config);
    const context: GroupContext = { port, rules, settings, timers, store: new GroupStore(port) };
    this.rebalances = new Rebalances(context);
    this.partitions = new GroupPartitions(context, this.rebalances);
    const { partitions, rebalances } = this;
    const parts = { context, partitions, rebalances };
    this.expiry = new OffsetExpiry(parts);
    const syncs = new Syncs(parts);
    this.handlers = [
      new OffsetCommitHandler(new OffsetCommits(parts)),
      new OffsetFetchHandler(new OffsetReads(parts)),
      new FindCoordinatorHandler(port),
      new JoinGroupHandler(new Joins(parts)),
      new HeartbeatHandler(syncs),
      new LeaveGroupHandler(new Leaves(parts)),
      new SyncGroupHandler(syncs),
      new DescribeGroupsHandler(port, partitions),
      new ListGroupsHandler(port, partitions),
      new DeleteGroupsHandler(port, partitions, this.expiry),
    ];
  }

  onLeadershipGained(partition: number, leaderEpoch: number): void {
    this.partitions.gain(partition, leaderEpoch);
    this.expiry.arm();
  }

  onLeadershipLost(partition: number): void {
    this.partitions.lose(partition);
  }

  onGroupTimer(name: string): void {
    if (name !== groupTimerName) return;
    this.timers.ring((timer) => {
      this.onDue(timer);
    });
  }

  private onDue(timer: GroupTimer): void {
    switch (timer.kind) {
      case 'session':
        this.onSessionDue(timer.member);
        return;
      case 'pending':
        this.rebalances.onPendingDue(timer.group, timer.memberId);
        return;
      case 'join':
        this.rebalances.onJoinDue(timer.group);
        return;
      case 'sync':
        this.rebalances.onSyncDue(timer.group);
        return;
      case 'load':
        this.partitions.onLoadDue(timer.partition);
        return;
      case 'expiry':
        this.expiry.onDue();
        return;
      default:
        unreachable(timer);
    }
  }
  private onSessionDue(member: Member): void {
    const group = this.partitions.groupOf(member);
    if (group !== undefined) this.rebalances.onSessionDue(group, member);
  }
}
