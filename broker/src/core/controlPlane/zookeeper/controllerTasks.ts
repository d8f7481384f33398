import { partitionsOf, type ControlledTopic, type ControllerContext } from './controllerContext.ts';
import { deleteTopics } from './deleteTopics.ts';
import { settlePartitions } from './settlePartitions.ts';
import { list, readAll, type Task, type ZnodeRead } from './task.ts';
import { decodeTopic } from './topicPayload.ts';
import { brokerPath, indexOf, topicPath, znodes } from './znodePaths.ts';

const nobody: ReadonlySet<number> = new Set();

/**
 * Learns everything that is not a partition's state: what a new controller does before it serves events, and an old one
 * after it lost sight of the tree.
 */
export function* load(context: ControllerContext): Task {
  context.topics.clear();
  context.deleting.clear();
  yield* readBrokers(context);
  for (const topic of yield* list(znodes.deleteTopics, context.isWatching)) {
    if (context.isTopicDeletionAllowed) context.deleting.add(topic);
  }
  yield* readTopics(context, yield* list(znodes.topics, context.isWatching));
}

/**
 * Settles every partition, and what there is to delete: the second half of a take-over.
 *
 * @returns false when another controller has been elected; so do all tasks below
 */
export function* settleAll(context: ControllerContext): Task<boolean> {
  const settled = yield* settlePartitions(context, {
    partitions: partitionsOf(context),
    bounced: nobody,
    choose: context.rules.elect,
  });
  return settled && (yield* deleteTopics(context));
}

/** Brokers came, went, or came back: a new epoch is a failure, then a start. */
export function* onBrokersChanged(context: ControllerContext): Task<boolean> {
  const { changed, bounced } = yield* readBrokers(context);
  return yield* settlePartitions(context, {
    partitions: partitionsOf(context, { brokers: changed }),
    bounced,
    choose: context.rules.elect,
  });
}

/** Topics came or went. */
export function* onTopicsChanged(context: ControllerContext): Task<boolean> {
  const now = new Set(yield* list(znodes.topics, context.isWatching));
  for (const topic of [...context.topics.keys()]) {
    if (!now.has(topic)) context.topics.delete(topic);
  }
  const fresh = [...now].filter((topic) => !context.topics.has(topic));
  return yield* onTopicsModified(context, fresh);
}

/** The znodes of these topics changed: partitions came, or it is another topic by the same name. */
export function* onTopicsModified(
  context: ControllerContext,
  topics: readonly string[],
): Task<boolean> {
  yield* readTopics(context, topics);
  const partitions = partitionsOf(context, { topics }).filter(
    ({ topic, partition }) => context.topics.get(topic)?.leaders[partition] === undefined,
  );
  return yield* settlePartitions(context, {
    partitions,
    bounced: nobody,
    choose: context.rules.elect,
  });
}

/** Hands leadership back to preferred replicas, for brokers that lead too little of what they should. */
export function* rebalance(context: ControllerContext): Task<boolean> {
  const imbalancePercentMax = 10;
  const preferring = new Map<number, { count: number; elsewhere: number }>();
  const partitions = partitionsOf(context);
  const preferredOf = ({ topic, partition }: { topic: string; partition: number }): number =>
    context.topics.get(topic)?.replicas[partition]?.[0] ?? -1;
  const isElsewhere = (name: { topic: string; partition: number }): boolean =>
    context.topics.get(name.topic)?.leaders[name.partition] !== preferredOf(name);
  for (const name of partitions) {
    const broker = preferredOf(name);
    const counts = preferring.get(broker) ?? { count: 0, elsewhere: 0 };
    preferring.set(broker, counts);
    counts.count++;
    if (isElsewhere(name)) counts.elsewhere++;
  }
  const isImbalanced = (broker: number): boolean => {
    const counts = preferring.get(broker);
    return counts !== undefined && counts.elsewhere * 100 > counts.count * imbalancePercentMax;
  };
  return yield* settlePartitions(context, {
    partitions: partitions.filter((name) => isElsewhere(name) && isImbalanced(preferredOf(name))),
    bounced: nobody,
    choose: context.rules.electPreferred,
  });
}

interface BrokerChanges {
  readonly changed: ReadonlySet<number>;
  readonly bounced: ReadonlySet<number>;
}

/** Reads who lives and since when, and tells of what changed since the last reading, if there was one. */
function* readBrokers(context: ControllerContext): Task<BrokerChanges> {
  const now = yield* liveBrokers(context);
  const before = new Map(context.brokers);
  const changed = new Set<number>();
  const bounced = new Set<number>();
  context.brokers.clear();
  for (const [broker, epoch] of now) context.brokers.set(broker, epoch);
  if (before.size === 0) return { changed: new Set(now.keys()), bounced };
  for (const [broker, epoch] of before) {
    if (now.get(broker) === epoch) continue;
    changed.add(broker);
    if (now.has(broker)) bounced.add(broker);
    context.trace('brokerFailed', { broker });
  }
  for (const [broker, epoch] of now) {
    if (before.get(broker) === epoch) continue;
    changed.add(broker);
    context.trace('brokerStarted', { broker, epoch });
  }
  return { changed, bounced };
}

function* liveBrokers(context: ControllerContext): Task<ReadonlyMap<number, number>> {
  const names = yield* list(znodes.brokerIds, context.isWatching);
  const ids = names.map((name) => indexOf(name)).filter((id) => id !== undefined);
  const found = yield* readAll(ids.map((id) => brokerPath(id)));
  const live = new Map<number, number>();
  for (const [index, id] of ids.entries()) {
    const znode = found[index] ?? null;
    if (znode !== null) live.set(id, znode.stat.czxid);
  }
  return live;
}

function* readTopics(context: ControllerContext, names: readonly string[]): Task {
  const found = yield* readAll(
    names.map((name) => topicPath(name)),
    context.isWatching,
  );
  for (const [index, name] of names.entries()) {
    const topic = topicOf(context, name, found[index] ?? null);
    if (topic === undefined) context.topics.delete(name);
    else context.topics.set(name, topic);
  }
}

function topicOf(
  context: ControllerContext,
  name: string,
  znode: ZnodeRead | null,
): ControlledTopic | undefined {
  if (znode === null) return undefined;
  const payload = decodeTopic(znode.data);
  if (payload === undefined) {
    context.trace('znodeUnreadable', { path: topicPath(name) });
    return undefined;
  }
  const before = context.topics.get(name);
  const createdZxid = znode.stat.czxid;
  const isSame = before?.createdZxid === createdZxid;
  return {
    name,
    // A program that does not know topic ids may have dropped it: the topic is still the same.
    topicId: payload.topicId ?? (isSame ? before.topicId : null),
    createdZxid,
    replicas: payload.replicas,
    leaders: isSame ? before.leaders : [],
  };
}
