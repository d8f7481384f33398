import { Prng } from '@zookafka/base';
import { History } from './history.ts';

interface Event {
  readonly atMs: number;
  /** What was scheduled first happens first. */
  readonly order: number;
  readonly run: () => void;
}

/** Wall time at the beginning: what a Stat or a record shows. */
const wallStartMs = 1_767_225_600_000;

/**
 * Virtual time and everything that is going to happen in it. One seed, one history: nothing here asks the platform
 * for anything, and what happens at the same millisecond happens in the order in which it was scheduled.
 */
export class World {
  nowMs = 0;
  readonly history = new History();
  private readonly prng: Prng;
  private heap: Event[] = [];
  private orderNext = 0;

  constructor(seed: number) {
    this.prng = new Prng(seed);
  }

  get wallMs(): number {
    return wallStartMs + this.nowMs;
  }

  /** A source of chance of its own: what one part draws does not move what another draws. */
  chanceFor(): Prng {
    return this.prng.fork();
  }

  /** Has `run` happen in `delayMs`, a whole number of 0 or more. */
  after(delayMs: number, run: () => void): void {
    const event = { atMs: this.nowMs + Math.ceil(delayMs), order: this.orderNext++, run };
    this.heap.push(event);
    this.siftUp(this.heap.length - 1);
  }

  /** Lets happen what is due until `endMs`. */
  runUntil(endMs: number): void {
    for (
      let first = this.heap[0];
      first !== undefined && first.atMs <= endMs;
      first = this.heap[0]
    ) {
      this.pop();
      this.nowMs = Math.max(this.nowMs, first.atMs);
      first.run();
    }
    this.nowMs = Math.max(this.nowMs, endMs);
  }

  private pop(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    this.heap[0] = last;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= this.heap.length) break;
      const right = this.heap[child + 1];
      if (right !== undefined && isBefore(right, this.heap[child] as Event)) child++;
      const below = this.heap[child] as Event;
      if (!isBefore(below, last)) break;
      this.heap[index] = below;
      index = child;
    }
    this.heap[index] = last;
  }

  private siftUp(start: number): void {
    const event = this.heap[start] as Event;
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.heap[parent] as Event;
      if (!isBefore(event, above)) break;
      this.heap[index] = above;
      index = parent;
    }
    this.heap[index] = event;
  }
}

function isBefore(left: Event, right: Event): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}
