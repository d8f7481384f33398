import { defined } from '@zookafka/base';
import {
  createFlags,
  errorCodes,
  noSession,
  parentPath,
  sameSession,
  type MultiOperation,
  type SessionId,
  type Stat,
} from '@zookafka/zookeeper-wire';

/** A znode of the fake. */
export interface FakeZnode {
  data: Uint8Array | null;
  stat: { -readonly [Field in keyof Stat]: Stat[Field] };
  children: Set<string>;
  sequence: number;
}

/** A change that was done. */
export interface FakeChange {
  readonly type: 'NodeCreated' | 'NodeDeleted' | 'NodeDataChanged';
  readonly path: string;
  readonly before: Uint8Array | null;
  readonly after: Uint8Array | null;
}

export type FakeResult =
  | { readonly op: 'create'; readonly path: string }
  | { readonly op: 'setData'; readonly stat: Stat }
  | { readonly op: 'delete' }
  | { readonly op: 'check' };

/** The tree of the fake ensemble: one writer, transactions one after the other. */
export class FakeTree {
  readonly znodes = new Map<string, FakeZnode>();
  zxid = 0x1_0000_0000;

  constructor() {
    this.znodes.set('/', this.znode(null, noSession));
  }

  at(path: string): FakeZnode {
    return defined(this.znodes.get(path), 'The znode is there');
  }

  text(path: string): string {
    return Buffer.from(this.znodes.get(path)?.data ?? []).toString();
  }

  json(path: string): Record<string, unknown> | undefined {
    const text = this.text(path);
    return text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>);
  }

  children(path: string): string[] {
    return [...(this.znodes.get(path)?.children ?? [])];
  }

  ephemeralsOf(session: SessionId): string[] {
    return [...this.znodes]
      .filter(([, znode]) => sameSession(znode.stat.ephemeralOwner, session))
      .map(([path]) => path);
  }

  /** Does all or nothing at one zxid. */
  transact(
    operations: readonly MultiOperation[],
    session: SessionId,
    nowMs: number,
  ): { err: number; failed: number; results: FakeResult[]; changes: FakeChange[] } {
    this.zxid++;
    const saved = new Map<string, FakeZnode | undefined>();
    const save = (path: string): void => {
      if (saved.has(path)) return;
      const znode = this.znodes.get(path);
      saved.set(
        path,
        znode && { ...znode, stat: { ...znode.stat }, children: new Set(znode.children) },
      );
    };
    const results: FakeResult[] = [];
    const changes: FakeChange[] = [];
    for (const [index, operation] of operations.entries()) {
      const outcome = this.apply(operation, { session, nowMs, save });
      if (typeof outcome === 'number') {
        this.restore(saved);
        return { err: outcome, failed: index, results: [], changes: [] };
      }
      results.push(outcome.result);
      if (outcome.change) changes.push(outcome.change);
    }
    return { err: 0, failed: -1, results, changes };
  }

  private restore(saved: ReadonlyMap<string, FakeZnode | undefined>): void {
    for (const [path, znode] of saved) {
      if (znode === undefined) this.znodes.delete(path);
      else this.znodes.set(path, znode);
    }
  }

  private apply(
    operation: MultiOperation,
    context: { session: SessionId; nowMs: number; save: (path: string) => void },
  ): number | { result: FakeResult; change?: FakeChange } {
    const { save, session, nowMs } = context;
    if (operation.op === 'create') {
      const parentName = parentPath(operation.path);
      const parent = this.znodes.get(parentName);
      if (parent === undefined) return errorCodes.NoNode;
      const isSequential = (operation.flags & createFlags.persistentSequential) !== 0;
      const path = isSequential
        ? operation.path + String(parent.sequence).padStart(10, '0')
        : operation.path;
      if (this.znodes.has(path)) return errorCodes.NodeExists;
      save(parentName);
      save(path);
      const isEphemeral = (operation.flags & createFlags.ephemeral) !== 0;
      const znode = this.znode(operation.data, isEphemeral ? session : noSession);
      znode.stat.ctime = znode.stat.mtime = nowMs;
      this.znodes.set(path, znode);
      parent.children.add(path.slice(path.lastIndexOf('/') + 1));
      parent.sequence++;
      parent.stat.cversion++;
      parent.stat.pzxid = this.zxid;
      return {
        result: { op: 'create', path },
        change: { type: 'NodeCreated', path, before: null, after: operation.data },
      };
    }
    if (operation.op !== 'delete' && operation.op !== 'setData' && operation.op !== 'check') {
      return errorCodes.Unimplemented;
    }
    const { path, version } = operation;
    const znode = this.znodes.get(path);
    if (znode === undefined) return errorCodes.NoNode;
    if (version !== -1 && version !== znode.stat.version) return errorCodes.BadVersion;
    if (operation.op === 'check') return { result: { op: 'check' } };
    save(path);
    const before = znode.data;
    if (operation.op === 'setData') {
      znode.data = operation.data;
      znode.stat.version++;
      znode.stat.mzxid = this.zxid;
      return {
        result: { op: 'setData', stat: { ...znode.stat } },
        change: { type: 'NodeDataChanged', path, before, after: operation.data },
      };
    }
    if (znode.children.size > 0) return errorCodes.NotEmpty;
    const parentName = parentPath(path);
    save(parentName);
    const parent = this.znodes.get(parentName) as FakeZnode;
    parent.children.delete(path.slice(path.lastIndexOf('/') + 1));
    parent.stat.pzxid = this.zxid;
    this.znodes.delete(path);
    return { result: { op: 'delete' }, change: { type: 'NodeDeleted', path, before, after: null } };
  }

  private znode(data: Uint8Array | null, owner: SessionId): FakeZnode {
    return {
      data,
      stat: {
        czxid: this.zxid,
        mzxid: this.zxid,
        ctime: 0,
        mtime: 0,
        version: 0,
        cversion: 0,
        aversion: 0,
        ephemeralOwner: owner,
        dataLength: data?.length ?? 0,
        numChildren: 0,
        pzxid: this.zxid,
      },
      children: new Set(),
      sequence: 0,
    };
  }
}
