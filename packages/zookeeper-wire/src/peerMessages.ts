import { type SessionId } from './sessionId.ts';

/** What a member is to the ensemble: participants vote, observers only follow. */
export type PeerRole = 'participant' | 'observer';

/** What a member is doing, as its notifications claim. Numbers on the wire: 0, 1, 2, 3. */
export type PeerState = 'looking' | 'following' | 'leading' | 'observing';

/** The first message on a connection between members: who speaks, and of which ensemble. */
export interface PeerHello {
  readonly kind: 'hello';
  readonly protocolVersion: number;
  /** null: an empty member, which adopts the other's ensemble. */
  readonly ensembleId: string | null;
  readonly serverId: number;
  readonly role: PeerRole;
}

/** One vote of the fast leader election. */
export interface ElectionNotification {
  readonly kind: 'notification';
  readonly state: PeerState;
  /** The server that the sender votes for, or follows. */
  readonly leader: number;
  /** The last zxid of the server voted for; -1 is never counted. */
  readonly zxid: number;
  /** The sender's logical clock: counts rounds of elections, not epochs of Zab. */
  readonly electionEpoch: number;
  /** The currentEpoch of the server voted for. */
  readonly peerEpoch: number;
}

/** An authenticated identity: of a connection, or in an access list. */
export interface AuthId {
  readonly scheme: string;
  readonly id: string;
}

/** A session and the timeout that was agreed for it. */
export interface TouchedSession {
  readonly sessionId: SessionId;
  readonly timeoutMs: number;
}

/** A client's request on its way to the leader (REQUEST). */
export interface ForwardedRequest {
  readonly kind: 'request';
  readonly sessionId: SessionId;
  readonly cxid: number;
  /** The code of the operation. */
  readonly op: number;
  readonly authInfo: readonly AuthId[];
  /** The request's record: a view, which lives as long as the message it came in. */
  readonly body: Uint8Array;
}

/** A transaction to be logged (PROPOSAL), or for observers one already committed (INFORM). */
export interface ProposalMessage {
  readonly kind: 'proposal' | 'inform';
  readonly zxid: number;
  /** TxnHeader and transaction: a view, which lives as long as the message it came in. */
  readonly transaction: Uint8Array;
}

/** What names one zxid and nothing else. `ping` is the leader's; DIFF, TRUNC and SNAP begin a synchronization. */
export interface ZxidMessage {
  readonly kind: 'ack' | 'commit' | 'ping' | 'diff' | 'trunc' | 'snap';
  readonly zxid: number;
}

/** What says everything by its kind: UPTODATE, and the end of a snapshot. */
export interface BareMessage {
  readonly kind: 'upToDate' | 'snapEnd';
}

/** A learner's answer to a ping: the sessions that sent anything since the last one. */
export interface PingReply {
  readonly kind: 'pingReply';
  readonly zxid: number;
  readonly touched: readonly TouchedSession[];
}

/** A learner asks whether a session that came to it is alive, and becomes its owner if it is (REVALIDATE). */
export interface RevalidateMessage {
  readonly kind: 'revalidate';
  readonly sessionId: SessionId;
  readonly timeoutMs: number;
}

/** The leader's answer to `revalidate`. */
export interface RevalidatedMessage {
  readonly kind: 'revalidated';
  readonly sessionId: SessionId;
  readonly isValid: boolean;
}

/** The leader's answer to a forwarded `sync`: everything that was committed before it has been sent by now. */
export interface SyncMessage {
  readonly kind: 'sync';
  readonly sessionId: SessionId;
  readonly cxid: number;
}

/** A learner introduces itself: the highest epoch that it promised (FOLLOWERINFO, OBSERVERINFO). */
export interface LearnerInfoMessage {
  readonly kind: 'followerInfo' | 'observerInfo';
  readonly acceptedEpoch: number;
  readonly serverId: number;
  readonly protocolVersion: number;
}

/** The epoch that the leader proposes to lead (LEADERINFO). */
export interface LeaderInfoMessage {
  readonly kind: 'leaderInfo';
  readonly epoch: number;
  /** The ensemble's id, which an empty member persists beside acceptedEpoch; null when there is none yet. */
  readonly ensembleId: string | null;
}

/** A learner accepts the epoch (ACKEPOCH): its history, and whether it counts. */
export interface AckEpochMessage {
  readonly kind: 'ackEpoch';
  readonly lastZxid: number;
  /** -1: the epoch had been accepted before; does not count towards the quorum. */
  readonly currentEpoch: number;
}

/** The end of a synchronization: acknowledged when the history is durable (NEWLEADER). */
export interface NewLeaderMessage {
  readonly kind: 'newLeader';
  readonly epoch: number;
}

/** A part of the snapshot that `snap` announced: a view. */
export interface SnapChunkMessage {
  readonly kind: 'snapChunk';
  readonly bytes: Uint8Array;
}

/** What leader and learner say to each other. */
export type LearnerMessage =
  | ForwardedRequest
  | ProposalMessage
  | ZxidMessage
  | BareMessage
  | PingReply
  | RevalidateMessage
  | RevalidatedMessage
  | SyncMessage
  | LearnerInfoMessage
  | LeaderInfoMessage
  | AckEpochMessage
  | NewLeaderMessage
  | SnapChunkMessage;

/** Everything that members say to each other. */
export type PeerMessage = PeerHello | ElectionNotification | LearnerMessage;
