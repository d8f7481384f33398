import { Prng } from '@zookafka/base';
import {
  type BrokerRules,
  brokerRules,
  type ControllerRules,
  controllerRules,
} from '@zookafka/broker/core';
import { type MemberRules, memberRules } from '@zookafka/coordinator/core';
import { type ZabRules, zabRules } from '@zookafka/zab';
import { EnsembleChecks } from './invariants/ensembleChecks.ts';
import { ReplicationChecks } from './invariants/replicationChecks.ts';
import { Violation } from './history.ts';
import { ConsumerClient } from './consumerClient.ts';
import { GroupClient } from './groupClient.ts';
import { GroupChecks } from './invariants/groupChecks.ts';
import { simulatedPartitions, simulatedTopic } from './kafkaClient.ts';
import { ProducerClient } from './producerClient.ts';
import { Nemesis } from './nemesis.ts';
import { Network } from './network.ts';
import { type PartitionState, PartitionStates } from './partitionStates.ts';
import { areSettled, Registrations } from './registrations.ts';
import { SimulatedBroker } from './simulatedBroker.ts';
import { SimulatedMember } from './simulatedMember.ts';
import { type FaultKind, Swarm } from './swarm.ts';
import { World } from './world.ts';
import { ZnodeClient } from './znodeClient.ts';

/** What is simulated. */
export interface SimulationOptions {
  readonly seed: number;
  /** Left out: what the seed's swarm draws. */
  readonly memberCount?: number;
  /** Left out: what the seed's swarm draws. 0: the ensemble alone, which is many times faster. */
  readonly brokerCount?: number;
  /** How long faults happen, in simulated ms. */
  readonly safetyMs?: number;
  readonly rules?: {
    readonly zab?: Partial<ZabRules>;
    readonly member?: Partial<MemberRules>;
    readonly broker?: Partial<BrokerRules>;
    readonly controller?: Partial<ControllerRules>;
  };
}

/** What a run did. */
export interface SimulationReport {
  readonly seed: number;
  readonly memberCount: number;
  readonly brokerCount: number;
  readonly hash: string;
  readonly eventCount: number;
  readonly simulatedMs: number;
  readonly ackedOperations: number;
  readonly ackedRecords: number;
  readonly elections: number;
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly swarm: string;
}

const znodeClientCount = 3;
const livenessMsMax = 30_000;
const lookEveryMs = 100;
const settleMs = 2000;
/** So long a controller may take to act on what it heard of before. */
const brokersCalmMs = 1000;

/**
 * A whole cluster in virtual time: the very machines of the processes, members, brokers and clients, on a simulated
 * network and simulated disks. First faults, then peace: everything is healed, and must serve within 30 s.
 *
 * @throws {Violation} naming the rule that did not hold, with the last 50 events
 */
export class Simulation {
  private readonly world: World;
  private readonly swarm: Swarm;
  private readonly network: Network;
  private readonly ensemble: EnsembleChecks;
  private readonly replication: ReplicationChecks;
  private readonly members: readonly SimulatedMember[];
  private readonly brokers: readonly SimulatedBroker[];
  private readonly znodeClients: readonly ZnodeClient[];
  private readonly producers: readonly ProducerClient[];
  private readonly consumers: readonly (ConsumerClient | GroupClient)[];
  private readonly group: GroupChecks;
  private readonly states = new PartitionStates(
    simulatedTopic,
    simulatedPartitions,
    (partition) => {
      this.replication.onState(partition);
    },
  );
  private readonly offsetsState = new PartitionStates('__consumer_offsets', 1, () => {
    this.replication.onOffsetsIsr(this.offsetsState.of(0)?.isr ?? []);
  });
  private readonly registrations: Registrations;
  private readonly partitions: readonly number[];
  private readonly seed: number;
  private readonly safetyMs: number;

