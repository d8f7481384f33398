import { keeperStates, permissions } from '@zookafka/zookeeper-wire';
import { isPermitted } from './acl.ts';
import { type ChangeListener } from './applyTxn.ts';
import { type Connections } from './connections.ts';
import { type MemberContext } from './context.ts';
import { parentOf } from './paths.ts';
import { type EventType, type TreeChange } from './watchTriggers.ts';
import { type Watcher } from './watches.ts';
import { type Znode } from './znode.ts';

/** The zxid of events that tell what a client missed: no single change caused them. */
export const zxidOfMissed = -1;

/**
 * Turns changes of the tree into events, at the moment of the change: before any reply that could show it.
 *
 * Who may not read a node hears nothing of it. Source: ZooKeeper 3.9, `NIOServerCnxn.process`, CVE-2024-23944.
 */
export class Notifier implements ChangeListener {
  private readonly context: MemberContext;
  private readonly connections: Connections;

  constructor(context: MemberContext, connections: Connections) {
    this.context = context;
    this.connections = connections;
  }

  onChange(change: TreeChange, node: Znode, zxid: number): void {
    const { watches, rules, tree } = this.context;
    if (watches.count === 0) return;
    let told: ReadonlySet<Watcher> | undefined;
    for (const trigger of rules.triggersOf(change.kind)) {
      const isParent = trigger.of === 'parent';
      const path = isParent ? parentOf(change.path) : change.path;
      const readable = isParent ? tree.get(path) : node;
      const watchers = trigger.table === 'data' ? watches.takeData(path) : watches.takeChild(path);
      for (const watcher of watchers) {
        // The same deletion, met in the second table.
        if (!isParent && told?.has(watcher) === true) continue;
        this.tell(watcher, { type: trigger.type, path, zxid, readable });
      }
      told = watchers;
    }
  }

  /** Sends one event, if its receiver may read the node. */
  tell(watcher: Watcher, news: News): void {
    const connection = this.connections.get(watcher.connection);
    if (connection === undefined) return;
    const { type, path, zxid, readable } = news;
    const { config } = this.context;
    if (!config.skipAcl && readable !== undefined) {
      if (!isPermitted(readable.acl, permissions.READ, connection.ids)) return;
    }
    const event = { type, state: keeperStates.SyncConnected, path };
    connection.sentCount++;
    this.context.stats.sent++;
    this.context.emit({ kind: 'event', connection: connection.id, event, zxid });
  }
}

/** What happened, and the node whose access list decides who may hear of it; undefined where none is left. */
export interface News {
  readonly type: EventType;
  readonly path: string;
  readonly zxid: number;
  readonly readable: Znode | undefined;
}
