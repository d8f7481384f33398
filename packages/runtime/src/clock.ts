import { hrtime } from 'node:process';

/** Where a shell takes its time from. */
export interface Clock {
  /**
   * Whole milliseconds that never fall and have no relation to the calendar: what machines are given as `nowMs`.
   * The processes of one computer share it.
   */
  monotonicMs(): number;
  /** The same in microseconds, with what they have of a fraction. */
  monotonicUs(): number;
  /** Milliseconds since 1970, as the calendar has them: only for what is shown or stored as a date. */
  wallMs(): number;
}

/** The clock of this computer. */
export const processClock: Clock = {
  monotonicMs: () => {
    const [seconds, nanoseconds] = hrtime();
    return seconds * 1000 + Math.floor(nanoseconds / 1_000_000);
  },
  monotonicUs: () => {
    const [seconds, nanoseconds] = hrtime();
    return seconds * 1_000_000 + nanoseconds / 1000;
  },
  wallMs: () => Date.now(),
};
