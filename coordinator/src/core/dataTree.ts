import { assert, defined } from '@zookafka/base';
import { type Acl, baseName, readAcl, type SessionId } from '@zookafka/zookeeper-wire';
import { aclHashOf, sharedAcl, worldAnyone } from './acl.ts';
import { DataMemory } from './dataMemory.ts';
import { type Digest, DigestSum, hashText } from './digest.ts';
import { configPath, initialPaths, parentOf } from './paths.ts';
import { SessionMap } from './sessionMap.ts';
import { Znode, type ZnodeFields } from './znode.ts';

/** Where and when a change happens: from the header of its transaction. */
export interface ChangePoint {
  readonly zxid: number;
  readonly timeMs: number;
}

/** Told of a node just before it changes or goes: how snapshots keep the old version. */
export interface TreeObserver {
  beforeChange(node: Znode): void;
}

/**
 * The znodes and the sessions that own some of them, as the committed transactions made them.
 *
 * Every method is a committed change: it must fit, and whether a request may be made is decided before, on the
 * leader. Invariant: an ephemeral node's owner is in `sessions`, and the digest is that of the nodes.
 * Source: ZooKeeper 3.9, `DataTree`.
 */
export class DataTree {
  /** Iterated in the order of insertion, which is the order of `Znode.order`. */
  private readonly nodes = new Map<string, Znode>();
  private readonly ephemerals = new SessionMap<Set<string>>();
  private readonly memory = new DataMemory();
  private readonly sum = new DigestSum();
  /** Nodes, some of them gone since, whose last change is not in the sum. */
  private readonly stale: Znode[] = [];
  private readonly observers = new Set<TreeObserver>();
  private orderNext = 1;
  private dataBytes = 0;
  private ephemeralCount = 0;
  /** Timeouts in ms of the sessions that a committed transaction created and none closed. */
  readonly sessions = new SessionMap<number>();

  /** @param paths what is there from the start: nothing, when a snapshot will bring it */
  constructor(paths: readonly string[] = initialPaths) {
    for (const path of paths) this.adopt(initialNode(path));
  }

  get(path: string): Znode | undefined {
    return this.nodes.get(path);
  }

  get count(): number {
    return this.nodes.size;
  }

  get countOfEphemerals(): number {
    return this.ephemeralCount;
  }

  /** Bytes of all paths and data. */
  get sizeApproximate(): number {
    return this.dataBytes;
  }

  get digest(): Digest {
    this.settleDigest();
    return this.sum.value;
  }

  /** The order number that the next node gets: nodes from it on are younger than this moment. */
  get orderOfNext(): number {
    return this.orderNext;
  }

  /** All nodes, oldest insertion first; goes on correctly while the tree changes. */
  values(): IterableIterator<Znode> {
    return this.nodes.values();
  }

  /** The paths that a session owns. */
  ephemeralsOf(session: SessionId): ReadonlySet<string> {
    return this.ephemerals.get(session) ?? noPaths;
  }

  /** Every session that owns nodes, with their paths. */
  allEphemerals(): Iterable<{ readonly id: SessionId; readonly value: ReadonlySet<string> }> {
    return this.ephemerals;
  }

  /** How many sessions own nodes. */
  get ephemeralOwnerCount(): number {
    return this.ephemerals.count;
  }

  observe(observer: TreeObserver): void {
    this.observers.add(observer);
  }

  unobserve(observer: TreeObserver): void {
    this.observers.delete(observer);
  }

  /** @param creates the parent's count of creations with this one */
  create(node: NewNode, creates: number, at: ChangePoint): Znode {
    const parent = this.existing(parentOf(node.path));
    assert(!this.nodes.has(node.path), 'A created node was absent', { path: node.path });
    this.beforeChange(parent);
    const created = this.adopt({
      path: node.path,
      data: node.data,
      acl: sharedAcl(node.acl),
      czxid: at.zxid,
      mzxid: at.zxid,
      pzxid: at.zxid,
      ctime: at.timeMs,
      mtime: at.timeMs,
      version: 0,
      creates: 0,
      aversion: 0,
      owner: node.owner,
    });
    parent.creates = Math.max(parent.creates, creates);
    parent.pzxid = at.zxid;
    this.afterChange(parent);
    return created;
  }

