import { type LogEntry } from '@zookafka/zab';
import { epochOf } from '@zookafka/zookeeper-wire';
import { type DiskEffect } from '../diskState.ts';

/** A transaction that some member delivered, and the one that was delivered before it. */
export interface Committed {
  readonly bytes: Uint8Array;
  /** -1: not known, because it was the first that a member had in its log. */
  readonly beforeZxid: number;
}

/** What each member has in its log, durable or not, and what was ever proposed and delivered. */
export class GhostLogs {
  readonly proposed = new Map<number, Uint8Array>();
  readonly committed = new Map<number, Committed>();
  /** The last transaction that was delivered, by epoch. */
  private readonly lastCommitted = new Map<number, number>();
  private readonly logs = new Map<number, readonly LogEntry[]>();

  of(serverId: number): readonly LogEntry[] {
    return this.logs.get(serverId) ?? [];
  }

  /** Somebody delivered what is up to `zxid`. */
  noteCommitted(zxid: number): void {
    const epoch = epochOf(zxid);
    this.lastCommitted.set(epoch, Math.max(this.lastCommitted.get(epoch) ?? 0, zxid));
  }

  /** The last transaction of older epochs that was delivered. */
  committedBefore(epoch: number): number {
    let last = 0;
    for (const [other, zxid] of this.lastCommitted) {
      if (other < epoch && zxid > last) last = zxid;
    }
    return last;
  }

  lastZxidOf(serverId: number): number {
    return this.of(serverId).at(-1)?.zxid ?? 0;
  }

  start(serverId: number, recovered: readonly LogEntry[]): void {
    this.logs.set(serverId, [...recovered]);
  }

  apply(serverId: number, effect: DiskEffect): void {
    const log = this.of(serverId) as LogEntry[];
    if (effect.kind === 'append') for (const entry of effect.entries) log.push(entry);
    else if (effect.kind === 'truncate') this.keep(serverId, (zxid) => zxid <= effect.zxid);
    else if (effect.kind === 'purge') this.keep(serverId, (zxid) => zxid > effect.zxid);
    else if (effect.kind === 'installSnapshotEnd') this.logs.set(serverId, []);
  }

  /** The entries above `fromZxid` up to `toZxid`, in order. */
  between(serverId: number, fromZxid: number, toZxid: number): readonly LogEntry[] {
    const log = this.of(serverId);
    let start = log.length;
    while (start > 0 && (log[start - 1] as LogEntry).zxid > fromZxid) start--;
    let end = log.length;
    while (end > start && (log[end - 1] as LogEntry).zxid > toZxid) end--;
    return log.slice(start, end);
  }

  private keep(serverId: number, isKept: (zxid: number) => boolean): void {
    this.logs.set(
      serverId,
      this.of(serverId).filter(({ zxid }) => isKept(zxid)),
    );
  }
}
