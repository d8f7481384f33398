import { type DataTree } from '@zookafka/coordinator/core';
import { type WrittenState } from './partitionStates.ts';

/** A broker, and how the ensemble has it. */
export interface Standing {
  readonly brokerId: number;
  /** The zxid of its last registration in its present life; -1: none yet. */
  readonly brokerEpoch: number;
  /** The zxid that its registration in the tree was made under; -1: there is none. */
  readonly registeredEpoch: number;
}

/**
 * Whether each broker is in each ISR, and nothing is under way that takes it out: a controller puts out who is
 * registered later than the state was written, and will put out who still stands there by a registration of an earlier
 * life. Until it has, who lives on may be the only one that the next ISR names.
 */
export function areSettled(
  brokers: readonly Standing[],
  states: readonly (WrittenState | undefined)[],
): boolean {
  return brokers.every(({ brokerId, brokerEpoch, registeredEpoch }) => {
    const isOfThisLife = brokerEpoch >= 0 && brokerEpoch === registeredEpoch;
    const isMember = (state: WrittenState | undefined): boolean =>
      state !== undefined && state.isr.includes(brokerId) && state.mzxid > brokerEpoch;
    return isOfThisLife && states.every(isMember);
  });
}

/** The brokers' registrations, as the newest tree of the ensemble has them. */
export class Registrations {
  private readonly epochs = new Map<number, number>();
  private readonly brokerIds: readonly number[];

  constructor(brokerIds: readonly number[]) {
    this.brokerIds = brokerIds;
  }

  /** @returns the zxid that the broker's registration was made under; -1: it is not registered */
  epochOf(brokerId: number): number {
    return this.epochs.get(brokerId) ?? -1;
  }

  /** Something was delivered for the first time. */
  onTree(tree: DataTree): void {
    for (const id of this.brokerIds) {
      this.epochs.set(id, tree.get(`/brokers/ids/${id}`)?.czxid ?? -1);
    }
  }
}
