import { type Prng } from '@zookafka/base';
import { type LogEntry, type RecoveredState } from '@zookafka/zab';
import { DataTree, type MemberEffect, SnapshotReader } from '@zookafka/coordinator/core';
import { type Swarm } from './swarm.ts';

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

/** What a member's store says when something is on the disk. */
export type DiskAnswer =
  | { readonly kind: 'durable'; readonly token: number }
  | { readonly kind: 'snapshotStored'; readonly zxid: number };

interface Snapshot {
  readonly zxid: number;
  readonly chunks: readonly Uint8Array[];
}

/**
 * A member's disk: operations become durable one after the other, each some time after it was handed over. Each is
 * atomic, as a transaction of SQLite is; a crash keeps what was durable and some of the rest, in order.
 */
export class SimulatedStore {
  acceptedEpoch = 0;
  currentEpoch = 0;
  committedZxid = 0;
  log: LogEntry[] = [];
  private snapshot: Snapshot | undefined;
  private pending: DiskEffect[] = [];
  private incoming: Uint8Array[] = [];
  private storing: Uint8Array[] = [];
  private readonly prng: Prng;
  private readonly swarm: Swarm;

  constructor(prng: Prng, swarm: Swarm) {
    this.prng = prng;
    this.swarm = swarm;
  }

  /** The last transaction that a power cut cannot take away. */
  get lastZxid(): number {
    return this.log[this.log.length - 1]?.zxid ?? this.snapshot?.zxid ?? 0;
  }

  /** Hands an operation over. @param schedule runs the disk's work later, in this life of the process */
  submit(
    effect: DiskEffect,
    schedule: (delayMs: number, run: () => void) => void,
    answer: (answer: DiskAnswer) => void,
  ): void {
    this.pending.push(effect);
    let delayMs = this.prng.below(this.swarm.diskMsMax);
    if (this.prng.chance(this.swarm.slowDiskPermille)) {
      this.swarm.count('slowDisk');
      delayMs += this.prng.below(200);
    }
    schedule(delayMs, () => {
      this.drainThrough(effect, answer);
    });
  }

  /** The process or the machine died: some of what was under way may have been carried out. */
  crash(): void {
    const kept = this.prng.below(this.pending.length + 1);
    for (const effect of this.pending.slice(0, kept)) this.apply(effect, () => undefined);
    this.pending = [];
    this.incoming = [];
    this.storing = [];
  }

  /** What the next life finds. */
  recover(): { readonly recovered: RecoveredState; readonly tree: DataTree } {
    const { acceptedEpoch, currentEpoch, committedZxid, snapshot } = this;
    const snapshotZxid = snapshot?.zxid ?? 0;
    const log = this.log.filter(({ zxid }) => zxid > snapshotZxid);
    return {
      recovered: { acceptedEpoch, currentEpoch, committedZxid, snapshotZxid, log },
      tree: snapshot === undefined ? new DataTree() : readTree(snapshot),
    };
  }

  /** Operations before one are done before it. */
  private drainThrough(last: DiskEffect, answer: (answer: DiskAnswer) => void): void {
    const end = this.pending.indexOf(last);
    for (const effect of this.pending.splice(0, end + 1)) this.apply(effect, answer);
  }

  private apply(effect: DiskEffect, answer: (answer: DiskAnswer) => void): void {
    switch (effect.kind) {
      case 'append':
        this.log.push(...effect.entries);
        this.committedZxid = effect.committedZxid;
        break;
      case 'truncate':
        this.log = this.log.filter(({ zxid }) => zxid <= effect.zxid);
        break;
      case 'persistAcceptedEpoch':
        this.acceptedEpoch = effect.epoch;
        break;
      case 'persistCurrentEpoch':
        this.currentEpoch = effect.epoch;
        break;
      case 'installSnapshotEnd':
        this.snapshot = { zxid: effect.zxid, chunks: this.incoming };
        this.log = [];
        this.committedZxid = effect.zxid;
        break;
      case 'storeSnapshotCommit':
        this.snapshot = { zxid: effect.zxid, chunks: this.storing };
        answer({ kind: 'snapshotStored', zxid: effect.zxid });
        return;
      default:
        this.stream(effect);
        return;
    }
    if ('token' in effect) answer({ kind: 'durable', token: effect.token });
  }

  private stream(effect: DiskEffect): void {
    if (effect.kind === 'installSnapshotBegin') this.incoming = [];
    else if (effect.kind === 'installSnapshotChunk') this.incoming.push(effect.bytes);
    else if (effect.kind === 'storeSnapshotBegin') this.storing = [];
    else if (effect.kind === 'storeSnapshotChunk') this.storing.push(effect.bytes);
    else if (effect.kind === 'purge') {
      const { zxid } = effect;
      if ((this.snapshot?.zxid ?? 0) >= zxid) this.log = this.log.filter((one) => one.zxid > zxid);
    }
  }
}

function readTree({ chunks }: Snapshot): DataTree {
  const reader = new SnapshotReader();
  for (const chunk of chunks) reader.chunk(chunk);
  return reader.finish().tree;
}
