import { type Prng } from '@zookafka/base';
import { type DataTree } from '@zookafka/coordinator/core';
import { type RecoveredState } from '@zookafka/zab';
import { type DiskEffect, DiskState } from './diskState.ts';
import { type Swarm } from './swarm.ts';

/** What a member's store says when something is on the disk. */
export type DiskAnswer =
  | { readonly kind: 'durable'; readonly token: number }
  | { readonly kind: 'snapshotStored'; readonly zxid: number };

/** How a store reaches the process that it belongs to: what is scheduled happens in this life of it only. */
export interface StoreOwner {
  readonly schedule: (delayMs: number, run: () => void) => void;
  readonly answer: (answer: DiskAnswer) => void;
}

const slowDiskMsMax = 200;

/**
 * A member's store. Operations are written and synced in order, each atomic, as a transaction of SQLite is:
 *
 *     submit ── queued ──► written (page cache) ──► durable, and the machine is told
 *
 * A kill keeps what was written, a power cut what is durable and of what was written any first part. What a kill left
 * written is durable only once something after it is.
 */
export class SimulatedStore {
  /** What no power cut takes away. */
  readonly durable = new DiskState();
  private written: DiskEffect[] = [];
  private queued: DiskEffect[] = [];
  private isBusy = false;
  private readonly prng: Prng;
  private readonly swarm: Swarm;

  constructor(prng: Prng, swarm: Swarm) {
    this.prng = prng;
    this.swarm = swarm;
  }

  /** Hands an operation over. */
  submit(effect: DiskEffect, owner: StoreOwner): void {
    this.queued.push(effect);
    this.workOn(owner);
  }

  /** The process died. */
  kill(): void {
    this.queued = [];
    this.isBusy = false;
  }

  /** The machine lost its power. */
  powerCut(): void {
    const kept = this.prng.below(this.written.length + 1);
    for (const effect of this.written.slice(0, kept)) this.durable.apply(effect);
    this.written = [];
    this.kill();
  }

  /** What the next life finds: everything that was written. */
  recover(): { readonly recovered: RecoveredState; readonly tree: DataTree } {
    if (this.written.length === 0) return this.durable.recover();
    const found = this.durable.copy();
    for (const effect of this.written) found.apply(effect);
    return found.recover();
  }

  /** One commit: all that waits is written together, then synced. */
  private workOn(owner: StoreOwner): void {
    if (this.isBusy || this.queued.length === 0) return;
    this.isBusy = true;
    owner.schedule(this.delayMs(), () => {
      const batch = this.queued;
      this.queued = [];
      this.written.push(...batch);
      owner.schedule(this.delayMs(), () => {
        for (const effect of this.written) this.durable.apply(effect);
        this.written = [];
        this.isBusy = false;
        for (const effect of batch) tell(effect, owner);
        this.workOn(owner);
      });
    });
  }

  private delayMs(): number {
    const delayMs = this.prng.below(this.swarm.diskMsMax);
    if (!this.prng.chance(this.swarm.slowDiskPermille)) return delayMs;
    this.swarm.count('slowDisk');
    return delayMs + this.prng.below(slowDiskMsMax);
  }
}

function tell(effect: DiskEffect, { answer }: StoreOwner): void {
  if (effect.kind === 'storeSnapshotCommit') answer({ kind: 'snapshotStored', zxid: effect.zxid });
  else if ('token' in effect) answer({ kind: 'durable', token: effect.token });
}
