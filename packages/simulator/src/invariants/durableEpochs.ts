import { epochOf, type LearnerMessage, zxidText } from '@zookafka/zookeeper-wire';
import { type DiskEffect } from '../diskState.ts';
import { type SimulatedMember } from '../simulatedMember.ts';
import { EnsembleInvariant, type TraceFacts } from './ensembleInvariant.ts';

interface Promised {
  acceptedEpoch: number;
  currentEpoch: number;
}

/** Z12: epochs never fall, across restarts too; what was promised to others is on the disk. */
export class DurableEpochs extends EnsembleInvariant {
  readonly id = 'Z12';
  /** What each member told others, or had on its disk. */
  private readonly promised = new Map<number, Promised>();

  override onStart({ serverId, store }: SimulatedMember): void {
    const { acceptedEpoch, currentEpoch } = store.recover().recovered;
    const promised = this.promisedOf(serverId);
    if (acceptedEpoch < promised.acceptedEpoch || currentEpoch < promised.currentEpoch) {
      this.fail(
        `member ${serverId} forgot an epoch: accepted ${acceptedEpoch}, current ${currentEpoch} after ${promised.acceptedEpoch} and ${promised.currentEpoch}`,
      );
    }
  }

  override onTrace({ serverId }: SimulatedMember, event: string, facts: TraceFacts): void {
    if (event !== 'epochAccepted') return;
    const { acceptedEpoch } = this.promisedOf(serverId);
    if (Number(facts['epoch']) >= acceptedEpoch) return;
    this.fail(`member ${serverId} accepted epoch ${String(facts['epoch'])} after ${acceptedEpoch}`);
  }

  override onDisk({ serverId }: SimulatedMember, effect: DiskEffect): void {
    const { acceptedEpoch, currentEpoch } = this.promisedOf(serverId);
    if (effect.kind === 'persistAcceptedEpoch' && effect.epoch < acceptedEpoch) {
      this.fail(`member ${serverId} writes accepted epoch ${effect.epoch} after ${acceptedEpoch}`);
    }
    if (effect.kind === 'persistCurrentEpoch' && effect.epoch < currentEpoch) {
      this.fail(`member ${serverId} writes current epoch ${effect.epoch} after ${currentEpoch}`);
    }
  }

  override onSend({ serverId, store }: SimulatedMember, message: LearnerMessage): void {
    const promised = this.promisedOf(serverId);
    if (message.kind === 'ackEpoch') {
      const { acceptedEpoch } = store.durable;
      promised.acceptedEpoch = Math.max(promised.acceptedEpoch, acceptedEpoch);
    } else if (message.kind === 'ack') {
      const { currentEpoch, acceptedEpoch } = store.durable;
      promised.currentEpoch = Math.max(promised.currentEpoch, currentEpoch);
      if (currentEpoch > acceptedEpoch) {
        this.fail(
          `member ${serverId} has current epoch ${currentEpoch} above accepted epoch ${acceptedEpoch}`,
        );
      }
      this.checkLog(serverId, store.durable);
    }
  }

  private checkLog(
    serverId: number,
    { lastZxid, currentEpoch }: { readonly lastZxid: number; readonly currentEpoch: number },
  ): void {
    if (epochOf(lastZxid) <= currentEpoch) return;
    this.fail(
      `member ${serverId} logged ${zxidText(lastZxid)}, its current epoch is ${currentEpoch}`,
    );
  }

  private promisedOf(serverId: number): Promised {
    const existing = this.promised.get(serverId);
    if (existing !== undefined) return existing;
    const promised = { acceptedEpoch: 0, currentEpoch: 0 };
    this.promised.set(serverId, promised);
    return promised;
  }
}
