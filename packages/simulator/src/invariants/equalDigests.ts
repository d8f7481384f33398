import { type Digest, digestText } from '@zookafka/coordinator/core';
import { zxidText } from '@zookafka/zookeeper-wire';
import { type SimulatedMember } from '../simulatedMember.ts';
import { EnsembleInvariant } from './ensembleInvariant.ts';

/** Z15: trees at the same zxid have the same digest, which a member keeps up with each change. */
export class EqualDigests extends EnsembleInvariant {
  readonly id = 'Z15';
  private readonly digestAt = new Map<number, Digest>();

  override onDelivered({ member, serverId }: SimulatedMember): void {
    if (member === undefined) return;
    const { lastZxid, digest } = member;
    const before = this.digestAt.get(lastZxid);
    if (before === undefined) this.digestAt.set(lastZxid, digest);
    else if (before.high !== digest.high || before.low !== digest.low) {
      this.fail(
        `at ${zxidText(lastZxid)} member ${serverId} has tree ${digestText(digest)}, another had ${digestText(before)}`,
      );
    }
  }
}
