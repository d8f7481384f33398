import { TimerQueue } from '@zookafka/base';
import { type GroupCoordinatorPort } from '../groupPort.ts';
import { type Group } from './group.ts';
import { type Member } from './member.ts';

/** What may become due: compared by identity, so whoever sets it keeps it. */
export type GroupTimer =
  | { readonly kind: 'session'; readonly group: Group; readonly member: Member }
  /** A member id that was given out and not used. */
  | { readonly kind: 'pending'; readonly group: Group; readonly memberId: string }
  /** Members that have not joined again are not waited for any longer. */
  | { readonly kind: 'join'; readonly group: Group }
  /** Members that have not asked for their assignment are not waited for any longer. */
  | { readonly kind: 'sync'; readonly group: Group }
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
