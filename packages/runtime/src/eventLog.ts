import { closeSync, openSync, writeSync } from 'node:fs';
import { type TraceEffect } from '@zookafka/base';
import { type Clock, processClock } from './clock.ts';

/** One line of an events file. */
export interface EventLine {
  /** To the microsecond; comparable between the processes of one computer. */
  readonly monotonicMs: number;
  /** ISO 8601, in UTC. */
  readonly wallTime: string;
  readonly node: string;
  readonly event: string;
  readonly [fact: string]: unknown;
}

/** Where events go. */
export interface EventLogOptions {
  readonly file: string;
  readonly node: string;
  readonly clock?: Clock;
  /** The disk refused: events are lost from here on, the node goes on without. */
  readonly onError?: (error: unknown) => void;
}

/**
 * The changes of role, epoch, session, leadership and phase of one node: `events.jsonl`, one object a line.
 * Lines of a turn are written together; `flush` and `close` write at once, so a crash loses none that was flushed.
 */
export class EventLog {
  private readonly node: string;
  private readonly clock: Clock;
  private readonly onError: (error: unknown) => void;
  private descriptor: number | undefined;
  private lines: string[] = [];
  private immediate: NodeJS.Immediate | undefined;

  constructor({ file, node, clock = processClock, onError = () => undefined }: EventLogOptions) {
    this.node = node;
    this.clock = clock;
    this.onError = onError;
    this.descriptor = openSync(file, 'a');
  }

  /** Notes an event. Facts named like the line's own fields give way to those. */
  record({ event, facts }: Pick<TraceEffect, 'event' | 'facts'>): void {
    if (this.descriptor === undefined) return;
    const line: EventLine = {
      monotonicMs: Math.floor(this.clock.monotonicUs()) / 1000,
      wallTime: new Date(this.clock.wallMs()).toISOString(),
      node: this.node,
      event,
    };
    this.lines.push(JSON.stringify({ ...line, ...facts, ...line }));
    this.immediate ??= setImmediate(() => {
      this.flush();
    });
  }

  /** Writes what waits. */
  flush(): void {
    clearImmediate(this.immediate);
    this.immediate = undefined;
    if (this.lines.length === 0 || this.descriptor === undefined) return;
    const text = `${this.lines.join('\n')}\n`;
    this.lines = [];
    try {
      writeSync(this.descriptor, text);
    } catch (error) {
      this.abandon();
      this.onError(error);
    }
  }

  close(): void {
    this.flush();
    this.abandon();
  }

  private abandon(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }
}
