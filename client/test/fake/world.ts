import { Prng, TimerQueue } from '@zookafka/base';

/** Virtual time: what is due is done in order, and nothing takes any time by itself. */
export class World {
  nowMs = 1000;
  readonly prng: Prng;
  private readonly queue = new TimerQueue<{ readonly run: () => void }>();

  constructor(seed = 1) {
    this.prng = new Prng(seed);
  }

  after(delayMs: number, run: () => void): void {
    this.queue.set({ run }, this.nowMs + delayMs);
  }

  /** Lets time pass. */
  run(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const dueMs = this.queue.nextDueMs;
      if (dueMs === undefined || dueMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.queue.takeDue(this.nowMs)?.run();
    }
    this.nowMs = endMs;
  }

  /** Lets time pass until something holds. */
  until(what: string, holds: () => boolean, msMax = 60_000): void {
    const endMs = this.nowMs + msMax;
    while (!holds()) {
      if (this.nowMs >= endMs) throw new Error(`Not within ${msMax} ms: ${what}`);
      const dueMs = this.queue.nextDueMs ?? endMs;
      this.run(Math.min(Math.max(0, dueMs - this.nowMs), endMs - this.nowMs));
    }
  }
}
