import { type Replica } from '@zookafka/broker/core';
import { type SimulatedBroker } from '../simulatedBroker.ts';
import { type TraceFacts } from './ensembleInvariant.ts';
import { type PlacedRecord } from './ghostRecords.ts';
import { ReplicationInvariant } from './replicationInvariant.ts';

/** K1: what was acknowledged is committed, is what consumers are given, and stays. */
export class AckedIsThere extends ReplicationInvariant {
  override onAcked({ partition, offset, value }: PlacedRecord): void {
    const { acked, committed } = this.view.ghost.of(partition);
    const where = `offset ${offset} of partition ${partition}`;
    const before = acked[offset];
    if (before !== undefined && before !== value) {
      this.fail('K1', `${where} was acknowledged for ${before} and for ${value}`);
    }
    if (committed[offset] === value) return;
    this.fail(
      'K1',
      `${where} was acknowledged for ${value}, committed there is ${committed[offset] ?? 'nothing'}`,
    );
  }

  override atEnd(): void {
    const { ghost, stateOf, brokers } = this.view;
    for (const [partition, { ackedEnd, acked, consumed }] of ghost.partitions.entries()) {
      const leader = brokers().find(({ brokerId }) => brokerId === stateOf(partition)?.leader);
      const end = leader && this.replicaOf(leader, partition)?.highWatermark;
      if (end === undefined || end < ackedEnd) {
        this.fail(
          'K1',
          `partition ${partition} was acknowledged below ${ackedEnd}, its leader has committed what is below ${end ?? 'nothing'}`,
        );
      }
      const unread = acked.findIndex((value, at) => value !== undefined && consumed[at] !== value);
      if (unread < 0) continue;
      this.fail('K1', `${acked[unread]} at ${unread} of partition ${partition} was never read`);
    }
  }
}

/** K2: who begins to lead has all that was acknowledged. */
export class LeaderCompleteness extends ReplicationInvariant {
  private readonly epochs = new Map<number, number>();

  override onTrace(broker: SimulatedBroker, event: string, facts: TraceFacts): void {
    if (event !== 'leadershipGained' || facts['topic'] !== this.view.topic) return;
    const partition = Number(facts['partition']);
    const epoch = Number(facts['leaderEpoch']);
    // An old leadership that a broker learns of late accepts nothing that counts.
    if (epoch < (this.epochs.get(partition) ?? 0)) return;
    this.epochs.set(partition, epoch);
    const { ackedEnd } = this.view.ghost.of(partition);
    const replica = this.replicaOf(broker, partition);
    if (replica === undefined || replica.offsetNext >= ackedEnd) return;
    this.fail(
      'K2',
      `broker ${broker.brokerId} leads partition ${partition} from epoch ${epoch} with a log that ends at ${replica.offsetNext}; acknowledged is all below ${ackedEnd}`,
    );
  }
}

/** K3: everybody that the state znode calls in sync has all that was acknowledged. */
export class InSyncCompleteness extends ReplicationInvariant {
  override onAcked({ partition, offset }: PlacedRecord): void {
    for (const id of this.view.stateOf(partition)?.isr ?? []) {
      this.check(id, partition, Math.max(offset + 1, this.view.ghost.of(partition).ackedEnd));
    }
  }

  override onState(partition: number): void {
    for (const id of this.view.stateOf(partition)?.isr ?? []) {
      this.check(id, partition, this.view.ghost.of(partition).ackedEnd);
    }
  }

  override onReplica({ brokerId }: SimulatedBroker, replica: Replica): void {
    const { partition, logEndOffset } = replica;
    const { ackedEnd } = this.view.ghost.of(partition);
    if (logEndOffset >= ackedEnd) return;
    if (this.view.stateOf(partition)?.isr.includes(brokerId) === true) {
      this.check(brokerId, partition, ackedEnd);
    }
  }

  private check(id: number, partition: number, end: number): void {
    const broker = this.view.brokers().find(({ brokerId }) => brokerId === id);
    const replica = broker && this.replicaOf(broker, partition);
    if (replica?.log !== 'open' || replica.logEndOffset >= end) return;
    // It counts as failed, then started: until the controller has seen that, it is in sync in name only.
    if (this.view.isLossy(id, partition)) return;
    this.fail(
      'K3',
      `broker ${id} is in sync for partition ${partition} and its log ends at ${replica.logEndOffset}; acknowledged is all below ${end}`,
    );
  }
}
