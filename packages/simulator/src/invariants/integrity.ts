import { bytesEqual } from '@zookafka/base';
import { counterOf, type LearnerMessage, zxidText } from '@zookafka/zookeeper-wire';
import { type DiskEffect } from '../diskState.ts';
import { type SimulatedMember } from '../simulatedMember.ts';
import { EnsembleInvariant } from './ensembleInvariant.ts';

/** Z3: what is delivered was proposed by a leader, with the same bytes. */
export class Integrity extends EnsembleInvariant {
  readonly id = 'Z3';

  override onSend(_: SimulatedMember, message: LearnerMessage): void {
    if (message.kind === 'proposal') this.note(message.zxid, message.transaction);
  }

  override onDisk(_: SimulatedMember, effect: DiskEffect): void {
    if (effect.kind !== 'append') return;
    for (const { zxid, bytes } of effect.entries) this.note(zxid, bytes);
  }

  override onDelivered({ member, serverId }: SimulatedMember): void {
    const lastZxid = member?.lastZxid ?? 0;
    if (counterOf(lastZxid) === 0 || this.logs.proposed.has(lastZxid)) return;
    this.fail(`member ${serverId} delivered ${zxidText(lastZxid)}, which nobody proposed`);
  }

  private note(zxid: number, bytes: Uint8Array): void {
    const before = this.logs.proposed.get(zxid);
    if (before === undefined) this.logs.proposed.set(zxid, bytes);
    else if (before !== bytes && !bytesEqual(before, bytes)) {
      this.fail(`${zxidText(zxid)} names two different transactions`);
    }
  }
}
