import { type Acl, type SessionId } from '@zookafka/zookeeper-wire';
import { type DataTree } from './dataTree.ts';

/** What the checks of a request look at. A `Znode` is one. */
export interface NodeState {
  readonly version: number;
  readonly aversion: number;
  /** How many children were ever created under it. */
  readonly creates: number;
  readonly childCount: number;
  readonly owner: SessionId | null;
  readonly acl: readonly Acl[];
}

/** A node as a proposed transaction leaves it; `state` is undefined when that deletes it. */
interface PendingChange {
  readonly zxid: number;
  readonly path: string;
  readonly state: NodeState | undefined;
  /** What was pending for this path before: put back when a multi fails. */
  before: PendingChange | undefined;
}

/**
 * The nodes as all proposed transactions will leave them: the tree below, and above it what is not yet
 * committed. Lives on the leader only.
 *
 * Source: ZooKeeper 3.9, `PrepRequestProcessor`'s outstanding changes.
 */
export class Outstanding {
  private readonly tree: DataTree;
  private readonly latest = new Map<string, PendingChange>();
  /** In the order of their zxids, from `head` on. */
  private changes: PendingChange[] = [];
  private head = 0;

  constructor(tree: DataTree) {
    this.tree = tree;
  }

  /** How many changes are proposed and not applied. */
  get count(): number {
    return this.changes.length - this.head;
  }

  /** @returns the node after everything proposed, or undefined when it is absent then */
  get(path: string): NodeState | undefined {
    const change = this.latest.get(path);
    return change === undefined ? this.tree.get(path) : change.state;
  }

  /** Notes what a transaction that is being prepared makes of a node. */
  put(zxid: number, path: string, state: NodeState | undefined): void {
    const change = { zxid, path, state, before: this.latest.get(path) };
    this.latest.set(path, change);
    this.changes.push(change);
  }

  /** @returns where `rollback` may return to */
  mark(): number {
    return this.changes.length - this.head;
  }

  /** Forgets every change since the mark: a parent's with its child's. */
  rollback(mark: number): void {
    while (this.count > mark) {
      const change = this.changes.pop() as PendingChange;
      if (change.before === undefined) this.latest.delete(change.path);
      else this.latest.set(change.path, change.before);
    }
  }

  /** The transactions up to `zxid` are in the tree now. */
  applied(zxid: number): void {
    while (this.head < this.changes.length) {
      const change = this.changes[this.head] as PendingChange;
      if (change.zxid > zxid) break;
      if (this.latest.get(change.path) === change) this.latest.delete(change.path);
      // Else a path that is written all the time would keep its whole past alive.
      change.before = undefined;
      this.head++;
    }
    if (this.head > 1024 && this.head * 2 > this.changes.length) {
      this.changes = this.changes.slice(this.head);
      this.head = 0;
    }
  }

  /** Who owns what, as the proposed changes leave it, in their order. */
  *owners(): IterableIterator<{ readonly path: string; readonly owner: SessionId | null }> {
    for (let index = this.head; index < this.changes.length; index++) {
      const { path, state } = this.changes[index] as PendingChange;
      yield { path, owner: state?.owner ?? null };
    }
  }
}
