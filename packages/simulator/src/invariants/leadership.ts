import { type SimulatedBroker } from '../simulatedBroker.ts';
import { type TraceFacts } from './ensembleInvariant.ts';
import { ReplicationInvariant } from './replicationInvariant.ts';

/** K10: a partition has one leader an epoch. */
export class OneLeaderAnEpoch extends ReplicationInvariant {
  private readonly leaderOf = new Map<string, number>();

  override onTrace({ brokerId }: SimulatedBroker, event: string, facts: TraceFacts): void {
    if (event !== 'leadershipGained' || facts['topic'] !== this.view.topic) return;
    const partition = Number(facts['partition']);
    const epoch = Number(facts['leaderEpoch']);
    const key = `${partition}-${epoch}`;
    const before = this.leaderOf.get(key);
    if (before !== undefined && before !== brokerId) {
      this.fail(
        'K10',
        `partition ${partition} has two leaders of epoch ${epoch}: brokers ${before} and ${brokerId}`,
      );
    }
    this.leaderOf.set(key, brokerId);
  }
}

/** K11: a controller epoch has one controller. */
export class OneControllerAnEpoch extends ReplicationInvariant {
  private readonly controllerOf = new Map<number, string>();

  override onTrace({ name }: SimulatedBroker, event: string, facts: TraceFacts): void {
    if (event !== 'controllerElected') return;
    const epoch = Number(facts['controllerEpoch']);
    const before = this.controllerOf.get(epoch);
    if (before !== undefined && before !== name) {
      this.fail('K11', `controller epoch ${epoch} has two controllers: ${before} and ${name}`);
    }
    this.controllerOf.set(epoch, name);
  }
}
