import { type ClientEffect } from '@zookafka/client/core';
import { lastBatchHead } from '@zookafka/kafka-wire';
import { type GroupChecks } from './invariants/groupChecks.ts';
import {
  clientTiming,
  consumerOptions,
  KafkaClient,
  type KafkaClientParts,
  recordsOf,
  simulatedTopic,
} from './kafkaClient.ts';

const commitPauseMsMax = 1500;
const awayPermille = 60;
const awayMsMax = 5000;

/** A member of a consumer group: reads, commits now and then, and is away for a while at times. */
export class GroupClient extends KafkaClient {
  private readonly group: GroupChecks;
  /** What it has read of what it was assigned, by partition. */
  private positions = new Map<number, number>();
  private readonly committing = new Map<number, ReadonlyMap<number, number>>();
  private generation = 0;
  private tokenNext = 1;
  private isStopping = false;

  constructor(parts: KafkaClientParts, group: GroupChecks) {
    super(parts);
    this.group = group;
  }

  start(): void {
    this.beginClient({
      producer: undefined,
      consumer: consumerOptions,
      group: {
        ...clientTiming,
        group: 'simulated-group',
        sessionTimeoutMs: 3000,
        rebalanceTimeoutMs: 3000,
        heartbeatMs: 500,
      },
    });
    this.feed({ kind: 'subscribe', topics: [simulatedTopic] });
    this.keepCommitting();
  }

  /** Stays here from now on. */
  stop(): void {
    this.isStopping = true;
    this.resume();
  }

  protected override traced(event?: string, facts?: Readonly<Record<string, unknown>>): void {
    if (event === 'groupJoined') this.generation = Number(facts?.['generationId']);
  }

  protected tell(effect: ClientEffect): void {
    if (effect.kind === 'records') this.onRecords(effect);
    else if (effect.kind === 'assigned') {
      this.positions = new Map();
      this.committing.clear();
      for (const { partition } of effect.partitions)
        this.group.onAssigned(this.name, partition, this.generation);
    } else if (effect.kind === 'committed') this.onCommitted(effect);
  }

  private onRecords(effect: Extract<ClientEffect, { kind: 'records' }>): void {
    const { topic, partition } = effect;
    let offsetNext: number | undefined;
    for (const record of recordsOf(effect)) {
      this.parts.checks.onConsumed(record);
      this.group.onRecord(this.name, record);
      offsetNext = record.offset + 1;
    }
    if (offsetNext !== undefined) {
      this.positions.set(partition, offsetNext);
      const { leaderEpoch = -1 } = lastBatchHead(effect.batches) ?? {};
      this.feed({ kind: 'consumed', topic, partition, offsetNext, leaderEpoch });
    }
    this.feed({ kind: 'poll' });
  }

  private onCommitted({ token, refusal }: Extract<ClientEffect, { kind: 'committed' }>): void {
    const positions = this.committing.get(token);
    this.committing.delete(token);
    if (refusal === undefined && positions !== undefined) this.group.onCommitted(positions);
  }

  private keepCommitting(): void {
    this.later(1 + this.prng.below(commitPauseMsMax), () => {
      if (!this.isStopping && this.prng.chance(awayPermille)) this.leave();
      else this.commit();
      this.keepCommitting();
    });
  }

  private commit(): void {
    if (this.positions.size === 0) return;
    const token = this.tokenNext++;
    this.committing.set(token, new Map(this.positions));
    this.feed({ kind: 'commit', token });
  }

  private leave(): void {
    this.pause();
    this.world.after(this.prng.between(500, awayMsMax), () => {
      this.resume();
    });
  }
}
