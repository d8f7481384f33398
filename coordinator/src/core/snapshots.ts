import { assert, ByteReader, ByteWriter, CodedError } from '@zookafka/base';
import { readRecord, type SessionId, writeRecord } from '@zookafka/zookeeper-wire';
import { sharedAcl } from './acl.ts';
import { DataTree, type TreeObserver } from './dataTree.ts';
import { type Digest, digestText } from './digest.ts';
import { fieldsOf, type Znode, type ZnodeFields } from './znode.ts';

/** The first bytes of a snapshot: `ZKFS` and the format's version. */
const magic = 0x5a4b4653;
const formatVersion = 1;

/** What each chunk consists of: parts, each begun by its tag. */
const tags = { header: 1, session: 2, node: 3, end: 4 } as const;

/** Why a snapshot cannot be loaded. */
export type SnapshotRefusal =
  | { readonly code: 'NOT_A_SNAPSHOT'; readonly magic: number }
  | { readonly code: 'NEWER_FORMAT'; readonly version: number }
  | { readonly code: 'BAD_PART'; readonly tag: number }
  | { readonly code: 'INCOMPLETE' }
  | { readonly code: 'WRONG_DIGEST'; readonly expected: string; readonly actual: string };

/** A snapshot that is none, is from a newer program, or is damaged. */
export class SnapshotError extends CodedError<SnapshotRefusal> {
  override readonly name = 'SnapshotError';
}

/** How much one slice of a snapshot may hold. */
export interface SliceBounds {
  readonly nodesMax: number;
  readonly bytesMax: number;
}

/**
 * The tree as it is when the walk begins, written slice by slice while the tree goes on changing.
 *
 * Nodes are met in the order of their insertion. A node that changes or goes before the walk reaches it is kept
 * as it was; one that comes later is left out. Parents are written before their children.
 */
export class SnapshotWalk implements TreeObserver {
  readonly zxid: number;
  private readonly tree: DataTree;
  private readonly digest: Digest;
  private readonly sessions: readonly { readonly id: SessionId; readonly timeoutMs: number }[];
  private readonly nodes: IterableIterator<Znode>;
  /** Nodes from this order on are younger than the snapshot. */
  private readonly orderEnd: number;
  private orderReached = 0;
  /** What changed or went since, as it was, by its order. */
  private readonly kept = new Map<number, ZnodeFields>();
  private sessionNext = 0;
  private state: 'header' | 'sessions' | 'nodes' | 'kept' | 'ended' = 'header';

  constructor(tree: DataTree, zxid: number) {
    this.tree = tree;
    this.zxid = zxid;
    this.digest = tree.digest;
    this.sessions = Array.from(tree.sessions, ({ id, value }) => ({ id, timeoutMs: value }));
    this.nodes = tree.values();
    this.orderEnd = tree.orderOfNext;
    tree.observe(this);
  }

  get isEnded(): boolean {
    return this.state === 'ended';
  }

  beforeChange(node: Znode): void {
    const isAhead = node.order > this.orderReached && node.order < this.orderEnd;
    if (isAhead && !this.kept.has(node.order)) this.kept.set(node.order, fieldsOf(node));
  }

  /** @returns the next part, in an array of its own; the last one ends the walk */
  next(bounds: SliceBounds): Uint8Array {
    assert(this.state !== 'ended', 'A walk that ended goes nowhere');
    const writer = new ByteWriter(Math.min(bounds.bytesMax, 65_536));
    if (this.state === 'header') this.writeHeader(writer);
    let count = 0;
    while (count < bounds.nodesMax && writer.length < bounds.bytesMax && !this.isEnded) {
      this.writeOne(writer);
      count++;
    }
    return writer.finish();
  }

  /** Nobody wants the rest. */
  stop(): void {
    this.state = 'ended';
    this.kept.clear();
    this.tree.unobserve(this);
  }

  private writeHeader(writer: ByteWriter): void {
    writer.uint8(tags.header);
    writer.int32(magic);
    writer.int32(formatVersion);
    writer.int64(this.zxid);
    writer.int32(this.digest.high);
    writer.int32(this.digest.low);
    this.state = 'sessions';
  }

  private writeOne(writer: ByteWriter): void {
    if (this.state === 'sessions') {
      const session = this.sessions[this.sessionNext++];
      if (session === undefined) this.state = 'nodes';
      else writeSession(writer, session.id, session.timeoutMs);
      return;
    }
    if (this.state === 'nodes') {
      const node = this.nodes.next().value as Znode | undefined;
      if (node === undefined || node.order >= this.orderEnd) this.startKept();
      else this.writeMet(writer, node);
      return;
    }
    this.writeKept(writer);
  }

