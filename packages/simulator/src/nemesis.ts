import { type Prng } from '@zookafka/base';
import { type Network } from './network.ts';
import { type Swarm } from './swarm.ts';
import { type World } from './world.ts';

/** A process that can be harmed. */
export interface Victim {
  readonly name: string;
  readonly isUp: boolean;
  readonly isRunning: boolean;
  start(): void;
  kill(): void;
  pause(): void;
  resume(): void;
}

/** What the nemesis may do to a group of processes. */
export interface VictimGroup {
  readonly victims: readonly Victim[];
  /** How many of them may be down or paused at a time: what the protocol promises to survive, and one more. */
  readonly downCountMax: number;
  /** A power cut is within what they promise. */
  readonly survivesPowerCuts: boolean;
}

const downMsMin = 50;
const downMsMax = 9000;
const partitionMsMax = 8000;

/** Does to processes and network what the seed's swarm says, until it is told to stop; then it heals everything. */
export class Nemesis {
  private readonly world: World;
  private readonly swarm: Swarm;
  private readonly network: Network;
  private readonly groups: readonly VictimGroup[];
  private readonly prng: Prng;
  private isOver = false;

  constructor(parts: {
    readonly world: World;
    readonly swarm: Swarm;
    readonly network: Network;
    readonly groups: readonly VictimGroup[];
  }) {
    this.world = parts.world;
    this.swarm = parts.swarm;
    this.network = parts.network;
    this.groups = parts.groups;
    this.prng = parts.world.chanceFor();
  }

  begin(): void {
    this.world.after(1 + this.prng.below(this.swarm.faultEveryMs * 2), () => {
      if (this.isOver) return;
      this.harm();
      this.begin();
    });
  }

  /** Nothing more happens; everything that is down comes back, everything that is cut is whole. */
  heal(): void {
    this.isOver = true;
    this.network.heal();
    for (const { victims } of this.groups) {
      for (const victim of victims) {
        victim.resume();
        if (!victim.isUp) victim.start();
      }
    }
  }

  private harm(): void {
    const { weights } = this.swarm;
    const kinds = Object.entries(weights) as [keyof typeof weights, number][];
    let draw = this.prng.below(kinds.reduce((sum, [, weight]) => sum + weight, 0));
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
    if (!this.network.closeOne()) return;
    this.swarm.count('linkCut');
    this.note('a connection is cut');
  }

  private partition(kind: 'partition' | 'oneWayPartition'): void {
    const all = this.groups.flatMap(({ victims }) => victims);
    const one = this.prng.pick(all);
    for (const other of all) {
      if (other === one) continue;
      this.network.cut(one.name, other.name);
      if (kind === 'partition') this.network.cut(other.name, one.name);
    }
    this.swarm.count(kind);
    this.note(`${one.name} is cut off${kind === 'partition' ? '' : ', one way'}`);
    this.world.after(this.prng.between(100, partitionMsMax), () => {
      if (!this.isOver) this.network.heal();
    });
  }

  private strike(kind: 'kill' | 'powerCut' | 'pause'): void {
    const group = this.prng.pick(this.groups);
    const down = group.victims.filter(({ isRunning }) => !isRunning).length;
    const running = group.victims.filter(({ isRunning }) => isRunning);
    if (down >= group.downCountMax || running.length === 0) return;
    if (kind === 'powerCut' && !group.survivesPowerCuts) return;
    const victim = this.prng.pick(running);
    const downMs = this.prng.between(downMsMin, downMsMax);
    this.swarm.count(kind);
    if (kind === 'pause') {
      victim.pause();
      this.world.after(downMs, () => {
        victim.resume();
      });
      return;
    }
    this.note(`${victim.name} is ${kind === 'kill' ? 'killed' : 'without power'}`);
    victim.kill();
    this.world.after(downMs, () => {
      if (!victim.isUp) victim.start();
    });
  }

  private note(text: string): void {
    this.world.history.add(this.world.nowMs, text);
  }
}
