import { watcherTypes } from '@zookafka/zookeeper-wire';
import { parentOf } from './paths.ts';

/**
 * What one connection watches, kept for the day it closes. `data` and `child` are one-shot.
 */
export class Watcher {
  readonly connection: number;
  readonly data = new Set<string>();
  readonly child = new Set<string>();
  readonly persistent = new Set<string>();
  readonly recursive = new Set<string>();

  constructor(connection: number) {
    this.connection = connection;
  }

  get count(): number {
    return this.data.size + this.child.size + this.persistent.size + this.recursive.size;
  }
}

/** The four ways to watch, each with a table of its own. */
export type WatchKind = 'data' | 'child' | 'persistent' | 'recursive';

const kinds: readonly WatchKind[] = ['data', 'child', 'persistent', 'recursive'];

/**
 * Who watches what on this member.
 *
 * One-shot watches of data (getData, exists) and of children (getChildren) are consumed by the event. A
 * persistent watch hears both sorts and stays; a recursive one hears data events of the path and of all
 * below it, found by walking up from the changed node. Source: ZooKeeper 3.9, `WatchManager`.
 */
export class WatchTables {
  private readonly tables: Readonly<Record<WatchKind, Map<string, Set<Watcher>>>> = {
    data: new Map(),
    child: new Map(),
    persistent: new Map(),
    recursive: new Map(),
  };
  private countAll = 0;

  /** How many watches there are in all tables. */
  get count(): number {
    return this.countAll;
  }

  /** How many different paths are watched; walks the smaller tables. */
  get pathCount(): number {
    const { data, child, persistent, recursive } = this.tables;
    let count = data.size;
    for (const path of child.keys()) if (!data.has(path)) count++;
    for (const path of persistent.keys()) if (!data.has(path) && !child.has(path)) count++;
    for (const path of recursive.keys()) {
      if (!data.has(path) && !child.has(path) && !persistent.has(path)) count++;
    }
    return count;
  }

  /** Watches a path; a second watch of the same kind is the same watch. */
  add(kind: WatchKind, path: string, watcher: Watcher): void {
    if (watcher[kind].has(path)) return;
    watcher[kind].add(path);
    const table = this.tables[kind];
    const watchers = table.get(path);
    if (watchers === undefined) table.set(path, new Set([watcher]));
    else watchers.add(watcher);
    this.countAll++;
  }

  /** @returns whether there was such a watch */
  remove(kind: WatchKind, path: string, watcher: Watcher): boolean {
    if (!watcher[kind].delete(path)) return false;
    const table = this.tables[kind];
    const watchers = table.get(path);
    watchers?.delete(watcher);
    if (watchers?.size === 0) table.delete(path);
    this.countAll--;
    return true;
  }

  /** Forgets everything that a closed connection watched. */
  removeAll(watcher: Watcher): void {
    if (watcher.count === 0) return;
    for (const kind of kinds) {
      for (const path of [...watcher[kind]]) this.remove(kind, path, watcher);
    }
  }

  /** Who hears of a change of a node's data, creation or deletion; takes the one-shot watches. */
  takeData(path: string): ReadonlySet<Watcher> {
    const { data, persistent, recursive } = this.tables;
    let found = this.takeOneShot(data, 'data', path);
    if (persistent.size > 0) found = union(found, persistent.get(path));
    if (recursive.size > 0) found = union(found, this.recursiveOf(path));
    return found ?? nobody;
  }

  /** Who hears of a change of a node's children, or of its deletion as a parent; takes the one-shot watches. */
  takeChild(path: string): ReadonlySet<Watcher> {
    const { child, persistent } = this.tables;
    let found = this.takeOneShot(child, 'child', path);
    if (persistent.size > 0) found = union(found, persistent.get(path));
    return found ?? nobody;
  }

  private takeOneShot(
    table: Map<string, Set<Watcher>>,
    kind: 'data' | 'child',
    path: string,
  ): Set<Watcher> | undefined {
    const watchers = table.get(path);
    if (watchers === undefined) return undefined;
    table.delete(path);
    for (const watcher of watchers) watcher[kind].delete(path);
    this.countAll -= watchers.size;
    return watchers;
  }

  private recursiveOf(path: string): Set<Watcher> | undefined {
    let found: Set<Watcher> | undefined;
    for (let at = path; ; at = parentOf(at)) {
      const watchers = this.tables.recursive.get(at);
      // The table's own set must not grow: it is copied before a second one joins it.
      if (watchers !== undefined) found = union(new Set(found), watchers);
      if (at === '/') return found;
    }
  }
}

/** Which tables a watcher type of removeWatches and checkWatches means; undefined when there is no such type. */
export function kindsOfWatcherType(type: number): readonly WatchKind[] | undefined {
  switch (type) {
    case watcherTypes.Children:
      return ['child'];
    case watcherTypes.Data:
      return ['data'];
    case watcherTypes.Any:
      return kinds;
    case watcherTypes.Persistent:
      return ['persistent'];
    case watcherTypes.PersistentRecursive:
      return ['recursive'];
    default:
      return undefined;
  }
}

const nobody: ReadonlySet<Watcher> = new Set();

/** Adds to `taken`, which is the caller's own where it exists; a table's set is never changed. */
function union(
  taken: Set<Watcher> | undefined,
  more: Set<Watcher> | undefined,
): Set<Watcher> | undefined {
  if (more === undefined) return taken;
  if (taken === undefined) return new Set(more);
  for (const watcher of more) taken.add(watcher);
  return taken;
}
