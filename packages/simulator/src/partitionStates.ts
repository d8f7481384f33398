import { utf8Decode } from '@zookafka/base';
import { type DataTree } from '@zookafka/coordinator/core';

/** What a partition's state znode says. */
export interface PartitionState {
  readonly leader: number;
  readonly isr: readonly number[];
}

/** A partition's state, and the zxid that it was written under. */
export interface WrittenState extends PartitionState {
  readonly mzxid: number;
}

/** Told of each new state of a partition, as soon as any member has delivered it. */
export type StateListener = (partition: number) => void;

/** The state znodes of one topic, as the newest tree of the ensemble has them. */
export class PartitionStates {
  private readonly paths: readonly string[];
  private readonly mzxids: number[];
  private readonly states: (WrittenState | undefined)[];
  private readonly onState: StateListener;

  constructor(topic: string, partitionCount: number, onState: StateListener = () => undefined) {
    this.paths = Array.from(
      { length: partitionCount },
      (_, partition) => `/brokers/topics/${topic}/partitions/${partition}/state`,
    );
    this.mzxids = this.paths.map(() => 0);
    this.states = this.paths.map(() => undefined);
    this.onState = onState;
  }

  of(partition: number): WrittenState | undefined {
    return this.states[partition];
  }

  /** Something was delivered for the first time. */
  onTree(tree: DataTree): void {
    for (let partition = 0; partition < this.paths.length; partition++) {
      const node = tree.get(this.paths[partition] as string);
      if (node === undefined || node.mzxid === this.mzxids[partition]) continue;
      this.mzxids[partition] = node.mzxid;
      if (node.data === null) continue;
      const state = JSON.parse(utf8Decode(node.data)) as PartitionState;
      this.states[partition] = { ...state, mzxid: node.mzxid };
      this.onState(partition);
    }
  }
}
