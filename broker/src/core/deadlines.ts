import { TimerQueue } from '@zookafka/base';
import { type BrokerContext } from './context.ts';

/** Something that waits until a time at most. */
export interface Expirable {
  onDeadline(): void;
}

/** The shell's timer behind all deadlines of a broker. */
export const deadlineTimer = 'deadline';

/** All that a broker waits for with a limit: one queue, one timer of the shell. */
export class Deadlines {
  private readonly context: BrokerContext;
  private readonly queue = new TimerQueue<Expirable>();
  private armedMs = Infinity;

  constructor(context: BrokerContext) {
    this.context = context;
  }

  get count(): number {
    return this.queue.count;
  }

  set(waiting: Expirable, delayMs: number): void {
    this.queue.set(waiting, this.context.nowMs + delayMs);
  }

  /** @returns when this one is due, or undefined */
  dueMsOf(waiting: Expirable): number | undefined {
    return this.queue.dueMsOf(waiting);
  }

  cancel(waiting: Expirable): void {
    this.queue.cancel(waiting);
  }

  /** The shell's timer rang. */
  onTimer(): void {
    this.armedMs = Infinity;
    for (;;) {
      const waiting = this.queue.takeDue(this.context.nowMs);
      if (waiting === undefined) return;
      waiting.onDeadline();
    }
  }

  /** At the end of each step: one that rings too early costs less than setting it anew at each change. */
  arm(): void {
    const dueMs = this.queue.nextDueMs;
    if (dueMs === undefined || dueMs >= this.armedMs) return;
    this.armedMs = dueMs;
    const delayMs = Math.max(0, dueMs - this.context.nowMs);
    this.context.emit({ kind: 'setTimer', timer: deadlineTimer, delayMs });
  }
}
