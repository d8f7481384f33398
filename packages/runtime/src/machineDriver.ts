import { TimerQueue, type Machine } from '@zookafka/base';
import { systemClock, type Clock } from './clock.ts';

/** What a driver needs to run a machine. */
export interface DriverOptions<Input, Effect> {
  readonly machine: Machine<Input, Effect>;
  /**
   * Carries out everything that one turn gave, in order. May call `submit`, `setTimer`, `cancelTimer`; must not
   * keep the array.
   */
  readonly perform: (effects: readonly Effect[], nowMs: number) => void;
  /** The input that tells the machine of a timer. */
  readonly timerInput: (timer: string) => Input;
  /** The machine or the shell threw: the node must stop. Called once; nothing runs after it. */
  readonly onCrash: (error: unknown) => void;
  readonly clock?: Clock;
}

/**
 * Runs one machine in a process: gathers what a turn of the event loop brought, gives the machine all of it, then
 * lets the shell perform all effects at once, so that it can make one write a socket and one append a disk.
 */
export class MachineDriver<Input, Effect> {
  private readonly options: DriverOptions<Input, Effect>;
  private readonly clock: Clock;
  private inputs: Input[] = [];
  private spare: Input[] = [];
  private readonly effects: Effect[] = [];
  private readonly timers = new TimerQueue<string>();
  private timeout: NodeJS.Timeout | undefined;
  private timeoutDueMs = Infinity;
  private isScheduled = false;
  private isStopped = false;

  constructor(options: DriverOptions<Input, Effect>) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
  }

  /** Takes an input: the machine sees it before this turn of the event loop ends. */
  submit(input: Input): void {
    if (this.isStopped) return;
    this.inputs.push(input);
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.turn();
    });
  }

  /** Lets the machine know when the time has come; replaces the timer of this name. */
  setTimer(timer: string, delayMs: number): void {
    this.timers.set(timer, this.clock.monotonicMs() + delayMs);
  }

  cancelTimer(timer: string): void {
    this.timers.cancel(timer);
  }

  /** After this nothing is given to the machine, and nothing is performed. */
  stop(): void {
    this.isStopped = true;
    this.inputs = [];
    this.timers.clear();
    clearTimeout(this.timeout);
  }

  private turn(): void {
    this.isScheduled = false;
    if (this.isStopped) return;
    try {
      this.runInputs();
    } catch (error) {
      this.stop();
      this.options.onCrash(error);
    }
  }

  private runInputs(): void {
    const { machine, perform } = this.options;
    const nowMs = this.clock.monotonicMs();
    const inputs = this.inputs;
    this.inputs = this.spare;
    for (const input of inputs) machine.step(input, nowMs, this.effects);
    inputs.length = 0;
    this.spare = inputs;
    perform(this.effects, nowMs);
    this.effects.length = 0;
    this.armTimeout(nowMs);
  }

  private armTimeout(nowMs: number): void {
    // `perform` may have stopped the driver.
    if (this.isStopped) return;
    const dueMs = this.timers.nextDueMs ?? Infinity;
    // An earlier timeout than needed only looks and arms again: cheaper than cancelling at every turn.
    if (dueMs >= this.timeoutDueMs) return;
    clearTimeout(this.timeout);
    this.timeoutDueMs = dueMs;
    // Timeouts of Node may come a fraction of a millisecond early.
    this.timeout = setTimeout(
      () => {
        this.onTimeout();
      },
      Math.max(0, dueMs - nowMs) + 1,
    );
  }

  private onTimeout(): void {
    this.timeoutDueMs = Infinity;
    const nowMs = this.clock.monotonicMs();
    for (
      let timer = this.timers.takeDue(nowMs);
      timer !== undefined;
      timer = this.timers.takeDue(nowMs)
    ) {
      this.submit(this.options.timerInput(timer));
    }
    this.armTimeout(nowMs);
  }
}