  /** @returns the node that went */
  delete(path: string, at: ChangePoint): Znode {
    const node = this.existing(path);
    assert(node.children === null, 'A deleted node has no children', { path });
    const parent = this.existing(parentOf(path));
    this.beforeChange(node);
    this.beforeChange(parent);
    this.nodes.delete(path);
    this.sum.subtract(node.digestHigh, node.digestLow);
    node.isGone = true;
    this.memory.release(node);
    this.dataBytes -= sizeOf(node);
    if (node.owner !== null) this.disown(node.owner, path);
    const siblings = defined(parent.children, 'A parent knows its child');
    siblings.delete(baseName(path));
    if (siblings.size === 0) parent.children = null;
    parent.pzxid = at.zxid;
    this.afterChange(parent);
    return node;
  }

  setData(path: string, data: Uint8Array | null, version: number, at: ChangePoint): Znode {
    const node = this.existing(path);
    this.beforeChange(node);
    this.dataBytes += lengthOf(data) - lengthOf(node.data);
    this.memory.put(node, data);
    node.hasNewData = true;
    node.version = version;
    node.mzxid = at.zxid;
    node.mtime = at.timeMs;
    this.afterChange(node);
    return node;
  }

  setAcl(path: string, acl: readonly Acl[], aversion: number): Znode {
    const node = this.existing(path);
    this.beforeChange(node);
    node.acl = sharedAcl(acl);
    node.aclHash = aclHashOf(acl);
    node.aversion = aversion;
    this.afterChange(node);
    return node;
  }

  /** Takes a node as it is, with a copy of its data, from a snapshot, where parents stand before their children. */
  adopt(fields: ZnodeFields): Znode {
    const node = new Znode(fields, hashText(fields.path));
    this.memory.put(node, fields.data);
    node.order = this.orderNext++;
    node.hasNewData = true;
    node.aclHash = aclHashOf(node.acl);
    if (node.path !== '/') {
      const parent = this.existing(parentOf(node.path));
      parent.children ??= new Set();
      parent.children.add(baseName(node.path));
    }
    this.nodes.set(node.path, node);
    this.dataBytes += sizeOf(node);
    if (node.owner !== null) this.own(node.owner, node.path);
    this.afterChange(node);
    return node;
  }

  private existing(path: string): Znode {
    const node = this.nodes.get(path);
    assert(node !== undefined, 'A committed change meets its node', { path });
    return node;
  }

  private beforeChange(node: Znode): void {
    if (this.observers.size > 0) {
      for (const observer of this.observers) observer.beforeChange(node);
    }
  }

  private afterChange(node: Znode): void {
    if (node.isStale) return;
    node.isStale = true;
    this.stale.push(node);
    if (this.stale.length >= staleCountMax) this.settleDigest();
  }

  /** A node that is written all the time is hashed once for each time that somebody asks. */
  private settleDigest(): void {
    for (const node of this.stale) {
      node.isStale = false;
      if (node.isGone) continue;
      this.sum.subtract(node.digestHigh, node.digestLow);
      node.rehash();
      this.sum.add(node.digestHigh, node.digestLow);
    }
    this.stale.length = 0;
  }

  private own(owner: SessionId, path: string): void {
    let paths = this.ephemerals.get(owner);
    if (paths === undefined) {
      paths = new Set();
      this.ephemerals.set(owner, paths);
    }
    paths.add(path);
    this.ephemeralCount++;
  }

  private disown(owner: SessionId, path: string): void {
    const paths = this.ephemerals.get(owner);
    if (paths?.delete(path) !== true) return;
    this.ephemeralCount--;
    if (paths.size === 0) this.ephemerals.delete(owner);
  }
}

/** What a create request says of its node. */
export interface NewNode {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: readonly Acl[];
  readonly owner: SessionId | null;
}

const noPaths: ReadonlySet<string> = new Set();

function initialNode(path: string): ZnodeFields {
  return {
    path,
    data: empty,
    acl: path === configPath ? readAcl : worldAnyone,
    czxid: 0,
    mzxid: 0,
    pzxid: 0,
    ctime: 0,
    mtime: 0,
    version: 0,
    creates: 0,
    aversion: 0,
    owner: null,
  };
}

const empty = new Uint8Array(0);
/** So many changed nodes may wait to be hashed. */
const staleCountMax = 4096;

function lengthOf(data: Uint8Array | null): number {
  return data === null ? 0 : data.length;
}

function sizeOf(node: Znode): number {
  return node.path.length + lengthOf(node.data);
}
