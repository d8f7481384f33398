import { type Replica } from '@zookafka/broker/core';
import { type BrokerObserver, type SimulatedBroker } from '../simulatedBroker.ts';
import { AckedIsThere, InSyncCompleteness, LeaderCompleteness } from './acknowledged.ts';
import { HighWatermarkWithin, LogMatching, NothingTwice } from './committedLog.ts';
import { ReadBound, RepeatableRead } from './consumed.ts';
import { type TraceFacts } from './ensembleInvariant.ts';
import { GhostRecords, type PlacedRecord } from './ghostRecords.ts';
import { OneControllerAnEpoch, OneLeaderAnEpoch } from './leadership.ts';
import { type ReplicationInvariant, type ReplicationView } from './replicationInvariant.ts';

interface Seen {
  life: number;
  log: Replica['log'];
  logEndOffset: number;
  highWatermark: number;
}

/**
 * Shows every rule of replication what brokers and clients do, with a memory that no broker has.
 *
 * Source: Kafka's TLA+ specifications of replication, KIP-380, KIP-966.
 */
export class ReplicationChecks implements BrokerObserver {
  private readonly view: ReplicationView;
  private readonly ghost: GhostRecords;
  private readonly invariants: readonly ReplicationInvariant[];
  /** By partition, that of the groups' offsets last: the brokers that a power cut took something from and that the ISR still names. */
  private readonly lossy: readonly Set<number>[];
  /** What a replica was when it was last shown, by broker and partition. */
  private readonly seen: Seen[][] = [];

  constructor(view: Omit<ReplicationView, 'ghost' | 'isLossy'>, partitionCount: number) {
    this.ghost = new GhostRecords(partitionCount);
    this.lossy = Array.from({ length: partitionCount + 1 }, () => new Set<number>());
    const isLossy = (brokerId: number, partition: number): boolean =>
      this.lossy[partition]?.has(brokerId) === true;
    this.view = { ...view, ghost: this.ghost, isLossy };
    this.invariants = [
      new HighWatermarkWithin(this.view),
      new LogMatching(this.view, (record) => {
        this.onCommitted(record);
      }),
      new NothingTwice(this.view),
      new AckedIsThere(this.view),
      new LeaderCompleteness(this.view),
      new InSyncCompleteness(this.view),
      new RepeatableRead(this.view),
      new ReadBound(this.view),
      new OneLeaderAnEpoch(this.view),
      new OneControllerAnEpoch(this.view),
    ];
  }

  /** How many records of a partition were acknowledged. */
  ackedCount(partition: number): number {
    return this.ghost.of(partition).ackedCount;
  }

  /** The highest that any broker said. */
  highWatermark(partition: number): number {
    return this.ghost.of(partition).highWatermark;
  }

  /** The offset after the last that some consumer was given. */
  consumedEnd(partition: number): number {
    return this.ghost.of(partition).consumed.length;
  }

  onAcked(record: PlacedRecord): void {
    for (const invariant of this.invariants) invariant.onAcked?.(record);
    const { partition, offset, value } = record;
    const ghost = this.ghost.of(partition);
    ghost.acked[offset] = value;
    ghost.ackedCount++;
    ghost.ackedEnd = Math.max(ghost.ackedEnd, offset + 1);
  }

  onConsumed(record: PlacedRecord): void {
    for (const invariant of this.invariants) invariant.onConsumed?.(record);
    this.ghost.of(record.partition).consumed[record.offset] = record.value;
  }

  onTrace(broker: SimulatedBroker, event: string, facts: TraceFacts): void {
    for (const invariant of this.invariants) invariant.onTrace?.(broker, event, facts);
  }

  /** A broker may have lost what it did not sync. */
  onPowerCut(brokerId: number): void {
    for (const brokers of this.lossy) brokers.add(brokerId);
  }

  /** Some ISR names a broker that lost something: what follows may now not harm the others. */
  get isAnybodyLossy(): boolean {
    return this.lossy.some(({ size }) => size > 0);
  }

  onState(partition: number): void {
    this.keepLossy(partition, this.view.stateOf(partition)?.isr ?? []);
    for (const invariant of this.invariants) invariant.onState?.(partition);
  }

  /** The ISR of the groups' offsets was written. */
  onOffsetsIsr(isr: readonly number[]): void {
    this.keepLossy(this.lossy.length - 1, isr);
  }

  afterStep(simulated: SimulatedBroker): void {
    for (const replica of simulated.broker?.replicas ?? []) {
      if (replica.topic !== this.view.topic) continue;
      const seen = this.seenOf(simulated.brokerId, replica.partition);
      const { log, logEndOffset, highWatermark } = replica;
      if (
        seen.logEndOffset === logEndOffset &&
        seen.highWatermark === highWatermark &&
        seen.log === log &&
        seen.life === simulated.life
      ) {
        continue;
      }
      Object.assign(seen, { life: simulated.life, log, logEndOffset, highWatermark });
      const ghost = this.ghost.of(replica.partition);
      ghost.highWatermark = Math.max(ghost.highWatermark, highWatermark);
      for (const invariant of this.invariants) invariant.onReplica?.(simulated, replica);
    }
  }

  atEnd(): void {
    for (const invariant of this.invariants) invariant.atEnd?.();
  }

  private onCommitted(record: PlacedRecord): void {
    for (const invariant of this.invariants) invariant.onCommitted?.(record);
    this.ghost.of(record.partition).committed[record.offset] = record.value;
  }

  private keepLossy(partition: number, isr: readonly number[]): void {
    const lossy = this.lossy[partition] as Set<number>;
    for (const broker of lossy) if (!isr.includes(broker)) lossy.delete(broker);
  }

  private seenOf(brokerId: number, partition: number): Seen {
    const ofBroker = (this.seen[brokerId] ??= []);
    return (ofBroker[partition] ??= {
      life: -1,
      log: 'absent',
      logEndOffset: -1,
      highWatermark: -1,
    });
  }
}
