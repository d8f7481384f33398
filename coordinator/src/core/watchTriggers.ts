import { eventTypes } from '@zookafka/zookeeper-wire';

/** The code of what happened to a watched znode. */
export type EventType = (typeof eventTypes)[keyof typeof eventTypes];

/** A change of the tree, as far as watches care. */
export type TreeChange =
  | { readonly kind: 'created'; readonly path: string }
  | { readonly kind: 'deleted'; readonly path: string }
  | { readonly kind: 'dataChanged'; readonly path: string };

/** One look into one table. */
export interface Trigger {
  readonly table: 'data' | 'child';
  readonly type: EventType;
  /** The parent's children changed, or the node itself. */
  readonly of: 'node' | 'parent';
}

/**
 * What fires for a change, in order. A session that the first trigger told of a deletion is not told again by
 * the second. Source: ZooKeeper 3.9, `DataTree.createNode`, `deleteNode`, `setData`.
 */
export function triggersOf(change: TreeChange['kind']): readonly Trigger[] {
  switch (change) {
    case 'created':
      return onCreated;
    case 'deleted':
      return onDeleted;
    case 'dataChanged':
      return onDataChanged;
  }
}

const onCreated: readonly Trigger[] = [
  { table: 'data', type: eventTypes.NodeCreated, of: 'node' },
  { table: 'child', type: eventTypes.NodeChildrenChanged, of: 'parent' },
];

const onDeleted: readonly Trigger[] = [
  { table: 'data', type: eventTypes.NodeDeleted, of: 'node' },
  { table: 'child', type: eventTypes.NodeDeleted, of: 'node' },
  { table: 'child', type: eventTypes.NodeChildrenChanged, of: 'parent' },
];

const onDataChanged: readonly Trigger[] = [
  { table: 'data', type: eventTypes.NodeDataChanged, of: 'node' },
];

/** The lists in which a client names its watches when it comes back. */
export type RearmList = 'data' | 'exist' | 'child' | 'persistent' | 'recursive';

/** The node that a re-armed watch is on, as it is now. */
export interface RearmedNode {
  readonly mzxid: number;
  readonly pzxid: number;
}

/**
 * What a returning client's watch is worth: an event for what it missed, or undefined to set it again.
 * Source: ZooKeeper 3.9, `DataTree.setWatches`.
 *
 * @param node undefined when it is absent
 * @param relativeZxid the last zxid that the client saw
 */
export function missedEvent(
  list: RearmList,
  node: RearmedNode | undefined,
  relativeZxid: number,
): EventType | undefined {
  switch (list) {
    case 'data':
      if (node === undefined) return eventTypes.NodeDeleted;
      return node.mzxid > relativeZxid ? eventTypes.NodeDataChanged : undefined;
    case 'exist':
      return node === undefined ? undefined : eventTypes.NodeCreated;
    case 'child':
      if (node === undefined) return eventTypes.NodeDeleted;
      return node.pzxid > relativeZxid ? eventTypes.NodeChildrenChanged : undefined;
    case 'persistent':
    case 'recursive':
      return undefined;
  }
}
