import { hrtime } from 'node:process';

/** The two clocks of a process. */
export interface Clock {
  /** Never falls; whole milliseconds since some moment that all processes of this machine share. */
  monotonicMs(): number;
  /** Milliseconds since 1970: may jump. */
  wallMs(): number;
}

/** The platform's clocks. The monotonic one is the machine's, so that events of several processes can be merged. */
export const systemClock: Clock = {
  monotonicMs: () => Math.floor(monotonicUs() / 1000),
  wallMs: () => Date.now(),
};

/** Microseconds of the monotonic clock, with the resolution that events need. */
export function monotonicUs(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e6 + Math.floor(nanoseconds / 1000);
}
