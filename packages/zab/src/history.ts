import { assert } from '@zookafka/base';
import { TransactionLog, type TransactionLogLimits } from './transactionLog.ts';
import { type LogEntry, type RecoveredState, type ZabEffect } from './types.ts';

/** Where effects go: any phase's list of them. */
export interface EffectSink {
  push(effect: ZabEffect): unknown;
}

/**
 * What a member has promised and logged, in memory, and how much of that is on its disk.
 *
 * Every write goes out with a token; writes keep their order, so that one number says what is durable.
 */
export class History {
  readonly log: TransactionLog;
  acceptedEpoch: number;
  currentEpoch: number;
  /** The token of the last write, and of the last that is known to be on the disk. */
  tokenLast = 0;
  tokenDurable = 0;
  /** How far the log is on the disk. */
  durableZxid: number;
  /** Writes of the log under way: how far the log reaches with each. Used from `writesHead` on. */
  private writeTokens: number[] = [];
  private writeZxids: number[] = [];
  private writesHead = 0;

  constructor(recovered: RecoveredState, limits: TransactionLogLimits) {
    assert(
      recovered.currentEpoch <= recovered.acceptedEpoch,
      'An epoch is accepted before it is current',
      {
        currentEpoch: recovered.currentEpoch,
        acceptedEpoch: recovered.acceptedEpoch,
      },
    );
    this.acceptedEpoch = recovered.acceptedEpoch;
    this.currentEpoch = recovered.currentEpoch;
    this.log = new TransactionLog(recovered.snapshotZxid, limits);
    for (const entry of recovered.log) this.log.append(entry.zxid, entry.bytes);
    this.durableZxid = this.log.lastZxid;
    const committedZxid = Math.min(recovered.committedZxid, this.log.lastZxid);
    this.log.committedZxid = Math.max(committedZxid, this.log.committedZxid);
  }

  /** @returns whether everything that was written is on the disk */
  get isDurable(): boolean {
    return this.tokenDurable === this.tokenLast;
  }

  /** Appends one transaction, which is not durable yet. */
  append(zxid: number, bytes: Uint8Array, effects: EffectSink): void {
    this.log.append(zxid, bytes);
    this.pushAppend([{ zxid, bytes }], effects);
  }

  /** Appends several in one write. */
  appendAll(entries: readonly LogEntry[], effects: EffectSink): void {
    if (entries.length === 0) return;
    for (const entry of entries) this.log.append(entry.zxid, entry.bytes);
    this.pushAppend(entries, effects);
  }

  truncateTo(zxid: number, effects: EffectSink): void {
    this.log.truncateTo(zxid);
    this.durableZxid = Math.min(this.durableZxid, zxid);
    for (let index = this.writesHead; index < this.writeZxids.length; index++) {
      this.writeZxids[index] = Math.min(this.writeZxids[index] as number, zxid);
    }
    effects.push({ kind: 'truncate', token: this.noteWrite(), zxid });
  }

  /** A snapshot that arrived whole takes the place of log and tree. */
  replaceBySnapshot(zxid: number, effects: EffectSink): void {
    this.log.reset(zxid);
    this.durableZxid = 0;
    this.writeTokens = [];
    this.writeZxids = [];
    this.writesHead = 0;
    effects.push({ kind: 'installSnapshotEnd', token: this.noteWrite(), zxid });
  }

  acceptEpoch(epoch: number, effects: EffectSink): void {
    assert(epoch > this.acceptedEpoch, 'A promise is never taken back', { epoch });
    this.acceptedEpoch = epoch;
    effects.push({ kind: 'persistAcceptedEpoch', token: ++this.tokenLast, epoch });
  }

  enterEpoch(epoch: number, effects: EffectSink): void {
    assert(epoch >= this.currentEpoch, 'Epochs never fall', { epoch });
    this.currentEpoch = epoch;
    effects.push({ kind: 'persistCurrentEpoch', token: ++this.tokenLast, epoch });
  }

  onDurable(token: number): void {
    assert(token <= this.tokenLast, 'Only what was written becomes durable', { token });
    if (token > this.tokenDurable) this.tokenDurable = token;
    while (
      this.writesHead < this.writeTokens.length &&
      (this.writeTokens[this.writesHead] as number) <= token
    ) {
      this.durableZxid = this.writeZxids[this.writesHead++] as number;
    }
    if (this.writesHead === this.writeTokens.length) this.forgetWrites(this.writesHead);
    else if (this.writesHead > 1024) this.forgetWrites(this.writesHead);
  }

  /** Notes that everything up to `zxid` is committed. */
  commitTo(zxid: number): void {
    assert(zxid <= this.log.lastZxid, 'What is committed is in the log', {
      zxid,
      lastZxid: this.log.lastZxid,
    });
    if (zxid > this.log.committedZxid) this.log.committedZxid = zxid;
  }

  /** Delivers what is committed. */
  deliver(effects: EffectSink): void {
    const { log } = this;
    log.deliver((zxid, bytes) => effects.push({ kind: 'deliver', zxid, bytes }));
    log.trim();
  }

  private pushAppend(entries: readonly LogEntry[], effects: EffectSink): void {
    const committedZxid = this.log.committedZxid;
    effects.push({ kind: 'append', token: this.noteWrite(), entries, committedZxid });
  }

  private noteWrite(): number {
    const token = ++this.tokenLast;
    this.writeTokens.push(token);
    this.writeZxids.push(this.log.lastZxid);
    return token;
  }

  private forgetWrites(count: number): void {
    if (count === this.writeTokens.length) {
      this.writeTokens.length = 0;
      this.writeZxids.length = 0;
    } else {
      this.writeTokens = this.writeTokens.slice(count);
      this.writeZxids = this.writeZxids.slice(count);
    }
    this.writesHead = 0;
  }
}
