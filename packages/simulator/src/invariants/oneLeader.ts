import { type RoleEffect } from '@zookafka/zab';
import { zxidText } from '@zookafka/zookeeper-wire';
import { type SimulatedMember } from '../simulatedMember.ts';
import { EnsembleInvariant } from './ensembleInvariant.ts';

/** Z1: an epoch has one leader, for all time. */
export class OneLeader extends EnsembleInvariant {
  readonly id = 'Z1';
  electionCount = 0;
  private readonly leaderOf = new Map<number, number>();

  override onRole({ serverId }: SimulatedMember, { role, epoch, serving }: RoleEffect): void {
    if (role !== 'leading' || !serving) return;
    this.electionCount++;
    const before = this.leaderOf.get(epoch);
    if (before !== undefined && before !== serverId) {
      this.fail(`epoch ${epoch} has two leaders: ${before} and ${serverId}`);
    }
    this.leaderOf.set(epoch, serverId);
  }
}

/** Z11: who begins to lead has everything that anybody delivered in older epochs. */
export class LeaderLogCompleteness extends EnsembleInvariant {
  readonly id = 'Z11';

  override onRole({ serverId, member }: SimulatedMember, role: RoleEffect): void {
    if (role.role !== 'leading' || !role.serving) return;
    const lastZxid = Math.max(this.logs.lastZxidOf(serverId), member?.lastZxid ?? 0);
    const committed = this.logs.committedBefore(role.epoch);
    if (lastZxid >= committed) return;
    this.fail(
      `member ${serverId} leads epoch ${role.epoch} with a log that ends at ${zxidText(lastZxid)}; ${zxidText(committed)} was delivered before`,
    );
  }
}
