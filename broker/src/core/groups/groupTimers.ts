import { TimerQueue } from '@zookafka/base';
import { type GroupCoordinatorPort } from '../groupPort.ts';
import { type PendingTimer, type RoundTimer } from './group.ts';
import { type SessionTimer } from './member.ts';

/** What may become due: compared by identity, so whoever sets it keeps it. */
export type GroupTimer =
  | SessionTimer
  | PendingTimer
  | RoundTimer
  | { readonly kind: 'load'; readonly partition: number }
  | { readonly kind: 'expiry' };

/** The port's timer behind all. */
export const groupTimerName = 'groups';

/** All that groups wait for: one queue, one timer of the broker. */
export class GroupTimers {
  private readonly port: GroupCoordinatorPort;
  private readonly queue = new TimerQueue<GroupTimer>();
  private armedMs = Infinity;

  constructor(port: GroupCoordinatorPort) {
    this.port = port;
  }

  get count(): number {
    return this.queue.count;
  }

  has(timer: GroupTimer): boolean {
    return this.queue.dueMsOf(timer) !== undefined;
  }

  /** Replaces what was set for this timer. @param delayMs counts as 1 where it is less */
  after(timer: GroupTimer, delayMs: number): void {
    this.queue.set(timer, this.port.nowMs + Math.max(1, delayMs));
    this.arm();
  }

  cancel(timer: GroupTimer): void {
    this.queue.cancel(timer);
  }

  /** The broker's timer rang. @param onDue told each that is due, in order */
  ring(onDue: (timer: GroupTimer) => void): void {
    this.armedMs = Infinity;
    for (;;) {
      const timer = this.queue.takeDue(this.port.nowMs);
      if (timer === undefined) break;
      onDue(timer);
    }
    this.arm();
  }

  /** One that rings too early costs less than setting it anew at each heartbeat. */
  private arm(): void {
    const dueMs = this.queue.nextDueMs;
    if (dueMs === undefined || dueMs >= this.armedMs) return;
    this.armedMs = dueMs;
    this.port.setTimer(groupTimerName, Math.max(0, dueMs - this.port.nowMs));
  }
}
