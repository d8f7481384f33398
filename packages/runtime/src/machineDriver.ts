import { assert, clearArray, type Machine, TimerQueue } from '@zookafka/base';
import { AloneGuess } from './aloneGuess.ts';
import { type Clock, processClock } from './clock.ts';

/** The effects that the driver performs itself. */
export type TimerEffect<Timer> =
  | { readonly kind: 'setTimer'; readonly timer: Timer; readonly delayMs: number }
  | { readonly kind: 'cancelTimer'; readonly timer: Timer };

/** The effects that are left to the shell. */
export type ShellEffect<Effect> = Exclude<
  Effect,
  { readonly kind: 'setTimer' } | { readonly kind: 'cancelTimer' }
>;

/** What a machine needs around it. */
export interface MachineDriverOptions<Input, Effect, Timer> {
  readonly machine: Machine<Input, Effect>;
  /** Makes the input that tells of a timer that is due. */
  readonly timerInput: (timer: Timer) => Input;
  /**
   * Performs what all inputs of one turn asked for, in order: one write a socket, one append a disk. The array
   * is reused: keep the effects, not the array.
   */
  readonly perform: (effects: readonly ShellEffect<Effect>[]) => void;
  /** The machine or the shell threw: the driver has stopped, and the node must, with a clear message. */
  readonly onCrash: (error: unknown) => void;
  readonly clock?: Clock;
  /** How many inputs may wait for their turn: more is a bug of a shell that does not hold its sockets back. */
  readonly inputCountMax?: number;
}

const inputCountMaxDefault = 1_000_000;
/** How often a turn goes on with what its own effects brought before sockets are looked at again. */
const roundCountMax = 8;
/** After so long without a turn the process slept: what woke it is most likely alone. */
const quietUs = 20;
/** What Node's timers take; a longer wait is set anew when it ends. */
const timeoutMsMax = 0x7fff_ffff;

/**
 * Runs a machine in a process: collects what one turn of the event loop brings, steps through it at one time, and
 * has the effects performed once.
 *
 *     sockets, disks ── submit ──▶ inputs ── setImmediate ──▶ step, step, … ──▶ perform(effects)
 *     one setTimeout ───────────────────────▶ due timers, after the inputs ──┘
 *
 * What is submitted while effects are performed (an append that is done) is stepped in the same turn: another turn would
 * cost a poll of all sockets each time, which one request alone waits for.
 *
 * Timers come behind the inputs of their turn, and a turn comes behind the sockets: a process that slept reads
 * what arrived meanwhile before it believes that nothing did.
 */
export class MachineDriver<Input, Effect extends { readonly kind: string }, Timer = string> {
  private readonly machine: Machine<Input, Effect>;
  private readonly options: MachineDriverOptions<Input, Effect, Timer>;
  private readonly clock: Clock;
  private readonly inputCountMax: number;
  private readonly timers = new TimerQueue<Timer>();
  private inputs: Input[] = [];
  private inputsSpare: Input[] = [];
  private readonly effects: Effect[] = [];
  private immediate: NodeJS.Immediate | undefined;
  private timeout: NodeJS.Timeout | undefined;
  private timeoutDueMs = Infinity;
  private turnEndUs = -Infinity;
  private readonly guess = new AloneGuess();
  /** Whether so far one socket brought all of the next turn. */
  private isAlone = false;
  private isRunning = false;
  private isGathering = false;
  private isStopped = false;

  constructor(options: MachineDriverOptions<Input, Effect, Timer>) {
    this.machine = options.machine;
    this.options = options;
    this.clock = options.clock ?? processClock;
    this.inputCountMax = options.inputCountMax ?? inputCountMaxDefault;
  }

  /** Gives the machine an input in the next turn. After `stop` it is dropped. */
  submit(input: Input): void {
    if (this.isStopped) return;
    this.inputs.push(input);
    if (this.inputs.length > this.inputCountMax) {
      this.crash(new Error(`Cannot go on: over ${this.inputCountMax} inputs wait for their turn`));
      return;
    }
    if (!this.isRunning && !this.isGathering) this.schedule();
  }

  /**
   * For a shell that submits all that one socket brought: the turn is run at once after a quiet time, when other sockets
   * most likely brought nothing. A request alone does not wait for a second way into JavaScript; under load, where
   * sockets come together, they share their turns.
   */
  gather(bring: () => void): void {
    if (this.isRunning || this.isGathering) {
      bring();
      return;
    }
    this.isGathering = true;
    try {
      bring();
    } finally {
      this.isGathering = false;
      if (this.inputs.length > 0) this.runSoon();
    }
  }

