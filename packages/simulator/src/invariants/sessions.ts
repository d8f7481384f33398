import { type RoleEffect } from '@zookafka/zab';
import { sessionIdText } from '@zookafka/zookeeper-wire';
import { type SimulatedMember } from '../simulatedMember.ts';
import { EnsembleInvariant, type TraceFacts } from './ensembleInvariant.ts';

/** Z23: an ephemeral has a living session, on every member, as soon as the end of a session is delivered. */
export class EphemeralSafety extends EnsembleInvariant {
  readonly id = 'Z23';
  private readonly closedOn = new Set<number>();

  override onTrace({ serverId }: SimulatedMember, event: string): void {
    if (event === 'sessionClosed') this.closedOn.add(serverId);
  }

  override onDelivered(simulated: SimulatedMember): void {
    // A start and a snapshot bring a whole tree.
    if (this.closedOn.delete(simulated.serverId)) this.check(simulated);
  }

  override onStart(simulated: SimulatedMember): void {
    this.check(simulated);
  }

  override atEnd(simulated: SimulatedMember): void {
    this.check(simulated);
  }

  private check({ member, serverId }: SimulatedMember): void {
    if (member === undefined) return;
    for (const { id, value } of member.tree.allEphemerals()) {
      if (value.size === 0 || member.tree.sessions.has(id)) continue;
      this.fail(
        `on member ${serverId} ${[...value].join(', ')} belongs to session ${sessionIdText(id)}, which has ended`,
      );
    }
  }
}

/** Z24: nobody's session expires before a new leader has waited for all of its timeout. */
export class ExpiryWaits extends EnsembleInvariant {
  readonly id = 'Z24';
  private readonly servingSinceMs = new Map<number, number>();

  override onRole({ serverId }: SimulatedMember, { role, serving }: RoleEffect): void {
    if (role !== 'leading' || !serving) this.servingSinceMs.delete(serverId);
    else this.servingSinceMs.set(serverId, this.world.nowMs);
  }

  override onTrace({ serverId }: SimulatedMember, event: string, facts: TraceFacts): void {
    if (event !== 'sessionExpired') return;
    const servedMs = this.world.nowMs - (this.servingSinceMs.get(serverId) ?? 0);
    if (servedMs >= Number(facts['timeoutMs'])) return;
    this.fail(
      `session ${String(facts['session'])} expired ${servedMs} ms after member ${serverId} began to lead, its timeout is ${String(facts['timeoutMs'])}`,
    );
  }
}
