import { type Leadership, type Replica } from '@zookafka/broker/core';
import { recordsIn } from './batches.ts';
import { type World } from './world.ts';

interface Acked {
  readonly offset: number;
  readonly id: number;
}

/** Looks at a world after each event: what must never be seen. */
export class Checkers {
  readonly acked: Acked[] = [];
  /** The greatest high watermark that a leader of the newest epoch ever had. */
  trueHighWatermark = 0;
  private readonly world: World;
  private readonly topic = 't';
  private seen = '';

  constructor(world: World) {
    this.world = world;
  }

  /** Every record is in the log by its offset. */
  onAcked(offset: number, ids: readonly number[]): void {
    ids.forEach((id, index) => this.acked.push({ offset: offset + index, id }));
  }

  /** A consumer got this answer. */
  onConsumed(records: Uint8Array | null, highWatermark: number): void {
    for (const { offset } of recordsIn(records ?? new Uint8Array(0))) {
      this.claim(offset < highWatermark, 'K9: a consumer got what is not committed', { offset });
    }
  }

  check(): void {
    const seen = this.signature();
    if (seen === this.seen) return;
    this.seen = seen;
    const leader = this.currentLeader();
    if (leader !== undefined) this.checkLeader(leader.replica);
    this.checkIsr();
    this.checkLogs();
  }

  /** What the claims speak of: looked at again only when some of it changed. */
  private signature(): string {
    const state = this.world.state();
    const parts = [1, 2, 3].map((id) => {
      const replica = this.world.replica(id);
      if (replica === undefined) return '-';
      const { log, logGeneration, logEndOffset, highWatermark, leadership } = replica;
      return [log, logGeneration, logEndOffset, highWatermark, leadership?.epoch].join();
    });
    const registered = [...this.world.registered.keys()].join();
    const cluster = [state.leader, state.leaderEpoch, state.partitionEpoch, this.acked.length];
    return [...parts, ...cluster, registered].join('|');
  }

  private currentLeader(): { replica: Replica; leadership: Leadership } | undefined {
    const state = this.world.state();
    const replica = this.world.replica(state.leader);
    const leadership = replica?.leadership;
    if (replica === undefined || leadership?.epoch !== state.leaderEpoch) return undefined;
    return { replica, leadership };
  }

  /** K2: a leader that is not stale has everything that was acknowledged. */
  private checkLeader(replica: Replica): void {
    const end = replica.logEndOffset;
    this.claim(end >= this.trueHighWatermark, 'K2: the leader lacks what is committed', { end });
    this.trueHighWatermark = Math.max(this.trueHighWatermark, replica.highWatermark);
    const ids = this.idsOf(this.world.state().leader);
    for (const { offset, id } of this.acked) {
      this.claim(ids.get(offset) === id, 'K2: the leader lost an acknowledged record', {
        offset,
        id,
        found: ids.get(offset),
      });
    }
  }

  /** K3: every running member of the ISR has everything that is committed. */
  private checkIsr(): void {
    for (const id of this.world.state().isr) {
      const replica = this.world.replica(id);
      // A log that is being cut or a process that has just begun tells nothing yet.
      if (replica?.log !== 'open' || !this.world.registered.has(id)) continue;
      const end = replica.logEndOffset;
      const facts = { member: id, end, trueHighWatermark: this.trueHighWatermark };
      this.claim(end >= this.trueHighWatermark, 'K3: a member lacks what is committed', facts);
    }
  }

  /** K5: two logs are equal below both high watermarks; K20: start <= high watermark <= end. */
  private checkLogs(): void {
    const replicas = [1, 2, 3].flatMap((id) => {
      const replica = this.world.replica(id);
      return replica === undefined ? [] : [{ id, replica }];
    });
    for (const { replica } of replicas) {
      const { logStartOffset, highWatermark, logEndOffset } = replica;
      const isOrdered = logStartOffset <= highWatermark && highWatermark <= logEndOffset;
      const facts = { logStartOffset, highWatermark, logEndOffset };
      this.claim(isOrdered, 'K20: start, high watermark and end are out of order', facts);
    }
    for (const left of replicas) {
      for (const right of replicas) {
        if (left.id < right.id) this.checkPair(left, right);
      }
    }
  }

  private checkPair(
    left: { id: number; replica: Replica },
    right: { id: number; replica: Replica },
  ): void {
    const bound = Math.min(left.replica.highWatermark, right.replica.highWatermark);
    const ids = this.idsOf(right.id);
    for (const [offset, id] of this.idsOf(left.id)) {
      if (offset >= bound) continue;
      this.claim(ids.get(offset) === id, 'K5: two logs differ below the high watermark', {
        offset,
        brokers: [left.id, right.id],
      });
    }
  }

  private idsOf(broker: number): Map<number, number> {
    const log = this.world.diskLogs(broker).get(`${this.topic}-0`);
    const chunks = log?.batches ?? [];
    return new Map(chunks.flatMap(({ bytes }) => recordsIn(bytes)).map((r) => [r.offset, r.id]));
  }

  private claim(holds: boolean, rule: string, facts: Record<string, unknown>): void {
    if (!holds) throw new Error(`${rule}: ${JSON.stringify(facts)}`);
  }
}
