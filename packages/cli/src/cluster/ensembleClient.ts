import { Prng } from '@zookafka/base';
import { connectTcp, MachineDriver, type TcpConnection } from '@zookafka/runtime';
import {
  type SessionEffect,
  type SessionInput,
  type SessionOutcome,
  type SessionRequest,
  type SessionTimer,
  type WatchEffect,
  ZookeeperSession,
} from '@zookafka/zookeeper-session';
import { errorName, type ResponseOf } from '@zookafka/zookeeper-wire';
import { failedError } from '../failure.ts';

/** How to reach an ensemble. */
export interface EnsembleClientOptions {
  /** `host:port,…` */
  readonly connect: string;
  readonly timeoutMs?: number;
  readonly onEvent?: (event: WatchEffect) => void;
}

const sessionTimeoutMsDefault = 10_000;
const connectTimeoutMs = 2000;
/** How long an answer is waited for: an ensemble without a leader gives none. */
const answerTimeoutMs = 15_000;
/** How long it is tried while nobody listens at any address: a member that is restarted is back sooner. */
const absenceMsMax = 3000;

/** A session over plain TCP with promises: for commands that ask a few things and end. */
export class EnsembleClient {
  private readonly driver: MachineDriver<SessionInput, SessionEffect, SessionTimer>;
  private readonly onEvent: (event: WatchEffect) => void;
  private readonly hosts: readonly string[];
  private readonly waiting = new Map<number, Waiting>();
  private connection: { readonly id: number; readonly tcp: TcpConnection } | undefined;
  private tokenNext = 1;
  /** What the last attempt to connect to an address came to, where that was not an answer. */
  private readonly troubles = new Map<string, Error>();
  /** When somebody last listened at one of the addresses. */
  private presentMs = performance.now();
  private onEnded: () => void = () => undefined;

  constructor({ connect, timeoutMs, onEvent }: EnsembleClientOptions) {
    this.onEvent = onEvent ?? ((): void => undefined);
    this.hosts = connect.split(',');
    this.driver = new MachineDriver<SessionInput, SessionEffect, SessionTimer>({
      machine: new ZookeeperSession({
        hosts: this.hosts,
        timeoutMs: timeoutMs ?? sessionTimeoutMsDefault,
        prng: new Prng(Math.floor(Math.random() * 2 ** 32)),
        reconnectMsMax: 100,
      }),
      timerInput: (timer) => ({ kind: 'timer', timer }),
      perform: (effects) => {
        for (const effect of effects) this.perform(effect);
      },
      onCrash: (error) => {
        throw error;
      },
    });
    this.driver.submit({ kind: 'start' });
  }

