import { counterOf, epochOf, type LearnerMessage, zxidText } from '@zookafka/zookeeper-wire';
import { type SimulatedMember } from '../simulatedMember.ts';
import { EnsembleInvariant } from './ensembleInvariant.ts';

/** Z13: an acknowledgement, of a transaction or of an epoch, leaves a member only when its disk has what it says. */
export class AckImpliesDisk extends EnsembleInvariant {
  readonly id = 'Z13';

  override onSend({ serverId, store }: SimulatedMember, message: LearnerMessage): void {
    if (message.kind !== 'ack') return;
    const { zxid } = message;
    const { lastZxid, currentEpoch } = store.durable;
    if (counterOf(zxid) > 0) {
      if (lastZxid < zxid) this.failAt(serverId, zxid, lastZxid);
      return;
    }
    if (currentEpoch < epochOf(zxid)) {
      this.fail(
        `member ${serverId} acknowledges epoch ${epochOf(zxid)}, its disk holds ${currentEpoch}`,
      );
    }
    // NEWLEADER acknowledges the whole history that came before it.
    const history = this.logs.lastZxidOf(serverId);
    if (lastZxid < history) this.failAt(serverId, history, lastZxid);
  }

  private failAt(serverId: number, zxid: number, lastZxid: number): never {
    return this.fail(
      `member ${serverId} acknowledges ${zxidText(zxid)}, its disk holds ${zxidText(lastZxid)}`,
    );
  }
}
