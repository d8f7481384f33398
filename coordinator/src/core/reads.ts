import {
  childPath,
  errorCodes,
  isPath,
  type MultiReadResult,
  permissions,
  type Request,
  type Response,
  watchModes,
} from '@zookafka/zookeeper-wire';
import { isPermitted, maskedAcl } from './acl.ts';
import { type Outcome } from './applyTxn.ts';
import { type Connection } from './connection.ts';
import { type MemberContext } from './context.ts';
import { type Notifier, zxidOfMissed } from './notifier.ts';
import { type RearmList } from './watchTriggers.ts';
import { kindsOfWatcherType, type WatchKind } from './watches.ts';
import { statOf, type Znode } from './znode.ts';

type Read<Op extends Request['op']> = Extract<Request, { readonly op: Op }>;

/**
 * Answers what needs no transaction, from the tree as it is: reads, and everything about watches.
 *
 * Source: ZooKeeper 3.9, `FinalRequestProcessor`.
 */
export class Reads {
  private readonly context: MemberContext;
  private readonly notifier: Notifier;

  constructor(context: MemberContext, notifier: Notifier) {
    this.context = context;
    this.notifier = notifier;
  }

  /** @returns the outcome; Unimplemented for what is no read */
  answer(request: Request, connection: Connection): Outcome {
    switch (request.op) {
      case 'getData':
        return this.getData(request, connection);
      case 'exists':
        return this.exists(request, connection);
      case 'getChildren':
      case 'getChildren2':
        return this.getChildren(request, connection);
      case 'getACL':
        return this.getAcl(request, connection);
      case 'multiRead':
        return this.multiRead(request, connection);
      case 'getEphemerals':
        return this.getEphemerals(request, connection);
      case 'getAllChildrenNumber':
        return this.getAllChildrenNumber(request, connection);
      case 'whoAmI':
        return whoAmI(connection);
      default:
        return this.answerAboutWatches(request, connection);
    }
  }

  private answerAboutWatches(request: Request, connection: Connection): Outcome {
    switch (request.op) {
      case 'setWatches':
      case 'setWatches2':
        return this.setWatches(request, connection);
      case 'addWatch':
        return this.addWatch(request, connection);
      case 'checkWatches':
      case 'removeWatches':
        return this.ownWatches(request, connection);
      case 'reconfig':
        return failed(errorCodes.ReconfigDisabled);
      default:
        return failed(errorCodes.Unimplemented);
    }
  }

  private getData(request: Read<'getData'>, connection: Connection): Outcome {
    const { path } = request;
    const node = this.context.tree.get(path);
    if (node === undefined) return absent(path);
    if (!this.mayRead(node, connection)) return failed(errorCodes.NoAuth);
    if (request.watch) this.context.watches.add('data', path, connection.watcher);
    return done({ op: 'getData', data: node.data, stat: statOf(node) });
  }

  /** Leaves a watch on an absent node too, and needs no permission. */
  private exists(request: Read<'exists'>, connection: Connection): Outcome {
    const { path } = request;
    const node = this.context.tree.get(path);
    if (node === undefined && !isPath(path)) return failed(errorCodes.BadArguments);
    if (request.watch) this.context.watches.add('data', path, connection.watcher);
    if (node === undefined) return failed(errorCodes.NoNode);
    return done({ op: 'exists', stat: statOf(node) });
  }

  private getChildren(
    request: Read<'getChildren' | 'getChildren2'>,
    connection: Connection,
  ): Outcome {
    const { path } = request;
    const node = this.context.tree.get(path);
    if (node === undefined) return absent(path);
    if (!this.mayRead(node, connection)) return failed(errorCodes.NoAuth);
    if (request.watch) this.context.watches.add('child', path, connection.watcher);
    const children = node.children === null ? [] : [...node.children];
    if (request.op === 'getChildren') return done({ op: 'getChildren', children });
    return done({ op: 'getChildren2', children, stat: statOf(node) });
  }

  private getAcl(request: Read<'getACL'>, connection: Connection): Outcome {
    const node = this.context.tree.get(request.path);
    if (node === undefined) return absent(request.path);
    if (this.context.config.skipAcl) {
      return done({ op: 'getACL', acl: node.acl, stat: statOf(node) });
    }
    if (!isPermitted(node.acl, permissions.READ | permissions.ADMIN, connection.ids)) {
      return failed(errorCodes.NoAuth);
    }
    return done({ op: 'getACL', acl: maskedAcl(node.acl, connection.ids), stat: statOf(node) });
  }

