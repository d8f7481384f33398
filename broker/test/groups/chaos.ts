import { Prng, utf8Decode } from '@zookafka/base';
import { batchHeads, decodeRecords, errorCodes, type ResponseOf } from '@zookafka/kafka-wire';
import { type GroupRules } from '@zookafka/broker/core';
import { readStoredRecord, type StoredRecord } from '../../src/core/groups/groupRecords.ts';
import { type Answer, GroupCluster, type StoredBatch } from './harness.ts';
import { beat, codeOf, fetchOffset, join, sendCommit, sync } from './members.ts';

const partitionCount = 4;
const brokerCount = 3;

/** What was found wrong: the invariant's number, and the facts. */
export class Violation extends Error {}

interface PendingCommit {
  readonly answer: Answer<'offsetCommit'>;
  readonly partition: number;
  readonly value: number;
  readonly generation: number;
  /** The newest generation that had work when this was sent. */
  readonly generationBar: number;
}

/** Watches K18 and K19 from outside: what clients were told, against what the log has. */
class Checker {
  generationBar = 0;
  stables = 0;
  commits = 0;
  private readonly cluster: GroupCluster;
  /** By generation and partition: who was told to own it. */
  private readonly owners = new Map<string, string>();
  /** By partition: the value that was acknowledged last, in the log's order. */
  private readonly acked = new Map<number, number>();
  private readonly seen = new Map<number, number>();
  /** Where each value is, by partition and value: each is committed once. */
  private readonly batches = new Map<string, StoredBatch>();
  private readonly known = new WeakSet<StoredBatch>();

  constructor(cluster: GroupCluster) {
    this.cluster = cluster;
  }

  onAssigned(generation: number, owner: string, partitions: readonly number[]): void {
    this.stables++;
    if (generation < this.generationBar) {
      throw new Violation(`K19: generation ${generation} has work after ${this.generationBar}`);
    }
    this.generationBar = generation;
    for (const partition of partitions) {
      const key = `${generation}/${partition}`;
      const before = this.owners.get(key) ?? owner;
      if (before !== owner) {
        throw new Violation(`K19: ${key} belongs to ${before} and to ${owner}`);
      }
      this.owners.set(key, owner);
    }
  }

  onCommitted({ partition, value, generation, generationBar }: PendingCommit): void {
    this.commits++;
    if (generation < generationBar) {
      throw new Violation(`K18: generation ${generation} commits in ${generationBar}`);
    }
    const at = this.placeOf(partition, value);
    if (at === -1) throw new Violation(`K18: ${value} is acknowledged and not in the log`);
    const before = this.acked.get(partition);
    if (before === undefined || at > this.placeOf(partition, before)) {
      this.acked.set(partition, value);
    }
  }

  onFetched(partition: number, value: number): void {
    for (const bar of [this.acked.get(partition), this.seen.get(partition)]) {
      if (bar === undefined) continue;
      const place = this.placeOf(partition, bar);
      if (place === -1) throw new Violation(`K18: ${bar} of ${partition} is lost`);
      if (this.placeOf(partition, value) < place) {
        throw new Violation(`K18: ${partition} went from ${bar} back to ${value}`);
      }
    }
    if (value !== -1) this.seen.set(partition, value);
  }

  /** Groups as the log tells them: another set of owners is another generation. */
  checkLog(): void {
    let last = { generation: 0, work: '' };
    for (const said of (this.cluster.logs[0]?.batches ?? []).flatMap(storedIn)) {
      if (said.kind !== 'group' || said.stored === undefined) continue;
      const { generation, members } = said.stored;
      const work = members
        .map((one) => `${one.groupInstanceId ?? one.memberId}:${utf8Decode(one.assignment)}`)
        .sort()
        .join();
      if (generation < last.generation) {
        throw new Violation(`K19: the log goes from ${last.generation} to ${generation}`);
      }
      if (generation === last.generation && work !== last.work) {
        throw new Violation(`K19: generation ${generation} is shared out twice`);
      }
      last = { generation, work };
    }
  }

