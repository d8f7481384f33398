import { utf8Length } from '@zookafka/base';
import {
  errorCodes,
  type EventName,
  parentPath,
  type Request,
  watcherTypes,
  watchModes,
} from '@zookafka/zookeeper-wire';
import { type SessionRequest } from './types.ts';

type Table = 'data' | 'exist' | 'child' | 'persistent' | 'recursive';
type SetWatches = Extract<Request, { op: 'setWatches' | 'setWatches2' }>;
type Batch = Record<Table, string[]>;

const tables: readonly Table[] = ['data', 'exist', 'child', 'persistent', 'recursive'];
/** Paths of one setWatches stay below this together. Source: ZooKeeper's client. */
const batchBytesMax = 128 * 1024;
/** What a path takes beside its bytes. */
const pathHeadBytes = 4;

/**
 * The watches of one session, as its client knows them: what a new connection must be told, and which events are
 * news. Paths are the server's.
 *
 * One-shot watches are forgotten by the event that they announce, so an event that two tables of the server fire, or
 * that a re-armed watch fires again, is news once.
 */
export class WatchRegistry {
  private readonly paths: Readonly<Record<Table, Set<string>>> = {
    data: new Set(),
    exist: new Set(),
    child: new Set(),
    persistent: new Set(),
    recursive: new Set(),
  };

  /** How many watches are registered. */
  get count(): number {
    return tables.reduce((sum, table) => sum + this.paths[table].size, 0);
  }

  /** Learns from a request and its answer: `err` decides whether, and for exists where, a watch was left. */
  onReply(request: SessionRequest, err: number): void {
    switch (request.op) {
      case 'exists':
        if (!request.watch) return;
        if (err === 0) this.paths.data.add(request.path);
        else if (err === errorCodes.NoNode) this.paths.exist.add(request.path);
        return;
      case 'getData':
        if (request.watch && err === 0) this.paths.data.add(request.path);
        return;
      case 'getChildren':
      case 'getChildren2':
        if (request.watch && err === 0) this.paths.child.add(request.path);
        return;
      case 'addWatch':
        if (err === 0) this.tableOfMode(request.mode).add(request.path);
        return;
      case 'removeWatches':
        if (err === 0) this.remove(request.path, request.type);
        return;
      default:
    }
  }

  /** @returns whether the event is news to somebody; one-shot watches that it uses up are forgotten */
  onEvent(type: EventName, path: string): boolean {
    const { data, exist, child, persistent } = this.paths;
    let isNews = false;
    if (type !== 'NodeChildrenChanged') {
      isNews = data.delete(path) || isNews;
      isNews = exist.delete(path) || isNews;
    }
    if (type === 'NodeChildrenChanged' || type === 'NodeDeleted') {
      isNews = child.delete(path) || isNews;
    }
    if (isNews || persistent.has(path)) return true;
    return type !== 'NodeChildrenChanged' && this.hasRecursive(path);
  }

  /**
   * What a new connection must be told: as many requests as it takes to keep each small. `setWatches2` only where
   * there are persistent watches, because servers before 3.6 do not know it.
   */
  rearm(relativeZxid: number): SetWatches[] {
    const requests: SetWatches[] = [];
    let batch = emptyBatch();
    let batchBytes = 0;
    for (const table of tables) {
      for (const path of this.paths[table]) {
        const pathBytes = utf8Length(path) + pathHeadBytes;
        if (batchBytes > 0 && batchBytes + pathBytes >= batchBytesMax) {
          requests.push(requestOf(batch, relativeZxid));
          batch = emptyBatch();
          batchBytes = 0;
        }
        batch[table].push(path);
        batchBytes += pathBytes;
      }
    }
    if (batchBytes > 0) requests.push(requestOf(batch, relativeZxid));
    return requests;
  }

  private tableOfMode(mode: number): Set<string> {
    return mode === watchModes.persistentRecursive ? this.paths.recursive : this.paths.persistent;
  }

  private remove(path: string, type: number): void {
    const { data, exist, child, persistent, recursive } = this.paths;
    const isAny = type === watcherTypes.Any;
    if (isAny || type === watcherTypes.Children) child.delete(path);
    if (isAny || type === watcherTypes.Data) {
      data.delete(path);
      exist.delete(path);
    }
    if (isAny || type === watcherTypes.Persistent) persistent.delete(path);
    if (isAny || type === watcherTypes.PersistentRecursive) recursive.delete(path);
  }

  private hasRecursive(path: string): boolean {
    const { recursive } = this.paths;
    if (recursive.size === 0) return false;
    for (let at = path; at !== ''; at = parentPath(at)) if (recursive.has(at)) return true;
    return false;
  }
}

function emptyBatch(): Batch {
  return { data: [], exist: [], child: [], persistent: [], recursive: [] };
}

function requestOf(batch: Batch, relativeZxid: number): SetWatches {
  const plain = {
    relativeZxid,
    dataWatches: batch.data,
    existWatches: batch.exist,
    childWatches: batch.child,
  };
  if (batch.persistent.length === 0 && batch.recursive.length === 0) {
    return { op: 'setWatches', ...plain };
  }
  return {
    op: 'setWatches2',
    ...plain,
    persistentWatches: batch.persistent,
    persistentRecursiveWatches: batch.recursive,
  };
}