  private multiRead(request: Read<'multiRead'>, connection: Connection): Outcome {
    const results = request.operations.map((operation): MultiReadResult => {
      const { err, response } = this.answer(operation, connection);
      if (response === null) return { op: 'error', err };
      // A multiRead holds these two only.
      return response as MultiReadResult;
    });
    return done({ op: 'multiRead', results });
  }

  private getEphemerals(request: Read<'getEphemerals'>, connection: Connection): Outcome {
    const { prefixPath } = request;
    const ephemerals: string[] = [];
    for (const path of this.context.tree.ephemeralsOf(connection.session)) {
      if (path.startsWith(prefixPath)) ephemerals.push(path);
    }
    return done({ op: 'getEphemerals', ephemerals });
  }

  /** Walks the subtree: the only answer that costs more than it returns, as in the source. */
  private getAllChildrenNumber(
    request: Read<'getAllChildrenNumber'>,
    connection: Connection,
  ): Outcome {
    const { tree } = this.context;
    const node = tree.get(request.path);
    if (node === undefined) return absent(request.path);
    if (!this.mayRead(node, connection)) return failed(errorCodes.NoAuth);
    let totalNumber = 0;
    const open = [node];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      totalNumber += at.childCount;
      for (const name of at.children ?? []) {
        const child = tree.get(childPath(at.path, name));
        if (child !== undefined && child.childCount > 0) open.push(child);
      }
    }
    return done({ op: 'getAllChildrenNumber', totalNumber });
  }

  private setWatches(request: Read<'setWatches' | 'setWatches2'>, connection: Connection): Outcome {
    const { relativeZxid } = request;
    this.rearm('data', request.dataWatches, relativeZxid, connection);
    this.rearm('exist', request.existWatches, relativeZxid, connection);
    this.rearm('child', request.childWatches, relativeZxid, connection);
    if (request.op === 'setWatches2') {
      this.rearm('persistent', request.persistentWatches, relativeZxid, connection);
      this.rearm('recursive', request.persistentRecursiveWatches, relativeZxid, connection);
    }
    return done({ op: request.op });
  }

  private rearm(list: RearmList, paths: readonly string[], zxid: number, to: Connection): void {
    const { tree, watches, rules } = this.context;
    for (const path of paths) {
      const node = tree.get(path);
      const type = rules.missedEvent(list, node, zxid);
      if (type === undefined) watches.add(list === 'exist' ? 'data' : list, path, to.watcher);
      else this.notifier.tell(to.watcher, { type, path, zxid: zxidOfMissed, readable: node });
    }
  }

  private addWatch(request: Read<'addWatch'>, connection: Connection): Outcome {
    const kind = kindOfMode(request.mode);
    if (kind === undefined || !isPath(request.path)) return failed(errorCodes.BadArguments);
    this.context.watches.add(kind, request.path, connection.watcher);
    return done({ op: 'addWatch', err: 0 });
  }

  private ownWatches(
    request: Read<'checkWatches' | 'removeWatches'>,
    connection: Connection,
  ): Outcome {
    const kinds = kindsOfWatcherType(request.type);
    if (kinds === undefined) return failed(errorCodes.BadArguments);
    const found = kinds.filter((kind) => connection.watcher[kind].has(request.path));
    if (found.length === 0) return failed(errorCodes.NoWatcher);
    if (request.op === 'removeWatches') {
      for (const kind of found) {
        this.context.watches.remove(kind, request.path, connection.watcher);
      }
    }
    return done({ op: request.op });
  }

  private mayRead(node: Znode, connection: Connection): boolean {
    return this.context.config.skipAcl || isPermitted(node.acl, permissions.READ, connection.ids);
  }
}

function whoAmI(connection: Connection): Outcome {
  const clientInfo = connection.ids.map(({ scheme, id }) => ({
    authScheme: scheme,
    user: scheme === 'digest' ? (id.split(':', 1)[0] as string) : id,
  }));
  return done({ op: 'whoAmI', clientInfo });
}

function kindOfMode(mode: number): WatchKind | undefined {
  if (mode === watchModes.persistent) return 'persistent';
  return mode === watchModes.persistentRecursive ? 'recursive' : undefined;
}

function done(response: Response): Outcome {
  return { err: 0, response };
}

function failed(err: number): Outcome {
  return { err, response: null };
}

function absent(path: string): Outcome {
  return failed(isPath(path) ? errorCodes.NoNode : errorCodes.BadArguments);
}
