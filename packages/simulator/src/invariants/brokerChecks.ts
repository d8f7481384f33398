import { bytesConcat, bytesEqual, utf8Decode } from '@zookafka/base';
import { type Replica } from '@zookafka/broker/core';
import { batchHeads, decodeRecords } from '@zookafka/kafka-wire';
import { type SimulatedBroker } from '../simulatedBroker.ts';
import { type World } from '../world.ts';

/** A record and where it is. */
export interface PlacedRecord {
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

/** The logs are compared after so many simulated ms, and at the end. */
const compareEveryMs = 500;

/**
 * The rules of replication, with a memory that no broker has.
 *
 * K1 what was acknowledged is there · K2 a new leader has it · K3 so has every in-sync replica · K5 logs are equal
 * below both high watermarks · K8 what was read once never changes · K9 nothing is read above the high watermark ·
 * K10 one leader an epoch · K11 one controller an epoch · K16 nothing is there twice.
 * Source: Kafka's TLA+ specifications of replication, KIP-380, KIP-966.
 */
export class BrokerChecks {
  private readonly world: World;
  private readonly topic: string;
  private readonly acked = new Map<number, Map<number, string>>();
  private readonly ackedEnd = new Map<number, number>();
  private readonly consumed = new Map<number, Map<number, string>>();
  private readonly highWatermarks = new Map<number, number>();
  private readonly leaderOf = new Map<string, number>();
  private readonly epochOf = new Map<number, number>();
  private readonly controllerOf = new Map<number, string>();
  private comparedMs = 0;

  constructor(world: World, topic: string) {
    this.world = world;
    this.topic = topic;
  }

  /** How many records of a partition were acknowledged. */
  ackedCount(partition: number): number {
    return this.acked.get(partition)?.size ?? 0;
  }

  /** The offset after the last record that was acknowledged. */
  ackedEndOf(partition: number): number {
    return this.ackedEnd.get(partition) ?? 0;
  }

  onAcked({ partition, offset, value }: PlacedRecord): void {
    const before = this.noted(this.acked, { partition, offset, value });
    if (before !== undefined) {
      this.fail(
        'K1',
        `offset ${offset} of partition ${partition} was acknowledged for ${before} and for ${value}`,
      );
    }
    this.ackedEnd.set(partition, Math.max(this.ackedEndOf(partition), offset + 1));
    this.requireRead({ partition, offset, value });
  }

  onConsumed(record: PlacedRecord): void {
    const { partition, offset, value } = record;
    const before = this.noted(this.consumed, record);
    if (before !== undefined) {
      this.fail(
        'K8',
        `offset ${offset} of partition ${partition} was read as ${before} and later as ${value}`,
      );
    }
    const wanted = this.acked.get(partition)?.get(offset);
    if (wanted !== undefined && wanted !== value) {
      this.fail(
        'K1',
        `offset ${offset} of partition ${partition} holds ${value}, acknowledged was ${wanted}`,
      );
    }
    const highWatermark = this.highWatermarks.get(partition) ?? 0;
    if (offset >= highWatermark) {
      this.fail(
        'K9',
        `a consumer was given offset ${offset} of partition ${partition}, committed is all below ${highWatermark}`,
      );
    }
  }

  onTrace(broker: SimulatedBroker, event: string, facts: Readonly<Record<string, unknown>>): void {
    if (event === 'controllerElected') {
      const epoch = Number(facts['controllerEpoch']);
      const before = this.controllerOf.get(epoch);
      if (before !== undefined && before !== broker.name) {
        this.fail(
          'K11',
          `controller epoch ${epoch} has two controllers: ${before} and ${broker.name}`,
        );
      }
      this.controllerOf.set(epoch, broker.name);
    } else if (event === 'leadershipGained' && facts['topic'] === this.topic) {
      this.onLeadership(broker, Number(facts['partition']), Number(facts['leaderEpoch']));
    }
  }

  afterStep({ broker }: SimulatedBroker): void {
    for (const replica of broker?.replicas ?? []) {
      if (replica.topic !== this.topic) continue;
      const { partition, highWatermark, logEndOffset } = replica;
      if (highWatermark > logEndOffset) {
        this.fail(
          'K20',
          `partition ${partition}: the high watermark ${highWatermark} is above the log's end ${logEndOffset}`,
        );
      }
      if (highWatermark > (this.highWatermarks.get(partition) ?? 0)) {
        this.highWatermarks.set(partition, highWatermark);
      }
    }
  }

  /** Compares logs now and then. */
  look(brokers: readonly SimulatedBroker[], isrOf: (partition: number) => readonly number[]): void {
    if (this.world.nowMs - this.comparedMs < compareEveryMs) return;
    this.comparedMs = this.world.nowMs;
    this.compareLogs(brokers);
    for (const partition of this.acked.keys())
      this.checkInSync(brokers, partition, isrOf(partition));
  }

