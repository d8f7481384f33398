import { bytesEqual } from '@zookafka/base';
import { zxidText } from '@zookafka/zookeeper-wire';
import { type DiskEffect } from '../diskState.ts';
import { type SimulatedMember } from '../simulatedMember.ts';
import { EnsembleInvariant } from './ensembleInvariant.ts';

/** Z2: what two members delivered is the same, in the same order, as far as both went. */
export class PrefixConsistency extends EnsembleInvariant {
  readonly id = 'Z2';

  override onDelivered({ member, serverId }: SimulatedMember, fromZxid: number): void {
    if (member === undefined) return;
    const { lastZxid } = member;
    let beforeZxid = fromZxid === 0 ? -1 : fromZxid;
    const entries = this.logs.between(serverId, fromZxid, lastZxid);
    // A snapshot came in between where the log does not reach the new state: nothing is known of the step before.
    if (entries.at(-1)?.zxid !== lastZxid) beforeZxid = -1;
    for (const { zxid, bytes } of entries) {
      this.compare(serverId, { zxid, bytes, beforeZxid });
      beforeZxid = zxid;
    }
    this.logs.noteCommitted(lastZxid);
  }

  private compare(
    serverId: number,
    {
      zxid,
      bytes,
      beforeZxid,
    }: { readonly zxid: number; readonly bytes: Uint8Array; readonly beforeZxid: number },
  ): void {
    const known = this.logs.committed.get(zxid);
    if (known === undefined) {
      this.logs.committed.set(zxid, { bytes, beforeZxid });
      return;
    }
    if (!bytesEqual(known.bytes, bytes)) {
      this.fail(`member ${serverId} delivered another transaction at ${zxidText(zxid)}`);
    }
    if (beforeZxid === -1 || known.beforeZxid === beforeZxid) return;
    if (known.beforeZxid !== -1) {
      this.fail(
        `member ${serverId} delivered ${zxidText(zxid)} after ${zxidText(beforeZxid)}, another after ${zxidText(known.beforeZxid)}`,
      );
    }
    this.logs.committed.set(zxid, { bytes, beforeZxid });
  }
}

/** Z10: a transaction that anybody delivered is cut from no log. */
export class CommittedStays extends EnsembleInvariant {
  readonly id = 'Z10';

  override onDisk({ serverId }: SimulatedMember, effect: DiskEffect): void {
    if (effect.kind !== 'truncate') return;
    for (const { zxid } of this.logs.between(serverId, effect.zxid, Infinity)) {
      if (!this.logs.committed.has(zxid)) continue;
      this.fail(`member ${serverId} cuts ${zxidText(zxid)} from its log, which was delivered`);
    }
  }
}
