import { bytesEqual } from '@zookafka/base';
import { digestText } from '@zookafka/coordinator/core';
import { type RoleEffect } from '@zookafka/zab';
import {
  counterOf,
  epochOf,
  type LearnerMessage,
  sessionIdText,
  zxidText,
} from '@zookafka/zookeeper-wire';
import { type DiskEffect } from '../simulatedStore.ts';
import { type SimulatedMember } from '../simulatedMember.ts';
import { type World } from '../world.ts';

/** What is seen of a member's disk over all its lives. */
interface Seen {
  acceptedEpoch: number;
  currentEpoch: number;
  lastZxid: number;
  stepCount: number;
}

/** Ephemerals are looked at after so many steps of a member, and at the end. */
const ephemeralsEvery = 64;

/**
 * The rules of the ensemble, with a memory that no member has.
 *
 * Z1 one leader an epoch · Z2 equal trees at equal zxids · Z3 nothing is delivered that nobody proposed · Z12 epochs
 * never fall · Z13 an acknowledgement means the disk · Z23 an ephemeral has a living session.
 * Source: ZooKeeper's TLA+ specification of Zab and its digests.
 */
export class EnsembleChecks {
  electionCount = 0;
  private readonly world: World;
  private readonly leaderOf = new Map<number, number>();
  private readonly proposed = new Map<number, Uint8Array>();
  private readonly digestAt = new Map<number, string>();
  private readonly seen = new Map<number, Seen>();

  constructor(world: World) {
    this.world = world;
  }

  onStart({ serverId, store }: SimulatedMember): void {
    const seen = this.seenOf(serverId);
    if (store.acceptedEpoch < seen.acceptedEpoch || store.currentEpoch < seen.currentEpoch) {
      this.fail(
        'Z12',
        `member ${serverId} forgot an epoch: accepted ${store.acceptedEpoch}, current ${store.currentEpoch} after ${seen.acceptedEpoch} and ${seen.currentEpoch}`,
      );
    }
    seen.lastZxid = 0;
  }

  onRole({ serverId }: SimulatedMember, { role, epoch, serving }: RoleEffect): void {
    if (role !== 'leading' || !serving) return;
    this.electionCount++;
    const before = this.leaderOf.get(epoch);
    if (before !== undefined && before !== serverId) {
      this.fail('Z1', `epoch ${epoch} has two leaders: ${before} and ${serverId}`);
    }
    this.leaderOf.set(epoch, serverId);
  }

  onTrace(member: SimulatedMember, event: string, facts: Readonly<Record<string, unknown>>): void {
    if (event !== 'epochAccepted' || member.member === undefined) return;
    const { acceptedEpoch } = this.seenOf(member.serverId);
    if (Number(facts['epoch']) < acceptedEpoch) {
      this.fail(
        'Z12',
        `member ${member.serverId} accepted epoch ${String(facts['epoch'])} after ${acceptedEpoch}`,
      );
    }
  }

  onDiskEffect({ serverId }: SimulatedMember, effect: DiskEffect): void {
    const seen = this.seenOf(serverId);
    if (effect.kind === 'append') {
      for (const { zxid, bytes } of effect.entries) this.note(zxid, bytes);
    } else if (effect.kind === 'persistAcceptedEpoch') {
      if (effect.epoch < seen.acceptedEpoch) {
        this.fail(
          'Z12',
          `member ${serverId} writes accepted epoch ${effect.epoch} after ${seen.acceptedEpoch}`,
        );
      }
    } else if (effect.kind === 'persistCurrentEpoch' && effect.epoch < seen.currentEpoch) {
      this.fail(
        'Z12',
        `member ${serverId} writes current epoch ${effect.epoch} after ${seen.currentEpoch}`,
      );
    }
  }

  onSend({ serverId, store }: SimulatedMember, message: LearnerMessage): void {
    if (message.kind === 'proposal') this.note(message.zxid, message.transaction);
    if (message.kind !== 'ack') return;
    const { zxid } = message;
    if (counterOf(zxid) > 0 && store.lastZxid < zxid) {
      this.fail(
        'Z13',
        `member ${serverId} acknowledges ${zxidText(zxid)}, its disk holds ${zxidText(store.lastZxid)}`,
      );
    }
    if (counterOf(zxid) === 0 && store.currentEpoch < epochOf(zxid)) {
      this.fail(
        'Z13',
        `member ${serverId} acknowledges epoch ${epochOf(zxid)}, its disk holds ${store.currentEpoch}`,
      );
    }
  }

  afterStep(simulated: SimulatedMember): void {
    const { member, serverId, store } = simulated;
    if (member === undefined) return;
    const seen = this.seenOf(serverId);
    seen.acceptedEpoch = Math.max(seen.acceptedEpoch, store.acceptedEpoch);
    seen.currentEpoch = Math.max(seen.currentEpoch, store.currentEpoch);
    if (store.currentEpoch > store.acceptedEpoch) {
      this.fail(
        'Z12',
        `member ${serverId} has current epoch ${store.currentEpoch} above accepted epoch ${store.acceptedEpoch}`,
      );
    }
    if (++seen.stepCount % ephemeralsEvery === 0) this.checkEphemerals(simulated);
    if (member.lastZxid === seen.lastZxid) return;
    seen.lastZxid = member.lastZxid;
    this.checkDelivered(simulated);
  }

  /** Z23 on one member's tree. */
  checkEphemerals({ member, serverId }: SimulatedMember): void {
    if (member === undefined) return;
    for (const { id, value } of member.tree.allEphemerals()) {
      if (value.size === 0 || member.tree.sessions.has(id)) continue;
      this.fail(
        'Z23',
        `on member ${serverId} ${[...value].join(', ')} belongs to session ${sessionIdText(id)}, which has ended`,
      );
    }
  }

  private checkDelivered({ member, serverId }: SimulatedMember): void {
    if (member === undefined) return;
    const { lastZxid } = member;
    if (counterOf(lastZxid) > 0 && !this.proposed.has(lastZxid)) {
      this.fail('Z3', `member ${serverId} delivered ${zxidText(lastZxid)}, which nobody proposed`);
    }
    const digest = digestText(member.digest);
    const before = this.digestAt.get(lastZxid);
    if (before === undefined) this.digestAt.set(lastZxid, digest);
    else if (before !== digest) {
      this.fail(
        'Z2',
        `at ${zxidText(lastZxid)} member ${serverId} has tree ${digest}, another had ${before}`,
      );
    }
  }

  private note(zxid: number, bytes: Uint8Array): void {
    const before = this.proposed.get(zxid);
    if (before === undefined) this.proposed.set(zxid, bytes);
    else if (!bytesEqual(before, bytes)) {
      this.fail('Z3', `${zxidText(zxid)} names two different transactions`);
    }
  }

  private seenOf(serverId: number): Seen {
    const existing = this.seen.get(serverId);
    if (existing !== undefined) return existing;
    const seen = { acceptedEpoch: 0, currentEpoch: 0, lastZxid: 0, stepCount: 0 };
    this.seen.set(serverId, seen);
    return seen;
  }

  private fail(invariant: string, sentence: string): never {
    return this.world.history.violated(invariant, sentence);
  }
}
