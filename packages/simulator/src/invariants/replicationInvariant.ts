import { type Replica } from '@zookafka/broker/core';
import { type PartitionState } from '../partitionStates.ts';
import { type SimulatedBroker } from '../simulatedBroker.ts';
import { type World } from '../world.ts';
import { type TraceFacts } from './ensembleInvariant.ts';
import { type GhostRecords, type PlacedRecord } from './ghostRecords.ts';

/** What rules of replication share. */
export interface ReplicationView {
  readonly world: World;
  readonly topic: string;
  readonly ghost: GhostRecords;
  readonly brokers: () => readonly SimulatedBroker[];
  /** What the partition's state znode says. */
  readonly stateOf: (partition: number) => PartitionState | undefined;
  /** A power cut took some of the broker's log, and the controller has not yet put it out of the ISR. */
  readonly isLossy: (brokerId: number, partition: number) => boolean;
}

/** One rule of replication: looks at what it cares for, remembers what no broker does. */
export abstract class ReplicationInvariant {
  protected readonly view: ReplicationView;

  constructor(view: ReplicationView) {
    this.view = view;
  }

  /** A producer was told that its record is written; the ghost has it not yet. */
  onAcked?(record: PlacedRecord): void;

  /** A consumer was given a record; the ghost has it not yet. */
  onConsumed?(record: PlacedRecord): void;

  /** A record is below some broker's high watermark for the first time; the ghost has it not yet. */
  onCommitted?(record: PlacedRecord): void;

  onTrace?(broker: SimulatedBroker, event: string, facts: TraceFacts): void;

  /** A replica's log or high watermark is not where it was. */
  onReplica?(broker: SimulatedBroker, replica: Replica): void;

  /** The state znode of a partition was written. */
  onState?(partition: number): void;

  /** All is quiet. */
  atEnd?(): void;

  /** @param id the rule's number in the list of invariants, such as K1 */
  protected fail(id: string, sentence: string): never {
    return this.view.world.history.violated(id, sentence);
  }

  protected replicaOf({ broker }: SimulatedBroker, partition: number): Replica | undefined {
    const { topic } = this.view;
    return broker?.replicas.find((one) => one.topic === topic && one.partition === partition);
  }
}
