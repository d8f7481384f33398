import { bytesEqual } from '@zookafka/base';
import { type PendingRequest } from '../connections.ts';

/** A way to share out the work that a member supports, with what it tells about itself for it. */
export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Uint8Array;
}

/** What a JoinGroup tells of a member, each time anew. */
export interface MemberWishes {
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** The preferred one first. */
  readonly protocols: readonly MemberProtocol[];
}

/** Where a member comes from. */
export interface MemberOrigin {
  readonly clientId: string;
  readonly clientHost: string;
}

/** Ends a member that is silent: compared by identity. */
export interface SessionTimer {
  readonly kind: 'session';
  readonly member: Member;
}

const nothing = new Uint8Array(0);

/** One member of a group: changed by its group only. */
export class Member {
  readonly groupId: string;
  id: string;
  /** Not null: static, it keeps its place through restarts. */
  readonly instanceId: string | null;
  origin: MemberOrigin;
  wishes: MemberWishes;
  assignment: Uint8Array = nothing;
  /** Until it is part of a generation. */
  isNew = true;
  /** Its JoinGroup that waits for the others. */
  awaitingJoin: PendingRequest | undefined;
  /** Its SyncGroup that waits for the leader's. */
  awaitingSync: PendingRequest | undefined;
  readonly sessionTimer: SessionTimer = { kind: 'session', member: this };

  constructor(
    groupId: string,
    about: {
      readonly id: string;
      readonly instanceId: string | null;
      readonly origin: MemberOrigin;
      readonly wishes: MemberWishes;
    },
  ) {
    this.groupId = groupId;
    this.id = about.id;
    this.instanceId = about.instanceId;
    this.origin = about.origin;
    this.wishes = about.wishes;
  }

  get isStatic(): boolean {
    return this.instanceId !== null;
  }

  get protocolNames(): readonly string[] {
    return this.wishes.protocols.map(({ name }) => name);
  }

  /** @returns what it told for a protocol; empty where it does not support it */
  metadataFor(protocol: string | null): Uint8Array {
    return this.wishes.protocols.find(({ name }) => name === protocol)?.metadata ?? nothing;
  }

  /** @returns whether it wants the same as before */
  wants(protocols: readonly MemberProtocol[]): boolean {
    const own = this.wishes.protocols;
    return (
      own.length === protocols.length &&
      own.every(({ name, metadata }, index) => {
        const other = protocols[index] as MemberProtocol;
        return name === other.name && bytesEqual(metadata, other.metadata);
      })
    );
  }
}
