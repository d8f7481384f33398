/**
 * A protocol as a pure machine: inputs in, effects out.
 *
 * A machine has no clock, no chance of its own, no `await`, no log, no platform. Everything that it knows came
 * through its constructor or through `step`. So the same machine runs in a process, in the simulator, in a
 * model checker and in a page.
 *
 * Effects are pushed into the caller's array, not returned: measured, see the performance page.
 */
export interface Machine<Input, Effect> {
  /**
   * @param input what happened
   * @param nowMs monotonic time: never falls, has no relation to wall time
   * @param effects where the machine pushes what it wants done, in order
   */
  step(input: Input, nowMs: number, effects: Effect[]): void;
}

/**
 * A change worth remembering: of role, epoch, session, leadership or phase. Shells write these to
 * `events.jsonl`, the simulator into its history. `event` is a constant name, facts are plain data.
 */
export interface TraceEffect {
  readonly kind: 'trace';
  readonly event: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Runs one input and gives its effects: for tests and tools; hot paths reuse an array. */
export function effectsOf<Input, Effect>(
  machine: Machine<Input, Effect>,
  input: Input,
  nowMs: number,
): Effect[] {
  const effects: Effect[] = [];
  machine.step(input, nowMs, effects);
  return effects;
}
