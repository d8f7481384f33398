import { type ApiName, type RequestBody, type ResponseOf } from '@zookafka/kafka-wire';
import { type CallTarget } from '../core/index.ts';
import { ClientError, parseAddresses } from './clientError.ts';
import { ClientShell, type ClientEvent } from './clientShell.ts';

/** Whom an administrator asks. */
export interface AdminOptions {
  /** `host:port,…` */
  readonly bootstrap: string;
  readonly clientId?: string;
  readonly requestTimeoutMs?: number;
}

interface Waiting {
  readonly resolve: (body: ResponseOf<ApiName>) => void;
  readonly reject: (error: Error) => void;
}

const requestTimeoutMsDefault = 30_000;

/** Asks brokers one thing at a time: any API, sent to whom it must be sent. */
export class Admin {
  private readonly shell: ClientShell;
  private readonly waiting = new Map<number, Waiting>();
  private tokenNext = 1;
  private ended: Error | undefined;

  /** @throws {ClientError} BAD_ADDRESS */
  constructor({ bootstrap, clientId = 'zookafka-admin', requestTimeoutMs }: AdminOptions) {
    this.shell = new ClientShell({
      clientId,
      config: {
        bootstrap: parseAddresses(bootstrap),
        requestTimeoutMs: requestTimeoutMs ?? requestTimeoutMsDefault,
        producer: undefined,
        consumer: undefined,
        group: undefined,
      },
      onEvent: (event) => {
        this.onEvent(event);
      },
      onCrash: (error) => {
        this.end(error as Error);
      },
    });
  }

  /**
   * Sends one request and waits for its answer.
   *
   * @throws {ClientError} NO_ANSWER, that whom to ask cannot be reached, or CLOSED
   */
  call<Api extends ApiName>(
    api: Api,
    body: RequestBody<Api>,
    target: CallTarget = { kind: 'any' },
  ): Promise<ResponseOf<Api>> {
    const token = this.tokenNext++;
    return new Promise((resolve, reject) => {
      if (this.ended !== undefined) {
        reject(this.ended);
        return;
      }
      this.waiting.set(token, {
        resolve: (answer) => {
          resolve(answer);
        },
        reject,
      });
      this.shell.submit({ kind: 'call', token, target, api, body: body as RequestBody<ApiName> });
    });
  }

  /** What was not answered is never known. */
  close(): void {
    this.shell.stop();
    const message = 'Cannot wait for the answer: the client was closed';
    this.end(new ClientError({ code: 'CLOSED', message }, true));
  }

  private end(error: Error): void {
    this.ended ??= error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  private onEvent(event: ClientEvent): void {
    if (event.kind !== 'called') return;
    const waiting = this.waiting.get(event.token);
    this.waiting.delete(event.token);
    const { outcome } = event;
    if (outcome.kind === 'answered') waiting?.resolve(outcome.body);
    else waiting?.reject(new ClientError(outcome.refusal, outcome.isUnknown));
  }
}
