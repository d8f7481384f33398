import { type Acl, noSession, type SessionId, type Stat } from '@zookafka/zookeeper-wire';
import { type DataHolder } from './dataMemory.ts';
import { hashBytes, mix, mixNumber } from './digest.ts';

/** What a znode is made of, without what the tree keeps beside it. */
export interface ZnodeFields {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly acl: readonly Acl[];
  readonly czxid: number;
  readonly mzxid: number;
  readonly pzxid: number;
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  /** How many children were ever created: the counter of sequential names. */
  readonly creates: number;
  readonly aversion: number;
  readonly owner: SessionId | null;
}

/** One node of the tree. Only `DataTree` changes it, and gives it its data. */
export class Znode implements ZnodeFields, DataHolder {
  readonly path: string;
  data: Uint8Array | null = null;
  chunk: DataHolder['chunk'] = null;
  acl: readonly Acl[];
  readonly czxid: number;
  mzxid: number;
  pzxid: number;
  readonly ctime: number;
  mtime: number;
  version: number;
  creates: number;
  aversion: number;
  readonly owner: SessionId | null;
  /** Names, in the order of their creation; null while there is none. */
  children: Set<string> | null = null;
  /** The place in the tree's order of insertion: snapshots walk along it. */
  order = 0;
  readonly pathHash: number;
  dataHash = 0;
  aclHash = 0;
  /** What the tree's digest holds for this node. */
  digestHigh = 0;
  digestLow = 0;
  /** Whether it changed since, and whether its data did. */
  isStale = false;
  hasNewData = false;
  isGone = false;

  constructor(fields: ZnodeFields, pathHash: number) {
    this.path = fields.path;
    this.acl = fields.acl;
    this.czxid = fields.czxid;
    this.mzxid = fields.mzxid;
    this.pzxid = fields.pzxid;
    this.ctime = fields.ctime;
    this.mtime = fields.mtime;
    this.version = fields.version;
    this.creates = fields.creates;
    this.aversion = fields.aversion;
    this.owner = fields.owner;
    this.pathHash = pathHash;
  }

  get childCount(): number {
    return this.children === null ? 0 : this.children.size;
  }

  /** Brings `digestHigh` and `digestLow` up to date with the fields. */
  rehash(): void {
    if (this.hasNewData) this.dataHash = hashBytes(this.data);
    this.hasNewData = false;
    let high = mix(this.pathHash, this.dataHash);
    high = mix(mix(high, this.aclHash), this.version);
    high = mix(mix(high, this.creates), this.aversion);
    high = mixNumber(mixNumber(high, this.czxid), this.mzxid);
    high = mixNumber(mixNumber(high, this.ctime), this.mtime);
    high = mixNumber(high, this.pzxid);
    if (this.owner !== null) high = mix(mix(high, this.owner.high), this.owner.low);
    this.digestHigh = high;
    this.digestLow = mix(mix(mix(0x9e3779b9 | 0, this.dataHash), high), this.pathHash);
  }
}

/**
 * A node's Stat as clients see it. `cversion` counts creations and deletions of children, which is twice the
 * creations less the children that are there. Source: ZooKeeper 3.9, `DataNode.copyStat`.
 */
export function statOf(node: Znode): Stat {
  const numChildren = node.childCount;
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    ctime: node.ctime,
    mtime: node.mtime,
    version: node.version,
    cversion: node.creates * 2 - numChildren,
    aversion: node.aversion,
    ephemeralOwner: node.owner ?? noSession,
    dataLength: node.data === null ? 0 : node.data.length,
    numChildren,
    pzxid: node.pzxid,
  };
}

/** @returns a copy that later changes of the node do not touch */
export function fieldsOf(node: Znode): ZnodeFields {
  const { path, data, acl, czxid, mzxid, pzxid, ctime, mtime, version, creates } = node;
  const { aversion, owner } = node;
  return { path, data, acl, czxid, mzxid, pzxid, ctime, mtime, version, creates, aversion, owner };
}
