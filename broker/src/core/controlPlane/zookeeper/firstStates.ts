import { errorCodes, type MultiOperation, type Request } from '@zookafka/zookeeper-wire';
import { traceElected, type ControllerContext, type PartitionName } from './controllerContext.ts';
import { fenced, fencedOperations, isDeposed } from './election.ts';
import { encodeState, type StatePayload } from './statePayload.ts';
import { create, multiOutcomeOf, type Task } from './task.ts';
import { partitionPath, partitionsPath, statePath } from './znodePaths.ts';

interface First extends PartitionName {
  readonly state: StatePayload;
}

/**
 * Writes the first states of new partitions: the first live replica leads, all live ones are in sync. All go into one
 * transaction; where parts of it are there already, left by an earlier controller, each goes alone. A partition of which
 * no replica lives gets no state yet.
 *
 * @returns the partitions to look at again, or that another controller has been elected
 */
export function* firstStates(
  context: ControllerContext,
  partitions: readonly PartitionName[],
): Task<readonly PartitionName[] | 'deposed'> {
  const firsts = partitions
    .map((name) => firstOf(context, name))
    .filter((first) => first !== undefined);
  if (firsts.length === 0) return [];
  const fence = context.rules.fenceVersion(context.term.epochVersion);
  const outcome = yield* fenced(fence, operationsOf(context, firsts));
  if (isDeposed(outcome)) return 'deposed';
  if (outcome.err !== 0) return yield* oneByOne(context, firsts);
  for (const first of firsts) traceElected(context, first, first.state);
  return [];
}

function firstOf(context: ControllerContext, name: PartitionName): First | undefined {
  const replicas = context.topics.get(name.topic)?.replicas[name.partition] ?? [];
  const answer = context.rules.firstState(replicas, [...context.brokers.keys()]);
  if (answer === undefined) return undefined;
  const { leader, isr } = answer;
  const controllerEpoch = context.term.epoch;
  return {
    ...name,
    state: { leader, leaderEpoch: 0, controllerEpoch, isr, isRecovering: false },
  };
}

function operationsOf(context: ControllerContext, firsts: readonly First[]): MultiOperation[] {
  const operations: MultiOperation[] = [];
  const parents = new Set<string>();
  for (const { topic, partition, state } of firsts) {
    const isFirst = !parents.has(topic);
    parents.add(topic);
    const leaders = context.topics.get(topic)?.leaders ?? [];
    const hasParent = leaders.some((leader) => leader !== undefined);
    if (isFirst && !hasParent) operations.push(create(partitionsPath(topic), null));
    operations.push(create(partitionPath(topic, partition), null));
    operations.push(create(statePath(topic, partition), encodeState(state)));
  }
  return operations;
}

function* oneByOne(
  context: ControllerContext,
  firsts: readonly First[],
): Task<readonly PartitionName[] | 'deposed'> {
  const fence = context.rules.fenceVersion(context.term.epochVersion);
  const alone = (path: string, data: Uint8Array | null): Request => ({
    op: 'multi',
    operations: fencedOperations(fence, [create(path, data)]),
  });
  const answers = yield firsts.flatMap(({ topic, partition, state }) => [
    alone(partitionsPath(topic), null),
    alone(partitionPath(topic, partition), null),
    alone(statePath(topic, partition), encodeState(state)),
  ]);
  const outcomes = answers.map((answer) => multiOutcomeOf(answer));
  if (outcomes.some((outcome) => isDeposed(outcome))) return 'deposed';
  const again: PartitionName[] = [];
  for (const [index, first] of firsts.entries()) {
    const err = outcomes[index * 3 + 2]?.err;
    if (err === 0) traceElected(context, first, first.state);
    if (err === errorCodes.NodeExists) again.push(first);
  }
  return again;
}