  constructor(options: SimulationOptions) {
    const { seed, rules = {} } = options;
    this.seed = seed;
    this.safetyMs = options.safetyMs ?? 20_000;
    const world = new World(seed);
    this.world = world;
    this.swarm = new Swarm(new Prng(seed ^ 0x5eed));
    const { memberCount = this.swarm.memberCount, brokerCount = this.swarm.brokerCount } = options;
    const network = new Network(world, this.swarm);
    this.network = network;
    const stateOf = (partition: number): PartitionState | undefined => this.states.of(partition);
    const replication = new ReplicationChecks(
      { world, topic: simulatedTopic, brokers: () => this.brokers, stateOf },
      simulatedPartitions,
    );
    this.replication = replication;
    const ensemble = new EnsembleChecks(world, (tree) => {
      this.states.onTree(tree);
      this.offsetsState.onTree(tree);
      this.registrations.onTree(tree);
    });
    this.ensemble = ensemble;
    this.registrations = new Registrations(counted(brokerCount).map((index) => index + 1));
    const members = (): readonly SimulatedMember[] => this.members;
    const brokers = (): readonly SimulatedBroker[] => this.brokers;
    this.members = counted(memberCount).map((index) => {
      const own = {
        zabRules: { ...zabRules, ...rules.zab },
        rules: { ...memberRules, ...rules.member },
      };
      const parts = { world, network, swarm: this.swarm, members, checks: ensemble };
      return new SimulatedMember({ ...parts, ...own, serverId: index + 1 });
    });
    this.brokers = counted(brokerCount).map((index) => {
      const parts = { world, network, members, brokers, checks: replication, brokerId: index + 1 };
      return new SimulatedBroker({
        ...parts,
        rules: { ...brokerRules, ...rules.broker },
        controllerRules: { ...controllerRules, ...rules.controller },
      });
    });
    this.znodeClients = counted(znodeClientCount).map(
      (index) => new ZnodeClient({ world, network, swarm: this.swarm, members, index: index + 1 }),
    );
    this.partitions = brokerCount === 0 ? [] : counted(simulatedPartitions);
    const kafka = { world, network, swarm: this.swarm, brokers, checks: replication };
    this.group = new GroupChecks(world, simulatedPartitions);
    const isWhole = brokerCount > 0;
    this.producers = (isWhole ? ['producer-1', 'producer-2'] : []).map(
      (name) => new ProducerClient({ ...kafka, name }),
    );
    const groupMembers = (isWhole ? ['group-1', 'group-2'] : []).map(
      (name) => new GroupClient({ ...kafka, name }, this.group),
    );
    const reader = isWhole ? [new ConsumerClient({ ...kafka, name: 'consumer-1' })] : [];
    this.consumers = [...reader, ...groupMembers];
  }

  run(): SimulationReport {
    try {
      return this.runAll();
    } catch (error) {
      if (error instanceof Violation || !(error instanceof Error)) throw error;
      return this.world.history.violated('assertion', error.stack ?? error.message);
    }
  }

  private runAll(): SimulationReport {
    for (const node of [...this.members, ...this.brokers]) node.start();
    for (const client of [...this.znodeClients, ...this.producers, ...this.consumers])
      client.start();
    const nemesis = this.makeNemesis();
    this.runFor(settleMs);
    nemesis.begin();
    this.runFor(this.safetyMs);
    nemesis.heal();
    this.requireLiveness('a quorum was healed');
    nemesis.reviveAll();
    this.requireLiveness('everybody was back');
    for (const client of [...this.znodeClients, ...this.producers, ...this.consumers])
      client.stop();
    this.runFor(settleMs);
    this.requireCaughtUp();
    this.runFor(settleMs);
    this.checkEnd();
    return this.report();
  }

  private makeNemesis(): Nemesis {
    const { world, swarm, network, members, brokers } = this;
    const ensemble = {
      victims: members,
      downCountMax: Math.ceil(members.length / 2),
      survivesPowerCut: () => true,
      powerCutKind: 'powerCut' as const,
      calmMs: 0,
    };
    const cluster = {
      victims: brokers,
      downCountMax: 2,
      survivesPowerCut: () => this.haveOthersAll(),
      powerCutKind: 'brokerPowerCut' as const,
      calmMs: brokersCalmMs,
    };
    const isCalmNeeded = (): boolean => this.replication.isAnybodyLossy;
    const groups = brokers.length === 0 ? [ensemble] : [ensemble, cluster];
    const bystanders = [...this.znodeClients, ...this.producers, ...this.consumers];
    return new Nemesis({ world, swarm, network, groups, bystanders, isCalmNeeded });
  }

  /**
   * A broker syncs little: what is acknowledged survives its power cut where others in sync have it and live on until
   * the controller has put it out of the ISR. So: only when all is well, and nobody else is harmed until then. Who was
   * cut off from the others may just write an ISR of its own, and then have lost what only the others have.
   */
  private haveOthersAll(): boolean {
    const { brokers, members, network, registrations } = this;
    const states = [...this.partitions.map((one) => this.states.of(one)), this.offsetsState.of(0)];
    const standings = brokers.map(({ brokerId, brokerEpoch }) => {
      return { brokerId, brokerEpoch, registeredEpoch: registrations.epochOf(brokerId) };
    });
    return (
      brokers.length > 1 &&
      network.isWhole &&
      [...members, ...brokers].every(({ isRunning }) => isRunning) &&
      brokers.every(({ isProposing }) => !isProposing) &&
      areSettled(standings, states)
    );
  }

