import { type TraceEffect } from '@zookafka/base';
import {
  type ElectionNotification,
  type ForwardedRequest,
  type LearnerMessage,
  type PingReply,
  type RevalidatedMessage,
  type RevalidateMessage,
  type SyncMessage,
  type ZxidMessage,
} from '@zookafka/zookeeper-wire';

/** What a member is told once, at its start. Times in milliseconds, limits in ticks. */
export interface ZabConfig {
  readonly serverId: number;
  /** Every member that votes, this one included; the same list on all of them. */
  readonly voters: readonly number[];
  /** Told to learners, which refuse a leader of another ensemble; null: not known yet. */
  readonly ensembleId: string | null;
  readonly tickMs: number;
  /** Silence that a learner and its leader bear until UPTODATE, and how long a leader looks for followers. */
  readonly initLimitTicks: number;
  /** Silence that they bear after it. */
  readonly syncLimitTicks: number;
  /** How many delivered transactions stay in memory, for learners that lag. */
  readonly committedLogCountMax: number;
  /** How many bytes of them. */
  readonly committedLogBytesMax: number;
  /** How many bytes stay in memory while a snapshot is being streamed: a learner behind that is cut off. */
  readonly pinnedLogBytesMax: number;
  /** How long a quorum of votes waits for a better one. */
  readonly finalizeWaitMs: number;
  /** The first and the last wait of an election that hears nothing: each is twice the one before. */
  readonly resendMsMin: number;
  readonly resendMsMax: number;
  /** How often, and after what pause, a follower dials a leader that does not answer. */
  readonly connectAttemptsMax: number;
  readonly connectRetryMs: number;
}

/** One logged transaction. The bytes are never looked at, never copied. */
export interface LogEntry {
  readonly zxid: number;
  readonly bytes: Uint8Array;
}

/** What a member finds on its disk. An empty member has 0 everywhere and no log. */
export interface RecoveredState {
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  /** The last transaction that the tree which the application loaded contains. */
  readonly snapshotZxid: number;
  /** What was logged after that, in order. */
  readonly log: readonly LogEntry[];
  /** A hint: nothing above it is known to be committed. May be old. */
  readonly committedZxid: number;
}

/** The names of a member's timers: setting one again replaces it. */
export type ZabTimer = 'finalize' | 'resend' | 'connect' | 'silence' | 'tick' | 'initLimit';

/** What a member is doing. */
export type ZabRole = 'looking' | 'following' | 'leading';

/**
 * What happens to a member.
 *
 * Links are those between learner and leader: the caller names each by a number that it never uses again, and
 * keeps the order of messages on each. Notifications travel elsewhere and may be lost, doubled or late.
 */
export type ZabInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
  | {
      readonly kind: 'notification';
      readonly from: number;
      readonly notification: ElectionNotification;
    }
  /** Notifications can reach this peer (again): it is sent the vote anew. */
  | { readonly kind: 'voteLinkUp'; readonly peer: number }
  | {
      readonly kind: 'linkOpened';
      readonly link: number;
      readonly serverId: number;
      readonly outgoing: boolean;
    }
  /** What `openLink` asked for did not come about. */
  | { readonly kind: 'linkRefused'; readonly serverId: number }
  | { readonly kind: 'linkMessage'; readonly link: number; readonly message: LearnerMessage }
  /** Also after `closeLink`, where it changes nothing. */
  | { readonly kind: 'linkClosed'; readonly link: number }
  /** What carried this token is on the disk, and all that was emitted with an earlier one. */
  | { readonly kind: 'durable'; readonly token: number }
  | { readonly kind: 'timer'; readonly timer: ZabTimer }
  /** Only on a leader that serves, with the zxid that `nextZxid()` gave. */
  | { readonly kind: 'propose'; readonly zxid: number; readonly bytes: Uint8Array }
  /** Dropped when there is no link to the receiver: its connection is lost, and the sender will learn it. */
  | {
      readonly kind: 'sendApplication';
      readonly to: number | 'leader';
      readonly message: ApplicationMessage;
    }
  | { readonly kind: 'snapshotChunk'; readonly link: number; readonly bytes: Uint8Array }
  | { readonly kind: 'snapshotDone'; readonly link: number };

/** What members' applications say to each other over the links of Zab. */
export type ApplicationMessage =
  ForwardedRequest | RevalidateMessage | RevalidatedMessage | SyncMessage | PingReply | PingMessage;

/** The leader is alive. */
export type PingMessage = ZxidMessage & { readonly kind: 'ping' };

/**
 * What a member wants done, in this order.
 *
 * What carries a token is written to disk; tokens rise by one, writes keep their order, and each is answered
 * by `durable` (one answer may cover many). Nothing is waited for but by the machine itself.
 */
export type ZabEffect =
  | {
      readonly kind: 'sendNotification';
      readonly to: number;
      readonly notification: ElectionNotification;
    }
  /** Dial this member's quorum port; answered by `linkOpened` or `linkRefused`. */
  | { readonly kind: 'openLink'; readonly to: number }
  | { readonly kind: 'closeLink'; readonly link: number }
  | { readonly kind: 'send'; readonly link: number; readonly message: LearnerMessage }
  | {
      readonly kind: 'append';
      readonly token: number;
      readonly entries: readonly LogEntry[];
      /** The hint of `RecoveredState`, to be written along. */
      readonly committedZxid: number;
    }
  /** Cut off every logged transaction above `zxid`. */
  | { readonly kind: 'truncate'; readonly token: number; readonly zxid: number }
  | { readonly kind: 'persistAcceptedEpoch'; readonly token: number; readonly epoch: number }
  | { readonly kind: 'persistCurrentEpoch'; readonly token: number; readonly epoch: number }
  /** Apply to the tree: committed, in the order of zxids, each once from the recovered snapshot on. */
  | { readonly kind: 'deliver'; readonly zxid: number; readonly bytes: Uint8Array }
  /**
   * Stream the tree as it is at `zxid`, the last that was delivered, to a learner: inputs `snapshotChunk`, then
   * `snapshotDone`. Stop when the link is gone.
   */
  | { readonly kind: 'takeSnapshot'; readonly link: number; readonly zxid: number }
  /** A snapshot arrives beside the tree; `End` replaces log and tree at once, on disk too; `Abort` drops it. */
  | { readonly kind: 'installSnapshotBegin'; readonly zxid: number }
  | { readonly kind: 'installSnapshotChunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'installSnapshotEnd'; readonly token: number; readonly zxid: number }
  | { readonly kind: 'installSnapshotAbort' }
  | RoleEffect
  /**
   * From a learner (by its server id) or the leader. A `ping` from the leader is to be answered by
   * `sendApplication` of a `pingReply` with the sessions that were touched since the last one.
   */
  | {
      readonly kind: 'application';
      readonly from: number | 'leader';
      readonly message: ApplicationMessage;
    }
  | { readonly kind: 'setTimer'; readonly timer: ZabTimer; readonly delayMs: number }
  | { readonly kind: 'cancelTimer'; readonly timer: ZabTimer }
  | TraceEffect;

/**
 * What the member now is. Serving begins, by a second effect, for a leader when a quorum acknowledged NEWLEADER
 * and for a follower at UPTODATE; everything committed by then was delivered before it.
 */
export interface RoleEffect {
  readonly kind: 'role';
  readonly role: ZabRole;
  /** Whom it follows; itself when it leads; null while it looks. */
  readonly leader: number | null;
  /** Its currentEpoch: the epoch that it serves in; before that the one whose history it has. */
  readonly epoch: number;
  readonly serving: boolean;
}
