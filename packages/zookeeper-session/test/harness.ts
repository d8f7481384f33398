import { ByteWriter, Prng } from '@zookafka/base';
import {
  type ConnectRequest,
  decodeConnectRequest,
  decodeRequestFrame,
  FrameSplitter,
  type Reply,
  type Request,
  type SessionId,
  sessionIdOf,
  writeConnectResponseFrame,
  writeEventFrame,
  writeReplyFrame,
} from '@zookafka/zookeeper-wire';
import {
  type SessionEffect,
  type SessionInput,
  type SessionOptions,
  type SessionRequest,
  ZookeeperSession,
} from '../src/index.ts';

/** A frame that a client sent. */
export type Sent =
  | { readonly kind: 'connect'; readonly request: ConnectRequest }
  | { readonly kind: 'request'; readonly xid: number; readonly request: Request };

export const sessionId: SessionId = sessionIdOf(0x0100_0000, 7);
export const password = Uint8Array.from({ length: 16 }, (_none, index) => index + 1);

type EffectOf<Kind extends SessionEffect['kind']> = Extract<SessionEffect, { kind: Kind }>;

/** One session in the hands of a test, which plays the network, the clock and the server. */
export class Harness {
  readonly session: ZookeeperSession;
  nowMs = 1_000_000;
  /** What the last input made the session want. */
  effects: SessionEffect[] = [];
  connection = 0;
  /** What came of the sends of the last input. */
  sent: Sent[] = [];
  private isFirstFrame = true;
  private tokenNext = 1;

  constructor(options: Partial<SessionOptions> = {}) {
    this.session = new ZookeeperSession({
      hosts: ['one:1'],
      timeoutMs: 9000,
      prng: new Prng(1),
      ...options,
    });
  }

  step(input: SessionInput): this {
    this.effects = [];
    this.sent = [];
    this.session.step(input, this.nowMs, this.effects);
    for (const effect of this.effects) {
      if (effect.kind === 'connect') {
        this.connection = effect.connection;
        this.isFirstFrame = true;
      }
      if (effect.kind === 'send') this.onSend(effect.bytes);
    }
    return this;
  }

  /** Connects, shakes hands, and forgets what was sent for that. */
  connect(timeOut = 9000): this {
    return this.step({ kind: 'start' }).accept(timeOut);
  }

  /** Accepts the connection that the session asked for. */
  accept(timeOut = 9000): this {
    return this.opened().answerConnect(timeOut);
  }

  opened(): this {
    return this.step({ kind: 'connected', connection: this.connection });
  }

  answerConnect(timeOut: number, readOnly: boolean | null = false): this {
    const isAlive = timeOut > 0;
    return this.receive((writer) => {
      writeConnectResponseFrame(writer, {
        protocolVersion: 0,
        timeOut,
        sessionId: isAlive ? sessionId : sessionIdOf(0, 0),
        passwd: isAlive ? password : new Uint8Array(16),
        readOnly,
      });
    });
  }

  receive(write: (writer: ByteWriter) => void): this {
    const writer = new ByteWriter();
    write(writer);
    return this.step({ kind: 'received', connection: this.connection, bytes: writer.finish() });
  }

  reply(...replies: Reply[]): this {
    return this.receive((writer) => {
      for (const reply of replies) writeReplyFrame(writer, reply);
    });
  }

  event(type: number, path: string, zxid = -1): this {
    return this.receive((writer) => {
      writeEventFrame(writer, { type, state: 3, path }, zxid);
    });
  }

  request(request: SessionRequest): number {
    const token = this.tokenNext++;
    this.step({ kind: 'request', token, request });
    return token;
  }

  cut(): this {
    return this.step({ kind: 'disconnected', connection: this.connection });
  }

  timer(timer: 'connect' | 'reconnect' | 'heartbeat'): this {
    return this.step({ kind: 'timer', timer });
  }

  /** Cuts, and connects again. */
  reconnect(): this {
    return this.cut().timer('reconnect').accept();
  }

  of<Kind extends SessionEffect['kind']>(kind: Kind): EffectOf<Kind>[] {
    return this.effects.filter((effect): effect is EffectOf<Kind> => effect.kind === kind);
  }

  get states(): string[] {
    return this.of('state').map(({ state }) => state);
  }

  get outcomes(): unknown[] {
    return this.of('reply').map(({ token, outcome }) => [
      token,
      outcome.kind === 'error' ? outcome.code : outcome.kind,
    ]);
  }

  get events(): string[] {
    return this.of('event').map(({ type, path }) => `${type} ${path}`);
  }

  private onSend(bytes: Uint8Array): void {
    const frames: Uint8Array[] = [];
    new FrameSplitter().push(bytes, frames);
    for (const frame of frames) {
      if (this.isFirstFrame) {
        this.sent.push({ kind: 'connect', request: decodeConnectRequest(frame) });
        this.isFirstFrame = false;
        continue;
      }
      const { header, request } = decodeRequestFrame(frame);
      this.sent.push({ kind: 'request', xid: header.xid, request });
    }
  }
}