  private writeMet(writer: ByteWriter, node: Znode): void {
    this.orderReached = node.order;
    const kept = this.kept.get(node.order);
    this.kept.delete(node.order);
    writeNode(writer, kept ?? node);
  }

  /** What is left went away: in the order in which it once came, parents first. */
  private startKept(): void {
    this.orderReached = this.orderEnd;
    this.state = 'kept';
    const left = [...this.kept].sort(([one], [other]) => one - other);
    this.kept.clear();
    for (const [order, fields] of left) this.kept.set(order, fields);
  }

  private writeKept(writer: ByteWriter): void {
    const [first] = this.kept;
    if (first === undefined) {
      writer.uint8(tags.end);
      this.stop();
      return;
    }
    this.kept.delete(first[0]);
    writeNode(writer, first[1]);
  }
}

/** Builds a tree from the chunks of a snapshot, beside the tree that is in use. */
export class SnapshotReader {
  private readonly tree = new DataTree([]);
  private zxid = -1;
  private digest: Digest = { high: 0, low: 0 };
  private isEnded = false;

  /** @throws {SnapshotError} when this is no part of a snapshot that this program can read */
  chunk(bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    while (reader.remaining > 0) this.part(reader);
  }

  /** @throws {SnapshotError} INCOMPLETE or WRONG_DIGEST */
  finish(): { readonly tree: DataTree; readonly zxid: number } {
    if (!this.isEnded) {
      throw new SnapshotError({ code: 'INCOMPLETE' }, 'Cannot load a snapshot: its end is missing');
    }
    const expected = digestText(this.digest);
    const actual = digestText(this.tree.digest);
    if (expected !== actual) {
      throw new SnapshotError(
        { code: 'WRONG_DIGEST', expected, actual },
        `Cannot load a snapshot: its digest is ${actual}, not ${expected}`,
      );
    }
    return { tree: this.tree, zxid: this.zxid };
  }

  private part(reader: ByteReader): void {
    const tag = reader.uint8();
    if (tag === tags.header) this.header(reader);
    else if (tag === tags.session && this.zxid >= 0) this.session(reader);
    else if (tag === tags.node && this.zxid >= 0) this.tree.adopt(readNode(reader));
    else if (tag === tags.end) this.isEnded = true;
    else {
      throw new SnapshotError({ code: 'BAD_PART', tag }, `Cannot load a snapshot: part ${tag}`);
    }
  }

  private header(reader: ByteReader): void {
    const found = reader.int32();
    if (found !== magic) {
      throw new SnapshotError(
        { code: 'NOT_A_SNAPSHOT', magic: found },
        'Cannot load a snapshot: the bytes are none',
      );
    }
    const version = reader.int32();
    if (version > formatVersion) {
      throw new SnapshotError(
        { code: 'NEWER_FORMAT', version },
        `Cannot load a snapshot: it has format ${version}, this program knows ${formatVersion}`,
      );
    }
    this.zxid = reader.int64();
    this.digest = { high: reader.uint32(), low: reader.uint32() };
  }

  private session(reader: ByteReader): void {
    const id = { high: reader.uint32(), low: reader.uint32() };
    this.tree.sessions.set(id, reader.int32());
  }
}

function writeSession(writer: ByteWriter, { high, low }: SessionId, timeoutMs: number): void {
  writer.uint8(tags.session);
  writer.int32(high);
  writer.int32(low);
  writer.int32(timeoutMs);
}

function writeNode(writer: ByteWriter, node: ZnodeFields): void {
  writer.uint8(tags.node);
  writeRecord(writer, 'CreateTxn', {
    path: node.path,
    data: node.data,
    acl: node.acl,
    ephemeral: node.owner !== null,
    parentCVersion: node.creates,
  });
  writer.int64(node.czxid);
  writer.int64(node.mzxid);
  writer.int64(node.pzxid);
  writer.int64(node.ctime);
  writer.int64(node.mtime);
  writer.int32(node.version);
  writer.int32(node.aversion);
  if (node.owner === null) return;
  writer.int32(node.owner.high);
  writer.int32(node.owner.low);
}

function readNode(reader: ByteReader): ZnodeFields {
  const { path, data, acl, ephemeral, parentCVersion } = readRecord(reader, 'CreateTxn');
  return {
    path,
    data,
    acl: sharedAcl(acl),
    creates: parentCVersion,
    czxid: reader.int64(),
    mzxid: reader.int64(),
    pzxid: reader.int64(),
    ctime: reader.int64(),
    mtime: reader.int64(),
    version: reader.int32(),
    aversion: reader.int32(),
    owner: ephemeral ? { high: reader.uint32(), low: reader.uint32() } : null,
  };
}
