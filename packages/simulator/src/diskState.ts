import { DataTree, type MemberEffect, SnapshotReader } from '@zookafka/coordinator/core';
import { type LogEntry, type RecoveredState } from '@zookafka/zab';

/** Effects that end on a member's disk. */
export type DiskEffect = Extract<
  MemberEffect,
  {
    readonly kind:
      | 'append'
      | 'truncate'
      | 'persistAcceptedEpoch'
      | 'persistCurrentEpoch'
      | 'installSnapshotBegin'
      | 'installSnapshotChunk'
      | 'installSnapshotEnd'
      | 'installSnapshotAbort'
      | 'storeSnapshotBegin'
      | 'storeSnapshotChunk'
      | 'storeSnapshotCommit'
      | 'storeSnapshotAbort'
      | 'purge';
  }
>;

interface Snapshot {
  readonly zxid: number;
  readonly chunks: readonly Uint8Array[];
}

/** What a member's disk holds, and what each operation makes of it. */
export class DiskState {
  acceptedEpoch = 0;
  currentEpoch = 0;
  private committedZxid = 0;
  private log: LogEntry[] = [];
  private snapshot: Snapshot | undefined;
  private incoming: Uint8Array[] = [];
  private storing: Uint8Array[] = [];

  /** The last transaction that is there. */
  get lastZxid(): number {
    return this.log[this.log.length - 1]?.zxid ?? this.snapshot?.zxid ?? 0;
  }

  copy(): DiskState {
    const copy = new DiskState();
    Object.assign(copy, this, {
      log: [...this.log],
      incoming: [...this.incoming],
      storing: [...this.storing],
    });
    return copy;
  }

  /** What a process that starts finds. */
  recover(): { readonly recovered: RecoveredState; readonly tree: DataTree } {
    const { acceptedEpoch, currentEpoch, committedZxid, snapshot } = this;
    const snapshotZxid = snapshot?.zxid ?? 0;
    const log = this.log.filter(({ zxid }) => zxid > snapshotZxid);
    return {
      recovered: { acceptedEpoch, currentEpoch, committedZxid, snapshotZxid, log },
      tree: snapshot === undefined ? new DataTree() : readTree(snapshot),
    };
  }

  apply(effect: DiskEffect): void {
    switch (effect.kind) {
      case 'append':
        this.log.push(...effect.entries);
        this.committedZxid = effect.committedZxid;
        return;
      case 'truncate':
        this.log = this.log.filter(({ zxid }) => zxid <= effect.zxid);
        return;
      case 'persistAcceptedEpoch':
        this.acceptedEpoch = effect.epoch;
        return;
      case 'persistCurrentEpoch':
        this.currentEpoch = effect.epoch;
        return;
      case 'installSnapshotEnd':
        this.snapshot = { zxid: effect.zxid, chunks: this.incoming };
        this.log = [];
        this.committedZxid = effect.zxid;
        return;
      case 'storeSnapshotCommit':
        this.snapshot = { zxid: effect.zxid, chunks: this.storing };
        return;
      case 'purge':
        if ((this.snapshot?.zxid ?? 0) < effect.zxid) return;
        this.log = this.log.filter(({ zxid }) => zxid > effect.zxid);
        return;
      default:
        this.stream(effect);
    }
  }

  private stream(effect: DiskEffect): void {
    if (effect.kind === 'installSnapshotBegin') this.incoming = [];
    else if (effect.kind === 'installSnapshotChunk') this.incoming.push(effect.bytes);
    else if (effect.kind === 'storeSnapshotBegin') this.storing = [];
    else if (effect.kind === 'storeSnapshotChunk') this.storing.push(effect.bytes);
  }
}

function readTree({ chunks }: Snapshot): DataTree {
  const reader = new SnapshotReader();
  for (const chunk of chunks) reader.chunk(chunk);
  return reader.finish().tree;
}
