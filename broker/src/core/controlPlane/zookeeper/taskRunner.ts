import { assert } from '@zookafka/base';
import { errorCodes, type Request } from '@zookafka/zookeeper-wire';
import { ZookeeperAnswerError, type Answer, type Task } from './task.ts';

/** How many requests of this broker may wait for answers at once; the rest wait their turn. */
export const requestsInFlightMax = 128;

/** How a task ended: `lost` when an answer of it will never come, whatever became of the request. */
export type TaskEnd<Value> =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'lost' }
  | { readonly kind: 'failed'; readonly error: ZookeeperAnswerError };

/** A task under way, to be stopped by. */
export interface TaskHandle {
  readonly isOver: boolean;
  /** The task hears nothing more, and nobody hears of it. */
  stop(): void;
}

interface Batch {
  readonly run: Run;
  readonly requests: readonly Request[];
  readonly answers: Answer[];
  sent: number;
  answered: number;
}

interface Run {
  readonly task: Task<unknown>;
  readonly onEnd: (end: TaskEnd<unknown>) => void;
  isOver: boolean;
}

/** Codes that say that this session, or this connection of it, is not answered: like a lost answer. */
const lostCodes: ReadonlySet<number> = new Set([
  errorCodes.ConnectionLoss,
  errorCodes.SessionExpired,
  errorCodes.SessionMoved,
]);

/**
 * Runs tasks side by side over one session: takes turns between them request by request, so that a long read holds no
 * short write up, and keeps `requestsInFlightMax` under way.
 */
export class TaskRunner {
  private readonly send: (token: number, request: Request) => void;
  /** Batches with requests that were not sent yet. */
  private readonly waiting: Batch[] = [];
  private readonly inFlight = new Map<number, { readonly batch: Batch; readonly index: number }>();
  private tokenNext = 1;
  private isConnected = false;
  private isPumping = false;

  constructor(send: (token: number, request: Request) => void) {
    this.send = send;
  }

  get isReady(): boolean {
    return this.isConnected;
  }

  /** Starts a task. Without a connection it is lost at once. */
  run<Value>(task: Task<Value>, onEnd: (end: TaskEnd<Value>) => void): TaskHandle {
    const run: Run = { task, onEnd: onEnd as (end: TaskEnd<unknown>) => void, isOver: false };
    if (this.isConnected) this.resume(run, []);
    else this.end(run, { kind: 'lost' });
    return {
      get isOver() {
        return run.isOver;
      },
      stop: () => {
        run.isOver = true;
      },
    };
  }

  onConnected(): void {
    this.isConnected = true;
  }

  /** The connection is gone: what is under way, or has not left yet, is lost. */
  onDisconnected(): void {
    this.isConnected = false;
    const batches = [...this.waiting, ...[...this.inFlight.values()].map(({ batch }) => batch)];
    this.waiting.length = 0;
    this.inFlight.clear();
    for (const batch of batches) this.end(batch.run, { kind: 'lost' });
  }

  /** @param answer null when the answer will never come */
  onAnswer(token: number, answer: Answer | null): void {
    const found = this.inFlight.get(token);
    if (found === undefined) return;
    this.inFlight.delete(token);
    const { batch, index } = found;
    if (answer === null || lostCodes.has(answer.err)) this.end(batch.run, { kind: 'lost' });
    else {
      batch.answers[index] = answer;
      batch.answered++;
      if (batch.answered === batch.requests.length) this.resume(batch.run, batch.answers);
    }
    this.pump();
  }

  private resume(run: Run, answers: readonly Answer[]): void {
    if (run.isOver) return;
    const requests = this.advance(run, answers);
    if (requests === undefined) return;
    assert(requests.length > 0, 'A task asks something');
    this.waiting.push({ run, requests, answers: [], sent: 0, answered: 0 });
    this.pump();
  }

  private advance(run: Run, answers: readonly Answer[]): readonly Request[] | undefined {
    try {
      const step = run.task.next(answers);
      if (step.done !== true) return step.value;
      this.end(run, { kind: 'done', value: step.value });
    } catch (error) {
      if (!(error instanceof ZookeeperAnswerError)) throw error;
      this.end(run, { kind: 'failed', error });
    }
    return undefined;
  }

  private pump(): void {
    if (this.isPumping) return;
    this.isPumping = true;
    while (this.isConnected && this.inFlight.size < requestsInFlightMax) {
      const batch = this.waiting.shift();
      if (batch === undefined) break;
      if (batch.run.isOver) continue;
      const token = this.tokenNext++;
      const index = batch.sent++;
      this.inFlight.set(token, { batch, index });
      if (batch.sent < batch.requests.length) this.waiting.push(batch);
      this.send(token, batch.requests[index] as Request);
    }
    this.isPumping = false;
  }

  private end(run: Run, end: TaskEnd<unknown>): void {
    if (run.isOver) return;
    run.isOver = true;
    run.onEnd(end);
  }
}
