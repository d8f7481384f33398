import { type ApplicationMessage } from '@zookafka/zab';
import {
  encodeRecord,
  operationCode,
  requestType,
  type TouchedSession,
} from '@zookafka/zookeeper-wire';
import { type Connection, type PendingRequest } from './connection.ts';
import { type MemberContext } from './context.ts';
import { type ForwardableRequest, type Upstream, type UpstreamAnswers } from './upstream.ts';
import { type ZabPort } from './zabPort.ts';

/**
 * What a member does while it follows: hands its clients' writes to the leader, and with every ping tells which
 * sessions gave a sign of life.
 */
export class LearnerDuties implements Upstream {
  private readonly context: MemberContext;
  private readonly zab: ZabPort;
  private readonly answers: UpstreamAnswers;
  /** Since the last ping; each connection stands here once. */
  private touched: Connection[] = [];

  constructor(context: MemberContext, zab: ZabPort, answers: UpstreamAnswers) {
    this.context = context;
    this.zab = zab;
    this.answers = answers;
  }

  createSession(connection: Connection): void {
    const body = encodeRecord('CreateSessionTxn', { timeOut: connection.timeoutMs });
    this.forward(connection, { cxid: 0, op: createSessionCode, body });
  }

  revalidate({ session, timeoutMs }: Connection): void {
    this.zab.sendApplication('leader', { kind: 'revalidate', sessionId: session, timeoutMs });
  }

  submit(connection: Connection, pending: PendingRequest, request: ForwardableRequest): void {
    this.touch(connection);
    const body = pending.frame.subarray(requestHeaderBytes);
    this.forward(connection, { cxid: pending.xid, op: requestType(request), body });
  }

  sync(connection: Connection, { xid, frame }: PendingRequest): void {
    this.touch(connection);
    this.forward(connection, {
      cxid: xid,
      op: syncCode,
      body: frame.subarray(requestHeaderBytes),
    });
  }

  touch(connection: Connection): void {
    if (connection.isTouched) return;
    connection.isTouched = true;
    this.touched.push(connection);
  }

  /** The leader's message. */
  onMessage(message: ApplicationMessage): void {
    switch (message.kind) {
      case 'ping':
        this.onPing();
        return;
      case 'revalidated':
        this.answers.onRevalidated(message.sessionId, message.isValid);
        return;
      case 'sync':
        this.answers.onSynced(message.sessionId, message.cxid);
        return;
      default:
      // The others are a learner's own messages: a leader that sends them is not listened to.
    }
  }

  private onPing(): void {
    const touched: TouchedSession[] = [];
    for (const connection of this.touched) {
      connection.isTouched = false;
      touched.push({ sessionId: connection.session, timeoutMs: connection.timeoutMs });
    }
    this.touched = [];
    const zxid = this.context.lastZxid;
    this.zab.sendApplication('leader', { kind: 'pingReply', zxid, touched });
  }

  private forward({ session, ids }: Connection, what: ForwardedPart): void {
    const message = { kind: 'request', sessionId: session, authInfo: ids, ...what } as const;
    this.zab.sendApplication('leader', message);
  }
}

interface ForwardedPart {
  readonly cxid: number;
  readonly op: number;
  readonly body: Uint8Array;
}

/** Of the frame of a request: xid and type. */
const requestHeaderBytes = 8;
const createSessionCode = operationCode('createSession');
const syncCode = operationCode('sync');