  /**
   * Asks one thing.
   *
   * @throws {CommandError} FAILED when nobody answers in time
   */
  outcomeOf(request: SessionRequest): Promise<SessionOutcome> {
    const token = this.tokenNext++;
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(() => {
        this.give(token, failedError(this.noAnswerSentence(answerTimeoutMs)));
      }, answerTimeoutMs);
      this.waiting.set(token, { timeout, resolve, reject });
      this.driver.submit({ kind: 'request', token, request });
    });
  }

  /** The answer itself. @throws {CommandError} FAILED naming the path and ZooKeeper's error */
  async ask<Op extends SessionRequest['op']>(
    request: Extract<SessionRequest, { readonly op: Op }>,
  ): Promise<AnswerOf<Op>> {
    const outcome = await this.outcomeOf(request);
    if (outcome.kind === 'ok') return outcome.response as AnswerOf<Op>;
    const path = 'path' in request ? `: ${request.path}` : '';
    throw failedError(
      outcome.kind === 'unknown'
        ? `The connection was lost before the answer came; whether it was done is not known${path}`
        : `${sentenceOf(outcome.code)}${path}`,
    );
  }

  /** The data of a node, or undefined where there is none. */
  async dataOf(path: string): Promise<AnswerOf<'getData'> | undefined> {
    const outcome = await this.outcomeOf({ op: 'getData', path, watch: false });
    return outcome.kind === 'ok' ? (outcome.response as AnswerOf<'getData'>) : undefined;
  }

  /** The children of a node, sorted; none where there is no node. */
  async childrenOf(path: string): Promise<readonly string[]> {
    const outcome = await this.outcomeOf({ op: 'getChildren', path, watch: false });
    if (outcome.kind !== 'ok') return [];
    return [...(outcome.response as AnswerOf<'getChildren'>).children].sort();
  }

  /** Ends the session. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.onEnded = () => {
        this.driver.stop();
        this.connection?.tcp.close();
        resolve();
      };
      this.driver.submit({ kind: 'close' });
    });
  }

  private perform(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'connect':
        this.connect(effect.connection, effect.host);
        return;
      case 'disconnect':
        if (this.connection?.id === effect.connection) this.connection.tcp.destroy();
        return;
      case 'send':
        if (this.connection?.id === effect.connection) this.connection.tcp.write(effect.bytes);
        return;
      case 'reply':
        this.give(effect.token, effect.outcome);
        return;
      case 'event':
        this.onEvent(effect);
        return;
      case 'state':
        if (effect.state === 'closed' || effect.state === 'expired') this.onEnded();
        return;
      default:
        return;
    }
  }

  private give(token: number, result: SessionOutcome | Error): void {
    const waiting = this.waiting.get(token);
    if (waiting === undefined) return;
    this.waiting.delete(token);
    clearTimeout(waiting.timeout);
    if (result instanceof Error) waiting.reject(result);
    else waiting.resolve(result);
  }

  private noAnswerSentence(afterMs: number): string {
    const troubles = [...this.troubles.values()].map(({ message }) => message);
    const facts = troubles.length === 0 ? '' : ` (${troubles.join('; ')})`;
    return `The ensemble did not answer within ${afterMs / 1000} s: has it a leader?${facts}`;
  }

  /** Nobody listens anywhere, and has not for a while: further waiting helps nobody. */
  private giveUpIfAbsent(): void {
    const isAbsent = this.hosts.every((host) => isRefusal(this.troubles.get(host)));
    if (!isAbsent || performance.now() - this.presentMs < absenceMsMax) return;
    const error = failedError(this.noAnswerSentence(absenceMsMax));
    for (const token of [...this.waiting.keys()]) this.give(token, error);
  }

  private connect(connection: number, address: string): void {
    const at = address.lastIndexOf(':');
    const host = address.slice(0, at).replaceAll(/[[\]]/g, '');
    const port = Number(address.slice(at + 1));
    const tcp = connectTcp(
      { host, port, timeoutMs: connectTimeoutMs },
      {
        onOpen: () => {
          this.driver.submit({ kind: 'connected', connection });
        },
        onData: (bytes) => {
          this.troubles.delete(address);
          this.driver.submit({ kind: 'received', connection, bytes });
        },
        onClose: (error) => {
          const closed = new Error(`${address} took the connection and closed it`);
          if (!isRefusal(error)) this.presentMs = performance.now();
          this.troubles.set(address, error ?? closed);
          this.giveUpIfAbsent();
          this.driver.submit({ kind: 'disconnected', connection });
        },
      },
    );
    this.connection = { id: connection, tcp };
  }
}

function isRefusal(error: Error | undefined): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED';
}

interface Waiting {
  readonly timeout: NodeJS.Timeout;
  readonly resolve: (outcome: SessionOutcome) => void;
  readonly reject: (error: Error) => void;
}

/** What answers a request of this operation. */
export type AnswerOf<Op> = Op extends
  | 'getData'
  | 'getChildren'
  | 'getChildren2'
  | 'exists'
  | 'create'
  | 'setData'
  | 'delete'
  | 'addWatch'
  ? ResponseOf<Op>
  : never;

const sentences: Readonly<Record<string, string>> = {
  NoNode: 'Node does not exist',
  NodeExists: 'Node already exists',
  NotEmpty: 'Node not empty',
  BadVersion: 'Version does not match',
  BadArguments: 'Path or arguments are not valid',
  NoAuth: 'Insufficient permission',
  NoChildrenForEphemerals: 'Ephemerals cannot have children',
};

function sentenceOf(code: number): string {
  const name = errorName(code);
  return sentences[name] ?? `The ensemble refused (${name}, ${code})`;
}