  private runFor(durationMs: number): void {
    this.world.runUntil(this.world.nowMs + durationMs);
  }

  /** The ensemble takes writes; each partition that somebody in sync can lead is led and takes records. */
  private requireLiveness(since: string): void {
    const { world } = this;
    const healedMs = world.nowMs;
    const operations = this.ackedOperations();
    const records = this.partitions.map((one) => this.replication.ackedCount(one));
    const isAlive = (): boolean =>
      this.ackedOperations() > operations &&
      this.partitions.every(
        (one) => !this.canBeLed(one) || this.replication.ackedCount(one) > (records[one] as number),
      );
    while (!isAlive()) {
      if (world.nowMs - healedMs > livenessMsMax) {
        world.history.violated(
          'L1',
          `${livenessMsMax / 1000} s after ${since}: ${this.whatIsDead(operations, records)}`,
        );
      }
      this.runFor(lookEveryMs);
    }
  }

  /** Everything is delivered, and every consumer has all of it. */
  private requireCaughtUp(): void {
    const { world, replication, group } = this;
    const since = world.nowMs;
    const behind = (): string | undefined => {
      const waiting = this.producers.find(({ isDone }) => !isDone);
      if (waiting !== undefined) return `${waiting.name} still has records to deliver`;
      for (const partition of this.partitions) {
        const end = replication.highWatermark(partition);
        const ends = [replication.consumedEnd(partition), group.consumedEnd(partition)];
        if (ends.every((one) => one >= end)) continue;
        return `partition ${partition} is committed below ${end}, a consumer and a group were given what is below ${ends.join(' and ')}`;
      }
      return undefined;
    };
    for (let text = behind(); text !== undefined; text = behind()) {
      if (world.nowMs - since > livenessMsMax) {
        world.history.violated('L1', `${livenessMsMax / 1000} s after all was quiet ${text}`);
      }
      this.runFor(lookEveryMs);
    }
  }

  /** Somebody that is in sync lives. */
  private canBeLed(partition: number): boolean {
    const state = this.states.of(partition);
    return (
      state === undefined ||
      this.brokers.some(({ brokerId, isUp }) => isUp && state.isr.includes(brokerId))
    );
  }

  private whatIsDead(operations: number, records: readonly number[]): string {
    const serving = this.members.filter(({ member }) => member?.isServing === true).length;
    const stuck = this.partitions.filter(
      (one) => this.replication.ackedCount(one) === records[one],
    );
    const states = stuck.map(
      (one) => `partition ${one} is ${JSON.stringify(this.states.of(one) ?? null)}`,
    );
    const znodes = this.ackedOperations() === operations ? 'no znode was written, ' : '';
    return `${znodes}${serving} members serve, ${states.join(', ')}`;
  }

  private checkEnd(): void {
    this.ensemble.atEnd(this.members);
    const tree = this.leadingMember()?.member?.tree;
    for (const client of this.znodeClients) {
      client.checkWatches((path) => tree?.get(path)?.mzxid);
      // The last write of a key is there: Z10, seen from outside.
      for (const { path, zxid, value } of client.report.values) {
        const node = tree?.get(path);
        if (node === undefined || node.mzxid < zxid) {
          this.world.history.violated(
            'Z10',
            `${path} = ${value} was acknowledged and is not in the tree`,
          );
        }
      }
    }
    if (this.brokers.length > 0) this.replication.atEnd();
  }

  private leadingMember(): SimulatedMember | undefined {
    return this.members.find(({ member }) => member?.isLeading === true && member.isServing);
  }

  private ackedOperations(): number {
    return this.znodeClients.reduce((sum, { report }) => sum + report.acked, 0);
  }

  private report(): SimulationReport {
    const { history } = this.world;
    return {
      seed: this.seed,
      memberCount: this.members.length,
      brokerCount: this.brokers.length,
      hash: history.hash,
      eventCount: history.eventCount,
      simulatedMs: this.world.nowMs,
      ackedOperations: this.ackedOperations(),
      ackedRecords: this.producers.reduce((sum, { acked }) => sum + acked, 0),
      elections: this.ensemble.electionCount,
      faults: this.swarm.counts,
      swarm: this.swarm.text,
    };
  }
}

function counted(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
