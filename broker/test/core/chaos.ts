import { type BrokerRules } from '@zookafka/broker/core';
import { Prng } from '@zookafka/base';
import { makeBatch, recordsIn } from './batches.ts';
import { Checkers } from './checkers.ts';
import { type Answer, World } from './world.ts';

/** What a run did. */
export interface ChaosRun {
  readonly acked: number;
  readonly elections: number;
  readonly kills: number;
  readonly cuts: number;
  readonly truncations: number;
}

interface Outstanding {
  readonly ids: readonly number[];
  readonly records: Uint8Array;
  answer: Answer<'produce'>;
  sentMs: number;
}

const brokers = [1, 2, 3];
const links: readonly (readonly [number, number])[] = [
  [1, 2],
  [2, 3],
  [1, 3],
];

/** One producer that retries under one id, a controller by hand, faults: all drawn from one seed. */
export class Chaos {
  readonly world: World;
  readonly checkers: Checkers;
  private readonly prng: Prng;
  private readonly seed: number;
  private outstanding: Outstanding | undefined;
  private idNext = 1;
  private sequence = 0;
  private readonly counts = { elections: 0, kills: 0, cuts: 0 };
  private readonly dead = new Map<number, number>();

  constructor(seed: number, rules: Partial<BrokerRules> = {}) {
    this.seed = seed;
    this.prng = new Prng(seed * 7919);
    this.world = new World({
      seed,
      rules,
      delayMsMax: 8,
      config: { replicaLagTimeMaxMs: 300, replicaFetchWaitMaxMs: 50, replicaSocketTimeoutMs: 200 },
    });
    this.checkers = new Checkers(this.world);
    this.world.createTopic('t', [[1, 2, 3]], { 'min.insync.replicas': '2' });
    this.world.run(100);
    this.world.onEvent = () => {
      this.checkers.check();
    };
  }

  /** @throws when a checker saw what must not be */
  run(rounds: number): ChaosRun {
    try {
      for (let round = 0; round < rounds; round++) this.round();
      this.heal();
    } catch (error) {
      throw new Error(`seed ${this.seed}: ${String(error)}`, { cause: error });
    }
    const cut = this.world.traces.filter(({ event }) => event === 'followerTruncated');
    return { acked: this.checkers.acked.length, ...this.counts, truncations: cut.length };
  }

  private round(): void {
    this.control();
    this.fault();
    this.produce();
    this.makeNoise();
    this.consume();
    this.world.run(this.prng.between(1, 40));
  }

  /** As a controller does: a dead leader's successor comes from the ISR. */
  private control(): void {
    const { world } = this;
    for (const [id, sinceMs] of this.dead) {
      if (world.nowMs - sinceMs < 60 || !world.registered.has(id)) continue;
      world.expire(id);
      this.removeFromIsr(id);
    }
    const state = world.state();
    if (state.leader === -1) {
      const next = state.isr.find((id) => world.registered.has(id));
      if (next !== undefined) this.elect(next, state.isr);
    }
  }

  private removeFromIsr(id: number): void {
    const { world } = this;
    const state = world.state();
    const left = state.isr.filter((member) => member !== id);
    const isr = left.length === 0 ? state.isr : left;
    if (state.leader === id) {
      const next = left.find((member) => world.registered.has(member));
      this.elect(next ?? -1, isr);
    } else if (state.isr.includes(id) && left.length > 0) {
      world.write({ ...state, isr, partitionEpoch: state.partitionEpoch + 1 });
    }
  }

  private elect(leader: number, isr: readonly number[]): void {
    this.counts.elections++;
    this.world.elect(leader, isr);
  }

  private fault(): void {
    const { prng, world } = this;
    if (prng.chance(40) && this.dead.size < 2) {
      const victim = prng.pick(brokers.filter((id) => !this.dead.has(id)));
      this.counts.kills++;
      this.dead.set(victim, world.nowMs);
      world.kill(victim);
    }
    if (prng.chance(80) && this.dead.size > 0) this.revive(prng.pick([...this.dead.keys()]));
    if (prng.chance(40)) {
      const [left, right] = prng.pick(links);
      this.counts.cuts++;
      world.setCut(left, right, prng.chance(500));
    }
    // A live leader is replaced, as a preferred election does it.
    const state = world.state();
    const others = state.isr.filter((id) => id !== state.leader && world.registered.has(id));
    if (prng.chance(20) && state.leader !== -1 && others.length > 0) {
      this.elect(prng.pick(others), state.isr);
    }
  }

