import { setTimeout as delay } from 'node:timers/promises';

/** Some lines: from `first`, counted from 1. */
export interface Lines {
  readonly first: number;
  readonly count: number;
}

/** So much of a share is let through in each `easeMs` that the load never ends while the share lasts. */
const easeMs = 8000;
const pollMs = 4;

/**
 * Lets lines through at a pace that keeps a producer busy through a whole act of torture, however long it takes: of what
 * is left of the act's share, always the same part a second.
 */
export class Pacer {
  private readonly total: number;
  private taken = 0;
  private shareFrom = 0;
  private shareTo = 0;
  private openedMs = 0;

  constructor(total: number) {
    this.total = total;
  }

  /** Opens the way for the lines up to `to`, bit by bit. */
  open(to: number): void {
    this.shareFrom = this.taken;
    this.shareTo = Math.min(to, this.total);
    this.openedMs = performance.now();
  }

  /** Opens the way for all that is left, at once. */
  openAll(): void {
    this.open(this.total);
    this.openedMs = -Infinity;
  }

  /** Waits for the next lines. @returns undefined after the last */
  async take(countMax: number): Promise<Lines | undefined> {
    while (this.taken < this.total) {
      const count = Math.min(countMax, this.allowed() - this.taken);
      if (count > 0) {
        const first = this.taken + 1;
        this.taken += count;
        return { first, count };
      }
      await delay(pollMs);
    }
    return undefined;
  }

  private allowed(): number {
    const part = 1 - Math.exp((this.openedMs - performance.now()) / easeMs);
    return this.shareFrom + Math.floor((this.shareTo - this.shareFrom) * part);
  }
}