  private placeOf(partition: number, value: number): number {
    this.learn();
    const batch = this.batches.get(`${partition}/${value}`);
    return batch === undefined || batch.isGone === true ? -1 : batch.firstOffset;
  }

  /** Looks at the batches that are new since the last time. */
  private learn(): void {
    const batches = this.cluster.logs[0]?.batches ?? [];
    for (let index = batches.length - 1; index >= 0; index--) {
      const batch = batches[index] as StoredBatch;
      if (this.known.has(batch)) return;
      this.known.add(batch);
      for (const said of storedIn(batch)) {
        if (said.kind !== 'offset' || said.committed === undefined) continue;
        this.batches.set(`${said.partition}/${said.committed.offset}`, batch);
      }
    }
  }
}

function storedIn({ bytes }: StoredBatch): StoredRecord[] {
  return [...batchHeads(bytes)]
    .flatMap((head) => decodeRecords(bytes, head).map(readStoredRecord))
    .filter((said) => said !== undefined);
}

/** A consumer as a careful client would be. */
class Consumer {
  instance: string | null;
  phase: 'idle' | 'joining' | 'syncing' | 'working' = 'idle';
  partitions: readonly number[] = [];
  memberId = '';
  generation = -1;
  private joining: Answer<'joinGroup'> = { body: undefined };
  private syncing: Answer<'syncGroup'> = { body: undefined };
  private commits: PendingCommit[] = [];
  private readonly chaos: GroupChaos;
  private waitedSinceMs = 0;
  private pausedUntilMs = 0;

  constructor(chaos: GroupChaos, instance: string | null) {
    this.chaos = chaos;
    this.instance = instance;
  }

  act(): void {
    this.lookAtCommits();
    if (this.chaos.cluster.nowMs < this.pausedUntilMs) return;
    // Awake again, it does not know for how long it was not: what it had in hand it commits.
    if (this.pausedUntilMs > 0 && this.phase === 'working') this.commitAll();
    this.pausedUntilMs = 0;
    switch (this.phase) {
      case 'idle':
        this.join();
        return;
      case 'joining':
        if (this.joining.body !== undefined) this.onJoined(this.joining.body);
        else this.giveUpLate();
        return;
      case 'syncing':
        if (this.syncing.body !== undefined) this.onSynced(this.syncing.body);
        else this.giveUpLate();
        return;
      case 'working':
        this.work();
        return;
      default:
    }
  }

  /** The process ends without a word; another one starts. */
  restart(): void {
    this.memberId = '';
    this.rest();
    this.commits = [];
  }

  /** The process stands still, and then goes on as if nothing had been. */
  pause(ms: number): void {
    this.pausedUntilMs = this.chaos.cluster.nowMs + ms;
  }

  leave(): void {
    const { cluster } = this.chaos;
    const member = { memberId: this.memberId, groupInstanceId: this.instance, reason: null };
    const broker = this.chaos.broker();
    if (this.memberId !== '') {
      cluster.request('leaveGroup', { groupId: 'g', members: [member] }, { broker });
    }
    this.restart();
  }

  private rest(): void {
    this.phase = 'idle';
    this.partitions = [];
  }

  private join(): void {
    this.joining = join(this.chaos.cluster, {
      version: 5,
      memberId: this.memberId,
      instance: this.instance,
      sessionMs: this.instance === null ? 10_000 : 40_000,
      rebalanceMs: 15_000,
      broker: this.chaos.broker(),
    });
    this.phase = 'joining';
    this.waitedSinceMs = this.chaos.cluster.nowMs;
  }

  private giveUpLate(): void {
    if (this.chaos.cluster.nowMs - this.waitedSinceMs > 40_000) this.rest();
  }

