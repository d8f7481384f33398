import { type TraceEffect } from '@zookafka/base';
import { type ZabConfig, type ZabEffect, type ZabInput, type ZabTimer } from '@zookafka/zab';
import {
  type ConnectRequest,
  type ConnectResponse,
  type FourLetterWord,
  type Reply,
  type Request,
  type WatcherEvent,
} from '@zookafka/zookeeper-wire';

/** What a member is told once, at its start. */
export interface MemberConfig {
  readonly zab: ZabConfig;
  /** The bounds of a session's timeout: by default 2 and 20 ticks. */
  readonly sessionTimeoutMsMin: number;
  readonly sessionTimeoutMsMax: number;
  /** How many requests may wait on this member before connections are paused (globalOutstandingLimit, 1000). */
  readonly outstandingRequestsMax: number;
  /** A snapshot is stored after about so many transactions (snapCount, 100,000); half to all of it, by server id. */
  readonly snapCount: number;
  /** How many nodes one slice of a snapshot holds at most. */
  readonly snapshotSliceNodesMax: number;
  /** How many bytes one slice of a snapshot holds at most, give or take a node. */
  readonly snapshotSliceBytesMax: number;
  /** Permissions are not checked (zookeeper.skipACL). */
  readonly skipAcl: boolean;
  /** base64(sha1(bytes)): the shell's, because nothing else here needs cryptography. */
  readonly sha1Base64: (bytes: Uint8Array) => string;
  /** `user:base64(sha1(user:password))` of who may do everything, or null (zookeeper.DigestAuthenticationProvider). */
  readonly superDigest: string | null;
  readonly admin: AdminConfig;
}

/** What the four-letter words tell that only the shell knows. */
export interface AdminConfig {
  /** Such as `3.9.4-zookafka`. */
  readonly version: string;
  /** `MM/DD/YYYY HH:MM GMT`: clients parse it. */
  readonly builtOn: string;
  /** The words that are answered; ZooKeeper's default is `srvr` alone. `*` allows all. */
  readonly whitelist: readonly string[];
  /** The lines of `envi` after the version, in order. */
  readonly environment?: readonly (readonly [name: string, value: string])[];
  /** The lines of `conf`, in order. */
  readonly configuration: readonly (readonly [name: string, value: string])[];
}

/** The names of a member's timers: Zab's, and the leader's look at the sessions. */
export type MemberTimer = ZabTimer | 'sessions';

/**
 * What happens to a member. Beside its own inputs it takes those of Zab that come from outside, unchanged.
 *
 * The shell numbers connections and never uses a number again. `wallMs` is wall time, for Stats.
 */
export type MemberInput =
  | { readonly kind: 'start'; readonly wallMs: number }
  | { readonly kind: 'clientConnected'; readonly connection: number; readonly address: string }
  /** The first frame of a connection. */
  | {
      readonly kind: 'connectRequest';
      readonly connection: number;
      readonly request: ConnectRequest;
      readonly wallMs: number;
    }
  /** Any later frame, of a connection that is not paused (what was decoded in the same turn may still come). */
  | {
      readonly kind: 'clientRequest';
      readonly connection: number;
      readonly xid: number;
      readonly request: Request;
      /** As it came, without its length: what follows its header is forwarded to the leader. */
      readonly frame: Uint8Array;
      readonly wallMs: number;
    }
  /** Also after `closeConnection`, where it changes nothing. */
  | { readonly kind: 'clientClosed'; readonly connection: number }
  /** A four-letter word; `connection` need not have been announced. */
  | { readonly kind: 'adminQuery'; readonly connection: number; readonly word: FourLetterWord }
  /** Answers `wantContinue`: one more slice of what is under way. */
  | { readonly kind: 'continue' }
  /** Answers `storeSnapshotCommit`: that snapshot will be there after a power cut. */
  | { readonly kind: 'snapshotStored'; readonly zxid: number }
  | { readonly kind: 'timer'; readonly timer: MemberTimer }
  | Extract<
      ZabInput,
      {
        readonly kind:
          | 'stop'
          | 'notification'
          | 'voteLinkUp'
          | 'linkOpened'
          | 'linkRefused'
          | 'linkMessage'
          | 'linkClosed'
          | 'durable';
      }
    >;

/** What goes to clients. */
export type ClientEffect =
  | {
      readonly kind: 'connectResponse';
      readonly connection: number;
      readonly response: ConnectResponse;
    }
  | { readonly kind: 'reply'; readonly connection: number; readonly reply: Reply }
  | {
      readonly kind: 'event';
      readonly connection: number;
      readonly event: WatcherEvent;
      readonly zxid: number;
    }
  /** The answer to `adminQuery`: after it the connection is closed. */
  | { readonly kind: 'adminReply'; readonly connection: number; readonly text: string }
  | {
      readonly kind: 'closeConnection';
      readonly connection: number;
      /** Whether what was sent to it before still goes out. */
      readonly afterFlush: boolean;
    }
  /** Read nothing from this socket until `resumeConnection`. */
  | { readonly kind: 'pauseConnection'; readonly connection: number }
  | { readonly kind: 'resumeConnection'; readonly connection: number };

/**
 * A snapshot of the tree for this member's own disk, written beside everything else. `Commit` makes it count and
 * is answered by `snapshotStored`; `Abort` drops it. `purge` then allows to remove older snapshots and logged
 * transactions up to `zxid`.
 */
export type StoreEffect =
  | { readonly kind: 'storeSnapshotBegin'; readonly zxid: number }
  | { readonly kind: 'storeSnapshotChunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'storeSnapshotCommit'; readonly zxid: number }
  | { readonly kind: 'storeSnapshotAbort' }
  | { readonly kind: 'purge'; readonly zxid: number };

/**
 * What a member wants done, in this order. Effects of Zab that concern links and disks pass through unchanged; an
 * `append` may stand for several, with the last one's token. Performed effects must leave the caller's array
 * before the next step.
 */
export type MemberEffect =
  | ClientEffect
  | StoreEffect
  /** Come back with `continue` when the sockets and disks that a snapshot goes to have room. */
  | { readonly kind: 'wantContinue' }
  | { readonly kind: 'setTimer'; readonly timer: MemberTimer; readonly delayMs: number }
  | { readonly kind: 'cancelTimer'; readonly timer: MemberTimer }
  | Extract<
      ZabEffect,
      {
        readonly kind:
          | 'sendNotification'
          | 'openLink'
          | 'closeLink'
          | 'send'
          | 'append'
          | 'truncate'
          | 'persistAcceptedEpoch'
          | 'persistCurrentEpoch'
          | 'installSnapshotBegin'
          | 'installSnapshotChunk'
          | 'installSnapshotEnd'
          | 'installSnapshotAbort';
      }
    >
  /** What the member now is: for the shell's metrics; nothing has to be done. */
  | Extract<ZabEffect, { readonly kind: 'role' }>
  | TraceEffect;
