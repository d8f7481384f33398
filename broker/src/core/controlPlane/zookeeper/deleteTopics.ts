import { errorCodes, type MultiOperation } from '@zookafka/zookeeper-wire';
import { type ControllerContext } from './controllerContext.ts';
import { fenced, isDeposed } from './election.ts';
import { encodeDeletedTopicId } from './smallPayloads.ts';
import { create, list, read, readAll, remove, type Task } from './task.ts';
import { decodeTopic } from './topicPayload.ts';
import {
  deletedTopicIdPath,
  deleteTopicPath,
  partitionPath,
  partitionsPath,
  topicConfigPath,
  topicPath,
  indexOf,
  znodes,
} from './znodePaths.ts';

/** How many partitions of a topic go in one transaction. */
const partitionsPerTransaction = 64;

/**
 * How many deleted topic ids are kept for brokers that are down: the oldest go first. A broker that comes back after as
 * many deletions sets the files of older ones aside instead of deleting them.
 */
export const deletedTopicIdsMax = 2000;

/**
 * Deletes the topics that `/admin/delete_topics` names, in an order that can be taken up anywhere:
 *
 *     1. the topic's id is marked as deleted on purpose: brokers may delete its files, whenever they see the mark
 *     2. states and partitions go
 *     3. topic, settings and request go together
 *
 * @returns false when another controller has been elected
 */
export function* deleteTopics(context: ControllerContext): Task<boolean> {
  const topics = yield* list(znodes.deleteTopics, context.isWatching);
  for (const topic of topics) {
    if (context.isTopicDeletionAllowed) context.deleting.add(topic);
    const progress = yield* deleteTopic(context, topic);
    if (progress === 'deposed') return false;
    if (progress === 'delayed') continue;
    context.deleting.delete(topic);
    if (progress === 'deleted') context.topics.delete(topic);
  }
  return topics.length === 0 || (yield* forgetOldest(context)) !== 'deposed';
}

type Progress = 'deleted' | 'kept' | 'delayed' | 'deposed';

function* deleteTopic(context: ControllerContext, topic: string): Task<Progress> {
  const znode = yield* read(topicPath(topic));
  if (znode === null || !context.isTopicDeletionAllowed) {
    const dropped = yield* write(context, [remove(deleteTopicPath(topic))]);
    return dropped === 'deleted' ? 'kept' : dropped;
  }
  const topicId = decodeTopic(znode.data)?.topicId ?? context.topics.get(topic)?.topicId ?? null;
  if (topicId !== null) {
    const mark = create(deletedTopicIdPath(topicId), encodeDeletedTopicId(topic));
    const marked = yield* write(context, [mark]);
    if (marked !== 'deleted') return marked;
  }
  const emptied = yield* deletePartitions(context, topic);
  if (emptied !== 'deleted') return emptied;
  const [parent, config] = yield* readAll([partitionsPath(topic), topicConfigPath(topic)]);
  const operations = [remove(topicPath(topic)), remove(deleteTopicPath(topic))];
  if (config !== null) operations.unshift(remove(topicConfigPath(topic)));
  if (parent !== null) operations.unshift(remove(partitionsPath(topic)));
  const deleted = yield* write(context, operations);
  if (deleted === 'deleted') context.trace('topicDeleted', { topic, topicId });
  return deleted;
}

function* deletePartitions(context: ControllerContext, topic: string): Task<Progress> {
  const names = yield* list(partitionsPath(topic));
  const partitions = names.map((name) => indexOf(name)).filter((index) => index !== undefined);
  for (let start = 0; start < partitions.length; start += partitionsPerTransaction) {
    const some = partitions.slice(start, start + partitionsPerTransaction);
    const paths = some.map((partition) => partitionPath(topic, partition));
    const states = yield* readAll(paths.map((path) => `${path}/state`));
    const operations: MultiOperation[] = [];
    for (const [index, path] of paths.entries()) {
      if (states[index] !== null) operations.push(remove(`${path}/state`));
      operations.push(remove(path));
    }
    const progress = yield* write(context, operations);
    if (progress !== 'deleted') return progress;
  }
  return 'deleted';
}

function* forgetOldest(context: ControllerContext): Task<Progress> {
  const ids = yield* list(znodes.deletedTopicIds);
  const surplus = ids.length - deletedTopicIdsMax;
  if (surplus <= 0) return 'kept';
  const marks = yield* readAll(ids.map((id) => deletedTopicIdPath(id)));
  const byAge = ids
    .map((id, index) => ({ id, createdZxid: marks[index]?.stat.czxid ?? 0 }))
    .sort((left, right) => left.createdZxid - right.createdZxid);
  for (const { id } of byAge.slice(0, surplus)) {
    const progress = yield* write(context, [remove(deletedTopicIdPath(id))]);
    if (progress === 'deposed') return progress;
  }
  return 'kept';
}

/** @returns `deleted` when it was done, now or before */
function* write(
  context: ControllerContext,
  operations: readonly MultiOperation[],
): Task<'deleted' | 'delayed' | 'deposed'> {
  const fence = context.rules.fenceVersion(context.term.epochVersion);
  const outcome = yield* fenced(fence, operations);
  if (isDeposed(outcome)) return 'deposed';
  if (outcome.err === 0 || outcome.err === errorCodes.NodeExists) return 'deleted';
  context.trace('topicDeletionDelayed', { err: outcome.err });
  return 'delayed';
}