  /** Runs the turn now instead of at the end of this one. Not from inside `perform`. */
  drainNow(): void {
    assert(!this.isRunning, 'A turn does not begin inside another');
    this.turn();
  }

  /** No further step, no further effect, nothing that keeps the process alive. */
  stop(): void {
    this.isStopped = true;
    this.inputs = [];
    this.timers.clear();
    clearImmediate(this.immediate);
    clearTimeout(this.timeout);
  }

  private runSoon(): void {
    const isQuiet = this.clock.monotonicUs() - this.turnEndUs >= quietUs;
    if (this.immediate !== undefined || !isQuiet) {
      this.guess.onTogether();
      this.isAlone = false;
      this.schedule();
    } else if (this.guess.isLikely) {
      this.guess.onAlone();
      // Timers wait: what other sockets have brought meanwhile comes before them.
      this.turn(false);
    } else {
      this.isAlone = true;
      this.schedule();
    }
  }

  private schedule(): void {
    this.immediate ??= setImmediate(() => {
      this.turn();
    });
  }

  private turn(takesTimers = true): void {
    clearImmediate(this.immediate);
    this.immediate = undefined;
    if (this.isStopped) return;
    if (this.isAlone) this.guess.onAlone();
    this.isAlone = false;
    this.isRunning = true;
    try {
      this.runRounds(this.clock.monotonicMs(), takesTimers);
    } catch (error) {
      this.crash(error);
    } finally {
      clearArray(this.effects);
      this.isRunning = false;
    }
    if (this.inputs.length > 0) this.schedule();
    this.armTimeout();
    this.turnEndUs = this.clock.monotonicUs();
  }

  private runRounds(nowMs: number, takesTimers: boolean): void {
    for (let round = 0; round < roundCountMax; round++) {
      this.stepInputs(nowMs);
      if (takesTimers) this.stepTimers(nowMs);
      if (this.effects.length === 0) return;
      this.options.perform(this.effects as unknown as readonly ShellEffect<Effect>[]);
      clearArray(this.effects);
      if (this.inputs.length === 0) return;
    }
  }

  private stepInputs(nowMs: number): void {
    const inputs = this.inputs;
    this.inputs = this.inputsSpare;
    for (const input of inputs) this.step(input, nowMs);
    clearArray(inputs);
    this.inputsSpare = inputs;
  }

  private stepTimers(nowMs: number): void {
    for (;;) {
      const timer = this.timers.takeDue(nowMs);
      if (timer === undefined) return;
      this.step(this.options.timerInput(timer), nowMs);
    }
  }

  private step(input: Input, nowMs: number): void {
    const effects = this.effects;
    const start = effects.length;
    this.machine.step(input, nowMs, effects);
    // A machine may have joined an effect to an earlier one, so it may have fewer now: look at what is new.
    let kept = Math.min(start, effects.length);
    for (let index = kept; index < effects.length; index++) {
      const effect = effects[index] as Effect;
      if (!this.takeTimer(effect, nowMs)) effects[kept++] = effect;
    }
    if (kept < effects.length) effects.length = kept;
  }

  private takeTimer(effect: Effect, nowMs: number): boolean {
    if (effect.kind === 'setTimer') {
      const { timer, delayMs } = effect as unknown as { timer: Timer; delayMs: number };
      assert(delayMs >= 0, 'A delay is 0 or more', { timer, delayMs });
      // A delay of 0 still waits for the next millisecond: a turn always ends.
      this.timers.set(timer, nowMs + Math.max(1, Math.ceil(delayMs)));
      return true;
    }
    if (effect.kind !== 'cancelTimer') return false;
    this.timers.cancel((effect as unknown as { timer: Timer }).timer);
    return true;
  }

  private armTimeout(): void {
    if (this.isStopped) return;
    const dueMs = this.timers.nextDueMs ?? Infinity;
    // One that rings too early costs an empty turn, less than setting it anew at every change.
    if (dueMs >= this.timeoutDueMs) return;
    clearTimeout(this.timeout);
    this.timeoutDueMs = dueMs;
    const waitMs = Math.max(0, dueMs - this.clock.monotonicMs());
    this.timeout = setTimeout(
      () => {
        this.timeoutDueMs = Infinity;
        this.schedule();
      },
      Math.min(waitMs, timeoutMsMax),
    );
  }

  private crash(error: unknown): void {
    if (this.isStopped) return;
    this.stop();
    this.options.onCrash(error);
  }
}
