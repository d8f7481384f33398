import { type RequestOf, type SessionId } from '@zookafka/zookeeper-wire';
import { type Connection, type PendingRequest } from './connection.ts';
import { type WriteRequest } from './requests.ts';

/** A request that becomes a transaction. */
export type ForwardableRequest = WriteRequest | RequestOf<'closeSession'>;

/**
 * Where this member's clients' writes go: to itself when it leads, else to its leader. Answers come later, as
 * committed transactions, or through `UpstreamAnswers`.
 */
export interface Upstream {
  createSession(connection: Connection): void;
  /** Asks whether a session that came to this member is alive, and makes this member its owner. */
  revalidate(connection: Connection): void;
  submit(connection: Connection, pending: PendingRequest, request: ForwardableRequest): void;
  sync(connection: Connection, pending: PendingRequest): void;
  /** The session gave a sign of life. */
  touch(connection: Connection): void;
}

/** What comes back from upstream beside transactions. */
export interface UpstreamAnswers {
  /** An answer to `revalidate`, or, unasked, that a session lives at another member now. */
  onRevalidated(session: SessionId, isValid: boolean): void;
  onSynced(session: SessionId, xid: number): void;
  /** The session's client went to another member. @param xid the write that was refused for it, or null */
  onMoved(session: SessionId, xid: number | null): void;
}

/** Whether a request becomes a transaction. */
export function isForwardable(request: { readonly op: string }): request is ForwardableRequest {
  switch (request.op) {
    case 'create':
    case 'create2':
    case 'delete':
    case 'setData':
    case 'setACL':
    case 'multi':
    case 'closeSession':
      return true;
    default:
      return false;
  }
}
