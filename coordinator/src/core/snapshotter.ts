import { assert } from '@zookafka/base';
import { type ZabEffect, type ZabInput } from '@zookafka/zab';
import { type MemberContext } from './context.ts';
import { type SliceBounds, SnapshotReader, SnapshotWalk } from './snapshots.ts';

/** Effects of Zab that bring a snapshot from the leader. */
export type InstallEffect = Extract<
  ZabEffect,
  {
    readonly kind:
      | 'installSnapshotBegin'
      | 'installSnapshotChunk'
      | 'installSnapshotEnd'
      | 'installSnapshotAbort';
  }
>;

/** Takes a piece of a snapshot for a learner. */
export type SnapshotSink = (
  input: Extract<ZabInput, { readonly kind: 'snapshotChunk' | 'snapshotDone' }>,
) => void;

/**
 * Snapshots of the tree, out and in, a slice at a time: for learners that lag, for this member's own disk, and from
 * the leader when this member lags.
 */
export class Snapshotter {
  private readonly context: MemberContext;
  private readonly sink: SnapshotSink;
  private readonly bounds: SliceBounds;
  private readonly walks = new Map<number, SnapshotWalk>();
  private storeWalk: SnapshotWalk | null = null;
  /** The zxid of the snapshot that the disk has not confirmed yet. */
  private storing: number | null = null;
  private appliedCount = 0;
  private readonly appliedCountMax: number;
  private reader: SnapshotReader | null = null;
  private isContinueWanted = false;

  constructor(context: MemberContext, sink: SnapshotSink) {
    const { snapshotSliceNodesMax, snapshotSliceBytesMax, zab, snapCount } = context.config;
    this.context = context;
    this.sink = sink;
    this.bounds = { nodesMax: snapshotSliceNodesMax, bytesMax: snapshotSliceBytesMax };
    // Members take turns: half of the count to all of it, by their place among the voters.
    const place = zab.voters.indexOf(zab.serverId) / zab.voters.length;
    this.appliedCountMax = Math.max(1, Math.floor((snapCount / 2) * (1 + place)));
  }

  /** A learner on this link needs the tree as it is now. */
  take(link: number, zxid: number): void {
    assert(zxid === this.context.lastZxid, 'A snapshot is of the tree as it is', { zxid });
    this.stopLink(link);
    this.walks.set(link, new SnapshotWalk(this.context.tree, zxid));
    this.wantContinue();
  }

  /** Its link is gone. */
  stopLink(link: number): void {
    this.walks.get(link)?.stop();
    this.walks.delete(link);
  }

  stopLinks(): void {
    for (const link of [...this.walks.keys()]) this.stopLink(link);
  }

  /** One more transaction is in the tree. */
  onApplied(): void {
    this.appliedCount++;
    if (this.appliedCount < this.appliedCountMax || this.storing !== null) return;
    this.appliedCount = 0;
    const { tree, lastZxid } = this.context;
    this.storing = lastZxid;
    this.storeWalk = new SnapshotWalk(tree, lastZxid);
    this.context.emit({ kind: 'storeSnapshotBegin', zxid: lastZxid });
    this.wantContinue();
  }

  /** One slice of each snapshot under way. */
  onContinue(): void {
    this.isContinueWanted = false;
    for (const [link, walk] of [...this.walks]) {
      this.sink({ kind: 'snapshotChunk', link, bytes: walk.next(this.bounds) });
      if (!walk.isEnded) continue;
      this.walks.delete(link);
      this.sink({ kind: 'snapshotDone', link });
    }
    this.continueStore();
    if (this.walks.size > 0 || this.storeWalk !== null) this.wantContinue();
  }

  /** The snapshot is safe: what it replaces may go. */
  onStored(zxid: number): void {
    if (this.storing !== zxid) return;
    this.storing = null;
    this.context.trace('snapshotStored', { zxid });
    this.context.emit({ kind: 'purge', zxid });
  }

  /** A part of the leader's snapshot. @throws {SnapshotError} when it is damaged: the member then stops */
  onInstall(effect: InstallEffect): void {
    switch (effect.kind) {
      case 'installSnapshotBegin':
        this.stopAll();
        this.reader = new SnapshotReader();
        break;
      case 'installSnapshotChunk':
        this.reader?.chunk(effect.bytes);
        break;
      case 'installSnapshotEnd':
        this.install(effect.zxid);
        break;
      case 'installSnapshotAbort':
        this.reader = null;
        break;
    }
    this.context.emit(effect);
  }

  private install(zxid: number): void {
    assert(this.reader !== null, 'A snapshot ends after it began', { zxid });
    const { tree, zxid: zxidOfTree } = this.reader.finish();
    assert(zxidOfTree === zxid, 'A snapshot is what was announced', { zxid, zxidOfTree });
    this.reader = null;
    this.context.tree = tree;
    this.context.lastZxid = zxid;
    this.appliedCount = 0;
    this.context.trace('snapshotInstalled', { zxid, nodes: tree.count });
  }

  private continueStore(): void {
    const { storeWalk } = this;
    if (storeWalk === null) return;
    this.context.emit({ kind: 'storeSnapshotChunk', bytes: storeWalk.next(this.bounds) });
    if (!storeWalk.isEnded) return;
    this.storeWalk = null;
    this.context.emit({ kind: 'storeSnapshotCommit', zxid: storeWalk.zxid });
  }

  private stopAll(): void {
    this.stopLinks();
    if (this.storeWalk === null) return;
    this.storeWalk.stop();
    this.storeWalk = null;
    this.storing = null;
    this.context.emit({ kind: 'storeSnapshotAbort' });
  }

  private wantContinue(): void {
    if (this.isContinueWanted) return;
    this.isContinueWanted = true;
    this.context.emit({ kind: 'wantContinue' });
  }
}
