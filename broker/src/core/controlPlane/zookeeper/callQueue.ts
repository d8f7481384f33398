import { type Task } from './task.ts';
import { type TaskEnd, type TaskRunner } from './taskRunner.ts';

/** How many calls of a broker may be unanswered. */
export const callsMax = 10_000;

/** How a call ended: `lost` when its session ended first and the call was not to outlive it. */
export type CallEnd<Value> = TaskEnd<Value>;

interface Call {
  readonly start: (isRetry: boolean) => Task<unknown>;
  readonly onEnd: (end: CallEnd<unknown>) => void;
  readonly isOfSession: boolean;
  isRetry: boolean;
  isRunning: boolean;
}

/**
 * What the rest of the broker asks of the ensemble. A call whose answer was lost is asked again with the next connection,
 * as a retry: its task then looks what became of the first.
 */
export class CallQueue {
  private readonly runner: TaskRunner;
  private readonly calls = new Set<Call>();
  /** Whether the broker is registered, with this connection. */
  private isReady = false;

  constructor(runner: TaskRunner) {
    this.runner = runner;
  }

  /** @returns false, and nothing is asked, when too many calls are unanswered */
  call<Value>(
    start: (isRetry: boolean) => Task<Value>,
    onEnd: (end: CallEnd<Value>) => void,
    isOfSession = false,
  ): boolean {
    if (this.calls.size >= callsMax) return false;
    const end = onEnd as (end: CallEnd<unknown>) => void;
    const call: Call = { start, onEnd: end, isOfSession, isRetry: false, isRunning: false };
    this.calls.add(call);
    if (this.isReady) this.run(call);
    return true;
  }

  /** The broker is registered: whatever waits, or was lost, is asked now. */
  onReady(): void {
    this.isReady = true;
    for (const call of [...this.calls]) this.run(call);
  }

  /** Without a connection calls wait. */
  onDisconnected(): void {
    this.isReady = false;
  }

  /** The session is over: calls of it end as lost. */
  onSessionOver(): void {
    for (const call of [...this.calls]) {
      if (!call.isOfSession) continue;
      this.calls.delete(call);
      call.onEnd({ kind: 'lost' });
    }
  }

  private run(call: Call): void {
    if (call.isRunning) return;
    const task = call.start(call.isRetry);
    call.isRetry = true;
    call.isRunning = true;
    this.runner.run(task, (end) => {
      call.isRunning = false;
      if (end.kind === 'lost' || !this.calls.delete(call)) return;
      call.onEnd(end);
    });
  }
}
