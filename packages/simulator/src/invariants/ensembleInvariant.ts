import { type RoleEffect } from '@zookafka/zab';
import { type LearnerMessage } from '@zookafka/zookeeper-wire';
import { type DiskEffect } from '../diskState.ts';
import { type SimulatedMember } from '../simulatedMember.ts';
import { type World } from '../world.ts';
import { type GhostLogs } from './ghostLogs.ts';

/** Facts of a traced event. */
export type TraceFacts = Readonly<Record<string, unknown>>;

/** One rule of the ensemble: looks at what it cares for, remembers what no member does. */
export abstract class EnsembleInvariant {
  /** Its number in the list of invariants, such as Z1. */
  abstract readonly id: string;
  protected readonly world: World;
  protected readonly logs: GhostLogs;

  constructor(world: World, logs: GhostLogs) {
    this.world = world;
    this.logs = logs;
  }

  /** A life begins, with what its disk held. */
  onStart?(member: SimulatedMember): void;

  onRole?(member: SimulatedMember, role: RoleEffect): void;

  onTrace?(member: SimulatedMember, event: string, facts: TraceFacts): void;

  /** Something was handed to the disk; the ghost's log has it not yet. */
  onDisk?(member: SimulatedMember, effect: DiskEffect): void;

  onSend?(member: SimulatedMember, message: LearnerMessage): void;

  /** The member's tree went from one zxid to another. */
  onDelivered?(member: SimulatedMember, fromZxid: number): void;

  /** All is quiet. */
  atEnd?(member: SimulatedMember): void;

  protected fail(sentence: string): never {
    return this.world.history.violated(this.id, sentence);
  }
}
