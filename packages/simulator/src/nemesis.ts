import { type Prng } from '@zookafka/base';
import { type Network } from './network.ts';
import { type StrikeKind, type Swarm } from './swarm.ts';
import { type World } from './world.ts';

type PowerCut = 'powerCut' | 'brokerPowerCut';

/** What happens to one process. */
type Blow = PowerCut | 'kill' | 'bounce' | 'pause';

/** A process that can be harmed. */
export interface Victim {
  readonly name: string;
  readonly isUp: boolean;
  readonly isRunning: boolean;
  start(): void;
  kill(): void;
  powerCut(): void;
  pause(): void;
  resume(): void;
}

/** What the nemesis may do to a group of processes. */
export interface VictimGroup {
  readonly victims: readonly Victim[];
  /** How many of them may be down or paused at a time: what the protocol promises to survive, and one more. */
  readonly downCountMax: number;
  /** Whether a power cut is within what they promise now. */
  readonly survivesPowerCut: () => boolean;
  readonly powerCutKind: PowerCut;
  /** For how long nothing may have happened to anybody before a power cut, in ms: what is under way must be through. */
  readonly calmMs: number;
}

/** What the nemesis works with. */
export interface NemesisParts {
  readonly world: World;
  readonly swarm: Swarm;
  readonly network: Network;
  readonly groups: readonly VictimGroup[];
  /** Processes that are cut off from others but never harmed: clients. */
  readonly bystanders: readonly { readonly name: string }[];
  /** Somebody was harmed so much that the promise holds only while nobody else is. */
  readonly isCalmNeeded: () => boolean;
}

const downMsMin = 50;
const downMsMax = 9000;
const bounceMsMax = 200;
/** So many are needed for one to be left dead. */
const quorumCountMin = 3;
const partitionMsMax = 8000;
/** How often a partition takes the clients with it; else they still reach whom it cut off. */
const clientsCutPermille = 400;

/** Does to processes and network what the seed's swarm says, until it is told to stop; then it heals. */
export class Nemesis {
  private readonly parts: NemesisParts;
  private readonly prng: Prng;
  private readonly leftDead = new Set<Victim>();
  private isOver = false;
  /** When something last happened to somebody, or ended. */
  private disturbedMs = -Infinity;

  constructor(parts: NemesisParts) {
    this.parts = parts;
    this.prng = parts.world.chanceFor();
  }

  begin(): void {
    const { world, swarm } = this.parts;
    world.after(1 + this.prng.below(swarm.faultEveryMs * 2), () => {
      if (this.isOver) return;
      if (!this.parts.isCalmNeeded()) this.harm();
      this.begin();
    });
  }

  /**
   * Nothing more happens; what is cut is whole, and a quorum of each group comes back. Where the swarm says so, one
   * of each group stays or falls dead.
   */
  heal(): void {
    this.isOver = true;
    const { network, groups, swarm, isCalmNeeded } = this.parts;
    network.heal();
    const isOneLeftDead = swarm.isOneLeftDead && !isCalmNeeded();
    for (const { victims } of groups) {
      if (isOneLeftDead && victims.length >= quorumCountMin)
        this.leaveDead(this.prng.pick(victims));
      this.revive(victims.filter((victim) => !this.leftDead.has(victim)));
    }
  }

  /** Everybody else comes back. */
  reviveAll(): void {
    this.leftDead.clear();
    for (const { victims } of this.parts.groups) this.revive(victims);
  }

  private leaveDead(victim: Victim): void {
    this.leftDead.add(victim);
    if (victim.isUp) victim.kill();
    this.note(`${victim.name} is dead while the others recover`);
  }

  private revive(victims: readonly Victim[]): void {
    for (const victim of victims) {
      victim.resume();
      if (!victim.isUp) victim.start();
    }
  }

  private harm(): void {
    const { weights } = this.parts.swarm;
    const kinds = Object.entries(weights) as [StrikeKind, number][];
    const sum = kinds.reduce((before, [, weight]) => before + weight, 0);
    if (sum === 0) return;
    let draw = this.prng.below(sum);
    for (const [kind, weight] of kinds) {
      draw -= weight;
      if (draw >= 0) continue;
      if (kind === 'linkCut') this.cutLink();
      else if (kind === 'partition' || kind === 'oneWayPartition') this.partition(kind);
      else this.strike(kind);
      return;
    }
  }

  private cutLink(): void {
    const { network, swarm } = this.parts;
    if (!network.closeOne()) return;
    this.disturb();
    swarm.count('linkCut');
    this.note('a connection is cut');
  }

  private partition(kind: 'partition' | 'oneWayPartition'): void {
    const { network, swarm, world, groups, bystanders } = this.parts;
    const victims = groups.flatMap((group) => group.victims);
    const one = this.prng.pick(victims);
    const areClientsCut = this.prng.chance(clientsCutPermille);
    const isDeaf = this.prng.chance(500);
    for (const other of areClientsCut ? [...victims, ...bystanders] : victims) {
      if (other.name === one.name) continue;
      if (kind === 'partition' || !isDeaf) network.cut(one.name, other.name);
      if (kind === 'partition' || isDeaf) network.cut(other.name, one.name);
    }
    this.disturb();
    swarm.count(kind);
    const how = isDeaf ? ', hears nothing' : ', is not heard';
    this.note(`${one.name} is cut off${kind === 'partition' ? '' : how}`);
    world.after(this.prng.between(100, partitionMsMax), () => {
      this.disturb();
      if (!this.isOver) network.heal();
    });
  }

  private strike(kind: Blow): void {
    const { groups } = this.parts;
    const group = isPowerCut(kind)
      ? groups.find(({ powerCutKind }) => powerCutKind === kind)
      : this.prng.pick(groups);
    if (group === undefined) return;
    const down = group.victims.filter(({ isRunning }) => !isRunning).length;
    const running = group.victims.filter(({ isRunning }) => isRunning);
    if (down >= group.downCountMax || running.length === 0) return;
    if (isPowerCut(kind) && !(this.isCalm(group.calmMs) && group.survivesPowerCut())) return;
    this.parts.swarm.count(kind);
    this.harmOne(this.prng.pick(running), kind);
  }

  private harmOne(victim: Victim, kind: Blow): void {
    const { world } = this.parts;
    this.disturb();
    const downMs =
      kind === 'bounce'
        ? this.prng.between(1, bounceMsMax)
        : this.prng.between(downMsMin, downMsMax);
    if (kind === 'pause') {
      victim.pause();
      world.after(downMs, () => {
        this.disturb();
        victim.resume();
      });
      return;
    }
    this.note(`${victim.name} is ${isPowerCut(kind) ? 'without power' : 'killed'}`);
    if (isPowerCut(kind)) victim.powerCut();
    else victim.kill();
    world.after(downMs, () => {
      this.disturb();
      if (!victim.isUp && !this.leftDead.has(victim)) victim.start();
    });
  }

  private disturb(): void {
    this.disturbedMs = this.parts.world.nowMs;
  }

  private isCalm(calmMs: number): boolean {
    return this.parts.world.nowMs - this.disturbedMs >= calmMs;
  }

  private note(text: string): void {
    this.parts.world.history.add(this.parts.world.nowMs, text);
  }
}

function isPowerCut(kind: Blow): kind is PowerCut {
  return kind === 'powerCut' || kind === 'brokerPowerCut';
}