  /** K5 between all brokers that run. */
  compareLogs(brokers: readonly SimulatedBroker[]): void {
    for (const partition of this.acked.keys()) {
      const open = brokers.flatMap((broker) => {
        const replica = replicaOf(broker, this.topic, partition);
        return replica?.log === 'open' ? [{ broker, replica }] : [];
      });
      const [first, ...others] = open;
      if (first === undefined) continue;
      for (const other of others) {
        const end = Math.min(first.replica.highWatermark, other.replica.highWatermark);
        const left = bytesConcat(first.broker.logs.bytesOf(this.topic, partition, end));
        const right = bytesConcat(other.broker.logs.bytesOf(this.topic, partition, end));
        if (bytesEqual(left, right)) continue;
        this.fail(
          'K5',
          `${first.broker.name} and ${other.broker.name} differ in partition ${partition} below ${end}`,
        );
      }
    }
  }

  /** K1 and K16 at the end, on the leader's log. */
  checkLog(leader: SimulatedBroker, partition: number): void {
    const values = new Map<number, string>();
    const offsets = new Map<string, number>();
    for (const { offset, value } of recordsOf(leader, this.topic, partition)) {
      const before = offsets.get(value);
      if (before !== undefined) {
        this.fail(
          'K16',
          `${value} is in partition ${partition} twice: at ${before} and at ${offset}`,
        );
      }
      offsets.set(value, offset);
      values.set(offset, value);
    }
    for (const [offset, value] of this.acked.get(partition) ?? []) {
      if (values.get(offset) === value) continue;
      this.fail(
        'K1',
        `${value} was acknowledged at offset ${offset} of partition ${partition}; ${leader.name}, which leads, holds ${values.get(offset) ?? 'nothing'} there`,
      );
    }
  }

  private onLeadership(broker: SimulatedBroker, partition: number, epoch: number): void {
    const key = `${partition}-${epoch}`;
    const before = this.leaderOf.get(key);
    if (before !== undefined && before !== broker.brokerId) {
      this.fail(
        'K10',
        `partition ${partition} has two leaders of epoch ${epoch}: brokers ${before} and ${broker.brokerId}`,
      );
    }
    this.leaderOf.set(key, broker.brokerId);
    // An old leadership that a broker learns of late accepts nothing that counts.
    if (epoch < (this.epochOf.get(partition) ?? 0)) return;
    this.epochOf.set(partition, epoch);
    const replica = replicaOf(broker, this.topic, partition);
    const end = this.ackedEndOf(partition);
    if (replica !== undefined && replica.offsetNext < end) {
      this.fail(
        'K2',
        `broker ${broker.brokerId} leads partition ${partition} from epoch ${epoch} with a log that ends at ${replica.offsetNext}; acknowledged is all below ${end}`,
      );
    }
  }

  private checkInSync(
    brokers: readonly SimulatedBroker[],
    partition: number,
    isr: readonly number[],
  ): void {
    const end = this.ackedEndOf(partition);
    for (const id of isr) {
      const broker = brokers.find(({ brokerId }) => brokerId === id);
      const replica = broker && replicaOf(broker, this.topic, partition);
      if (replica?.log !== 'open' || replica.logEndOffset >= end) continue;
      this.fail(
        'K3',
        `broker ${id} is in sync for partition ${partition} and its log ends at ${replica.logEndOffset}; acknowledged is all below ${end}`,
      );
    }
  }

  private requireRead({ partition, offset, value }: PlacedRecord): void {
    const read = this.consumed.get(partition)?.get(offset);
    if (read !== undefined && read !== value) {
      this.fail(
        'K1',
        `offset ${offset} of partition ${partition} was read as ${read}, acknowledged is ${value}`,
      );
    }
  }

  /** @returns what was noted there before, if it was another value */
  private noted(
    notes: Map<number, Map<number, string>>,
    { partition, offset, value }: PlacedRecord,
  ): string | undefined {
    let offsets = notes.get(partition);
    if (offsets === undefined) {
      offsets = new Map();
      notes.set(partition, offsets);
    }
    const before = offsets.get(offset);
    if (before === undefined) offsets.set(offset, value);
    return before === value ? undefined : before;
  }

  private fail(invariant: string, sentence: string): never {
    return this.world.history.violated(invariant, sentence);
  }
}

function* recordsOf(
  { logs }: SimulatedBroker,
  topic: string,
  partition: number,
): Generator<{ readonly offset: number; readonly value: string }> {
  for (const chunk of logs.bytesOf(topic, partition, Infinity)) {
    for (const head of batchHeads(chunk)) {
      for (const { offset, value } of decodeRecords(chunk, head)) {
        yield { offset, value: value === null ? '' : utf8Decode(value) };
      }
    }
  }
}

function replicaOf(
  { broker }: SimulatedBroker,
  topic: string,
  partition: number,
): Replica | undefined {
  return broker?.replicas.find((one) => one.topic === topic && one.partition === partition);
}
