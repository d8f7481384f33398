import { appendFileSync } from 'node:fs';

import { type TraceEffect } from '@zookafka/base';
import { monotonicUs } from './clock.ts';

/**
 * A node's `events.jsonl`: its changes of role, epoch, session, leadership and phase, a line each, with the
 * machine's monotonic time (so that the files of several nodes can be merged) and wall time.
 */
export class EventLog {
  private readonly path: string;
  private readonly node: string;
  private lines: string[] = [];

  constructor({ path, node }: { readonly path: string; readonly node: string }) {
    this.path = path;
    this.node = node;
  }

  /** Adds an event; `flush` writes it. */
  add({ event, facts }: Pick<TraceEffect, 'event' | 'facts'>): void {
    const line = {
      monotonicMs: monotonicUs() / 1000,
      wallTime: new Date().toISOString(),
      node: this.node,
      event,
      ...facts,
    };
    this.lines.push(`${JSON.stringify(line)}\n`);
  }

  /** Writes what was added: once a turn. A full disk loses events, not the node. */
  flush(): void {
    if (this.lines.length === 0) return;
    const text = this.lines.join('');
    this.lines = [];
    try {
      appendFileSync(this.path, text);
    } catch {
      // The node's own writes find out about the disk, and stop it.
    }
  }
}
