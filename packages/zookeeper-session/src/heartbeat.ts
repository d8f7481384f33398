import { type SessionEffect } from './types.ts';

/** Source: ZooKeeper's client, which pings at least this often however long the timeout is. */
const pingMsMax = 10_000;

/**
 * The times of one connection: when to ping, and when silence means that it is dead.
 *
 * Source: ZooKeeper's client: a ping after a third of the session's timeout without sending, the end after two thirds
 * without hearing, so that there is time left to find another server.
 */
export class Heartbeat {
  private readonly pingMs: number;
  private readonly silenceMs: number;
  private lastSentMs: number;
  private lastHeardMs: number;

  constructor(timeoutMs: number, nowMs: number) {
    this.pingMs = Math.min(Math.max(1, Math.floor(timeoutMs / 3)), pingMsMax);
    this.silenceMs = Math.max(1, Math.floor((timeoutMs * 2) / 3));
    this.lastSentMs = nowMs;
    this.lastHeardMs = nowMs;
  }

  sent(nowMs: number): void {
    this.lastSentMs = nowMs;
  }

  heard(nowMs: number): void {
    this.lastHeardMs = nowMs;
  }

  /** @returns what is due now */
  due(nowMs: number): 'silence' | 'ping' | 'nothing' {
    if (nowMs - this.lastHeardMs >= this.silenceMs) return 'silence';
    return nowMs - this.lastSentMs >= this.pingMs ? 'ping' : 'nothing';
  }

  /** Asks to be woken when something may be due: never for each frame, so a busy connection sets few timers. */
  arm(nowMs: number, effects: SessionEffect[]): void {
    const dueMs = Math.min(this.lastSentMs + this.pingMs, this.lastHeardMs + this.silenceMs);
    effects.push({ kind: 'setTimer', timer: 'heartbeat', delayMs: Math.max(1, dueMs - nowMs) });
  }
}