  private onJoined(body: ResponseOf<'joinGroup'>): void {
    if (body.errorCode !== 0) {
      this.onFault(body.errorCode);
      if (body.errorCode === errorCodes.MEMBER_ID_REQUIRED) this.memberId = body.memberId;
      return;
    }
    this.memberId = body.memberId;
    this.generation = body.generationId;
    const assignments: Record<string, string> = {};
    if (body.leader === body.memberId) {
      const ids = this.chaos.prng.chance(500)
        ? body.members.map(({ memberId }) => memberId)
        : body.members.map(({ memberId }) => memberId).reverse();
      ids.forEach((id, index) => {
        assignments[id] = partitionsOf(index, ids.length).join();
      });
    }
    this.syncing = sync(this.chaos.cluster, {
      generation: this.generation,
      memberId: this.memberId,
      instance: this.instance,
      assignments,
      broker: this.chaos.broker(),
    });
    this.phase = 'syncing';
    this.waitedSinceMs = this.chaos.cluster.nowMs;
  }

  private onSynced({ errorCode, assignment }: ResponseOf<'syncGroup'>): void {
    if (errorCode !== 0) {
      this.onFault(errorCode);
      return;
    }
    const text = utf8Decode(assignment);
    this.partitions = text === '' ? [] : text.split(',').map(Number);
    this.phase = 'working';
  }

  /** Told at once when the answer comes, however late the consumer looks at it. */
  watchSync(): void {
    const { body } = this.syncing;
    if (this.phase !== 'syncing' || body?.errorCode !== 0) return;
    this.onSynced(body);
    const owner = this.instance ?? this.memberId;
    this.chaos.checker.onAssigned(this.generation, owner, this.partitions);
  }

  private work(): void {
    const { cluster, prng } = this.chaos;
    const { memberId, generation, instance } = this;
    const broker = this.chaos.broker();
    const code = beat(cluster, { generation, memberId, instance, broker });
    const isMember = code === 0 || code === errorCodes.REBALANCE_IN_PROGRESS;
    // A slow consumer has not seen yet that it is out: it commits all the same.
    if (isMember || prng.chance(500)) this.commitAll();
    if (code !== 0 && prng.chance(700)) this.onFault(code);
  }

  private commitAll(): void {
    const { cluster, prng, checker } = this.chaos;
    const { memberId, generation, instance } = this;
    const broker = this.chaos.broker();
    for (const partition of this.partitions) {
      if (prng.chance(500)) continue;
      const value = this.chaos.nextValue();
      const { generationBar } = checker;
      const options = { generation, memberId, instance, partition, offset: value, broker };
      const answer = sendCommit(cluster, options);
      this.commits.push({ answer, partition, value, generation, generationBar });
    }
  }

  private onFault(code: number): void {
    switch (code) {
      case errorCodes.UNKNOWN_MEMBER_ID:
      case errorCodes.FENCED_INSTANCE_ID:
        this.memberId = '';
        this.rest();
        return;
      case errorCodes.NOT_COORDINATOR:
      case errorCodes.COORDINATOR_LOAD_IN_PROGRESS:
      case errorCodes.COORDINATOR_NOT_AVAILABLE:
        if (this.phase !== 'working') this.rest();
        return;
      default:
        this.rest();
    }
  }

  lookAtCommits(): void {
    this.commits = this.commits.filter((commit) => {
      const code = codeOf(commit.answer);
      if (code === 0) this.chaos.checker.onCommitted(commit);
      return code === undefined;
    });
  }
}

/** Consumers, static ones among them, that come, go, crash and are slow, while coordinators move and lose what is not committed. */
export class GroupChaos {
  readonly cluster: GroupCluster;
  readonly prng: Prng;
  readonly checker: Checker;
  private readonly consumers: Consumer[];
  private valueLast = 0;
  private moves = 0;

  constructor(seed: number, rules: Partial<GroupRules> = {}) {
    const config = { offsetsRetentionCheckMs: 2000 };
    this.cluster = new GroupCluster({ brokers: brokerCount, seed, isSlow: true, rules, config });
    this.prng = new Prng(seed);
    this.checker = new Checker(this.cluster);
    this.consumers = [null, null, null, 'i1', 'i2'].map((name) => new Consumer(this, name));
  }

