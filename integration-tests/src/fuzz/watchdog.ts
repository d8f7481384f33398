import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const pauseMs = 10;

/** How a client was answered. */
export interface Answers {
  readonly answers: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** When the slowest answer came: wall time, as events name it. */
  readonly slowestEnd: string;
}

/** A client that behaves well, and how long it waits while others do not. */
export class Watchdog {
  readonly answerMs: number[] = [];
  private readonly done: Promise<void>;
  private isStopping = false;
  private slowest = { ms: 0, endMs: 0 };

  /** @param ask asks one thing; rejects when the answer is not right */
  constructor(ask: (turn: number) => Promise<void>) {
    this.done = this.run(ask);
    // It is awaited in `stop`.
    this.done.catch(() => undefined);
  }

  /** Ends without waiting for an answer that may never come. */
  abandon(): void {
    this.isStopping = true;
  }

  /** Ends. Rejects with what the client was told wrongly. */
  async stop(): Promise<Answers> {
    this.isStopping = true;
    await this.done;
    const sorted = [...this.answerMs].sort((left, right) => left - right);
    return {
      answers: sorted.length,
      p50Ms: rounded(sorted[Math.floor(sorted.length * 0.5)] ?? 0),
      p99Ms: rounded(sorted[Math.floor(sorted.length * 0.99)] ?? 0),
      maxMs: rounded(this.slowest.ms),
      slowestEnd: new Date(this.slowest.endMs).toISOString(),
    };
  }

  private async run(ask: (turn: number) => Promise<void>): Promise<void> {
    for (let turn = 0; !this.isStopping; turn++) {
      const startMs = performance.now();
      await ask(turn);
      const ms = performance.now() - startMs;
      this.answerMs.push(ms);
      if (ms > this.slowest.ms) this.slowest = { ms, endMs: Date.now() };
      await delay(pauseMs);
    }
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/** The memory of a process that is not shared with files, in bytes; undefined where /proc does not tell. */
export function memoryOf(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kib = /^RssAnon:\s+(\d+) kB$/m.exec(text)?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}