  /** A broker that is back inside its session counts as failed, then started. */
  private revive(id: number): void {
    const { world } = this;
    this.dead.delete(id);
    if (world.registered.has(id)) {
      world.expire(id);
      this.removeFromIsr(id);
    }
    world.start(id);
  }

  private produce(): void {
    const { outstanding, world } = this;
    if (outstanding === undefined) {
      const ids = Array.from({ length: this.prng.between(1, 3) }, () => this.idNext++);
      const stamp = { producerId: 5, producerEpoch: 0, baseSequence: this.sequence };
      const records = makeBatch(ids, stamp);
      this.outstanding = { ids, records, answer: this.send(records), sentMs: world.nowMs };
      return;
    }
    const { answer, ids, records, sentMs } = outstanding;
    const result = answer.body?.responses[0]?.partitionResponses[0];
    if (result?.errorCode === 0) {
      this.checkers.onAcked(result.baseOffset, ids);
      this.sequence += ids.length;
      this.outstanding = undefined;
    } else if (result?.errorCode === 45) {
      throw new Error(`K16: the sequence of a retry was refused: ${String(ids)}`);
    } else if (result !== undefined || answer.isClosed || world.nowMs - sentMs > 400) {
      outstanding.answer = this.send(records);
      outstanding.sentMs = world.nowMs;
    }
  }

  /** Batches that nobody was promised, to whoever believes to lead: logs part where leaders change. */
  private makeNoise(): void {
    const target = this.prng.pick(brokers);
    const isLeading = this.world.replica(target)?.leadership !== undefined;
    if (!isLeading || !this.prng.chance(400)) return;
    const ids = Array.from({ length: this.prng.between(1, 4) }, () => 1_000_000 + this.idNext++);
    const topicData = [{ name: 't', partitionData: [{ index: 0, records: makeBatch(ids) }] }];
    const body = { acks: 1, timeoutMs: 300, transactionalId: null, topicData };
    this.world.request(target, 'produce', body);
  }

  private send(records: Uint8Array): Answer<'produce'> {
    const { leader } = this.world.state();
    const target = this.world.processes.has(leader) ? leader : this.prng.pick(brokers);
    if (!this.world.processes.has(target)) {
      return { body: undefined, isClosed: true, isSilent: false };
    }
    const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }];
    const body = { acks: -1, timeoutMs: 300, transactionalId: null, topicData };
    return this.world.request(target, 'produce', body);
  }

  private consume(): void {
    const target = this.prng.pick(brokers);
    if (!this.prng.chance(200) || !this.world.processes.has(target)) return;
    const { trueHighWatermark } = this.checkers;
    const fetchOffset = this.prng.below(trueHighWatermark + 1);
    const answer = this.world.request(
      target,
      'fetch',
      {
        maxWaitMs: 20,
        minBytes: 1,
        maxBytes: 10_000,
        topics: [
          { topic: 't', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 10_000 }] },
        ],
      },
      { version: 12 },
    );
    this.world.later(100, () => {
      const part = answer.body?.responses[0]?.partitions[0];
      if (part?.errorCode !== 0) return;
      this.checkers.onConsumed(part.records, this.checkers.trueHighWatermark);
      this.checkRead(part.records);
    });
  }

  /** K8: what was read is what is committed there. */
  private checkRead(records: Uint8Array | null): void {
    const byOffset = new Map(this.checkers.acked.map(({ offset, id }) => [offset, id]));
    for (const { offset, id } of recordsIn(records ?? new Uint8Array(0))) {
      const known = byOffset.get(offset);
      if (known !== undefined && known !== id) throw new Error(`K8: offset ${offset} changed`);
    }
  }

  /** When all is well again, writes are acknowledged, and every replica is in sync. */
  private heal(): void {
    const { world } = this;
    for (const id of [...this.dead.keys()]) this.revive(id);
    for (const [left, right] of links) world.setCut(left, right, false);
    const ackedBefore = this.checkers.acked.length;
    const endMs = world.nowMs + 30_000;
    while (world.state().isr.length < 3 || this.checkers.acked.length === ackedBefore) {
      if (world.nowMs > endMs) throw new Error('it does not heal');
      this.control();
      this.produce();
      world.run(20);
    }
    this.checkNothingTwice();
  }

  /** K16: no record is there twice. */
  private checkNothingTwice(): void {
    const { leader } = this.world.state();
    const ids = this.world.log(leader).batches.flatMap(({ bytes }) => recordsIn(bytes));
    if (new Set(ids.map(({ id }) => id)).size !== ids.length) {
      throw new Error('K16: a record is there twice');
    }
  }
}