  /** @returns where a consumer believes its coordinator to be */
  broker(): number {
    if (this.prng.chance(30)) return this.prng.below(brokerCount);
    return Math.max(0, this.cluster.logs[0]?.leader ?? 0);
  }

  nextValue(): number {
    return ++this.valueLast;
  }

  /** Faults for a while, then none: the group must come to rest. */
  run(steps = 600): { moves: number; stables: number; commits: number } {
    for (let step = 0; step < steps; step++) {
      this.disturb();
      this.step();
    }
    this.rest();
    const { stables, commits } = this.checker;
    return { moves: this.moves, stables, commits };
  }

  private step(): void {
    const { cluster, prng } = this;
    cluster.run(prng.between(20, 1500));
    for (const consumer of this.consumers) {
      if (prng.chance(800)) consumer.act();
      this.observe();
    }
    this.fetch();
  }

  private disturb(): void {
    const { cluster, prng } = this;
    if (prng.chance(600)) cluster.commit(0, prng.between(1, 4));
    this.observe();
    if (prng.chance(500)) cluster.answerReads();
    const consumer = this.consumers[prng.below(this.consumers.length)] as Consumer;
    if (prng.chance(30)) consumer.restart();
    if (prng.chance(20)) consumer.leave();
    if (prng.chance(20)) consumer.pause(prng.between(2000, 35_000));
    if (prng.chance(30)) {
      const waiting = cluster.logs[0]?.batches.filter(({ onDone }) => onDone !== undefined);
      cluster.lead(0, prng.below(brokerCount), prng.between(0, waiting?.length ?? 0));
      this.moves++;
    }
    this.observe();
  }

  /** Whatever was answered counts from now on. */
  private observe(): void {
    for (const consumer of this.consumers) {
      consumer.watchSync();
      consumer.lookAtCommits();
    }
  }

  private fetch(): void {
    for (let partition = 0; partition < partitionCount; partition++) {
      const broker = this.broker();
      const value = fetchOffset(this.cluster, { partition, broker });
      if (typeof value === 'number') this.checker.onFetched(partition, value);
    }
  }

  /** No faults any more: everybody works, and after one is gone without a word the others do its part. */
  private rest(): void {
    this.settle();
    this.checkWork();
    this.consumers.shift();
    this.settle();
    this.checkWork();
    this.fetch();
    this.checker.checkLog();
  }

  private settle(): void {
    const { cluster } = this;
    for (let atMs = 0; atMs < 150_000; atMs += 500) {
      cluster.answerReads();
      cluster.commit(0);
      this.observe();
      for (const consumer of this.consumers) consumer.act();
      this.observe();
      cluster.run(500);
    }
    cluster.commit(0);
    this.observe();
  }

  private checkWork(): void {
    const generations = new Set(this.consumers.map(({ generation }) => generation));
    const working = this.consumers.filter(({ phase }) => phase === 'working');
    const owned = working.flatMap(({ partitions }) => partitions).sort();
    if (working.length !== this.consumers.length || generations.size !== 1) {
      const phases = this.consumers.map(({ phase, generation }) => `${phase} ${generation}`);
      throw new Violation(`K19: a rebalance does not end: ${phases.join(', ')}`);
    }
    if (owned.join() !== '0,1,2,3') {
      throw new Violation(`K19: the partitions that are owned are ${owned.join()}`);
    }
  }
}

function partitionsOf(index: number, count: number): readonly number[] {
  return Array.from({ length: partitionCount }, (_, partition) => partition).filter(
    (partition) => partition % count === index,
  );
}

/** @returns the text of a violation with this seed, or undefined */
export function violationOf(seed: number, rules: Partial<GroupRules> = {}): string | undefined {
  try {
    new GroupChaos(seed, rules).run();
  } catch (error) {
    if (error instanceof Violation) return error.message;
    throw error;
  }
  return undefined;
}
