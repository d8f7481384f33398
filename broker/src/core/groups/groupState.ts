import { assert } from '@zookafka/base';

/** The states of a group, by the names that DescribeGroups gives. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

const previous: Readonly<Record<GroupState, readonly GroupState[]>> = {
  Empty: ['PreparingRebalance', 'Dead'],
  PreparingRebalance: ['Empty', 'CompletingRebalance', 'Stable'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
  Dead: ['Empty', 'PreparingRebalance', 'CompletingRebalance', 'Stable', 'Dead'],
};

/** Asserts that a group may go from one state to the other. */
export function assertTransition(from: GroupState, to: GroupState): void {
  assert(previous[to].includes(from), 'A group goes only where its diagram says', { from, to });
}
