import { type Machine, TimerQueue } from '@zookafka/base';
import { type World } from './world.ts';

/** What every effect has. */
interface AnyEffect {
  readonly kind: string;
}

/**
 * One process of the simulated world: runs a machine, its timers, and stalls while it is paused. A killed process
 * hears of nothing that was on its way to it; its next life is another one.
 */
export abstract class SimulatedNode<Input extends AnyEffect, Effect extends AnyEffect> {
  readonly name: string;
  protected readonly world: World;
  /** Grows with each start and each kill. */
  life = 0;
  private machine: Machine<Input, Effect> | undefined;
  private timers = new TimerQueue<string>();
  private isPaused = false;
  private stalled: (() => void)[] = [];
  private isStepping = false;
  /** What came while the machine was at work. */
  private inputs: Input[] = [];
  private wakeAtMs = Infinity;

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
  }

  get isUp(): boolean {
    return this.machine !== undefined;
  }

  get isRunning(): boolean {
    return this.isUp && !this.isPaused;
  }

  protected begin(machine: Machine<Input, Effect>): void {
    this.machine = machine;
    this.timers = new TimerQueue();
    this.life++;
    this.isPaused = false;
    this.stalled = [];
    this.inputs = [];
    this.world.history.add(this.world.nowMs, `${this.name} starts`);
  }

  protected end(): void {
    this.machine = undefined;
    this.life++;
    this.stalled = [];
    this.inputs = [];
  }

  pause(): void {
    this.isPaused = true;
    this.world.history.add(this.world.nowMs, `${this.name} is paused`);
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.world.history.add(this.world.nowMs, `${this.name} goes on`);
    const stalled = this.stalled;
    this.stalled = [];
    for (const run of stalled) run();
    if (this.isUp) this.ringDue();
  }

  /** Gives the machine an input now, or when it goes on. */
  feed(input: Input): void {
    const { life } = this;
    this.whenRunning(() => {
      if (life === this.life) this.step(input);
    });
  }

  /** Runs something of this process now, or when it goes on. */
  whenRunning(run: () => void): void {
    if (this.isPaused) this.stalled.push(run);
    else if (this.isUp) run();
  }

  /** Has something of this life happen later. */
  later(delayMs: number, run: () => void): void {
    const { life } = this;
    this.world.after(delayMs, () => {
      if (life !== this.life) return;
      this.whenRunning(() => {
        if (life === this.life) run();
      });
    });
  }

  protected abstract perform(effect: Effect): void;
  protected abstract timerInput(timer: string): Input;
  /** Called after each step. */
  protected abstract afterStep(): void;

  private step(input: Input): void {
    const { machine } = this;
    if (machine === undefined) return;
    if (this.isStepping) {
      this.inputs.push(input);
      return;
    }
    this.isStepping = true;
    this.stepOnce(machine, input);
    this.isStepping = false;
    const next = this.inputs.shift();
    if (next !== undefined) this.step(next);
  }

  private stepOnce(machine: Machine<Input, Effect>, input: Input): void {
    const effects: Effect[] = [];
    this.world.history.addStep(this.world.nowMs, this.name, input);
    machine.step(input, this.world.nowMs, effects);
    for (const effect of effects) {
      if (effect.kind === 'setTimer') {
        const { timer, delayMs } = effect as unknown as { timer: string; delayMs: number };
        this.timers.set(timer, this.world.nowMs + Math.max(1, Math.ceil(delayMs)));
      } else if (effect.kind === 'cancelTimer') {
        this.timers.cancel((effect as unknown as { timer: string }).timer);
      } else if (effect.kind === 'trace') this.onTrace(effect);
      else this.perform(effect);
    }
    this.afterStep();
    this.arm();
  }

  private onTrace(effect: AnyEffect): void {
    const { event, facts } = effect as unknown as { event: string; facts: object };
    this.world.history.add(this.world.nowMs, `${this.name} ${event} ${JSON.stringify(facts)}`);
    this.traced(event, facts as Readonly<Record<string, unknown>>);
  }

  /** Told of every event that the machine traced. */
  protected abstract traced(event: string, facts: Readonly<Record<string, unknown>>): void;

  private arm(): void {
    const dueMs = this.timers.nextDueMs ?? Infinity;
    if (dueMs >= this.wakeAtMs && this.wakeAtMs > this.world.nowMs) return;
    if (dueMs === Infinity) return;
    this.wakeAtMs = dueMs;
    this.later(dueMs - this.world.nowMs, () => {
      this.wakeAtMs = Infinity;
      this.ringDue();
    });
  }

  private ringDue(): void {
    for (;;) {
      const timer = this.timers.takeDue(this.world.nowMs);
      if (timer === undefined) break;
      this.step(this.timerInput(timer));
    }
    this.wakeAtMs = Infinity;
    this.arm();
  }
}
