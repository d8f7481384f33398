import { type Machine } from '@zookafka/base';
import {
  type Clock,
  MachineDriver,
  type MachineDriverOptions,
  type TimerEffect,
} from '../src/index.ts';

type Input =
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'timer'; readonly timer: string };
type Effect = { readonly kind: 'said'; readonly text: string } | TimerEffect<string>;

type Step = (input: Input, nowMs: number, effects: Effect[]) => void;

function driverOf(
  step: Step,
  options: Partial<MachineDriverOptions<Input, Effect, string>> = {},
): MachineDriver<Input, Effect> {
  const machine: Machine<Input, Effect> = { step };
  return new MachineDriver<Input, Effect>({
    machine,
    timerInput: (timer) => ({ kind: 'timer', timer }),
    perform: () => undefined,
    onCrash: (error) => {
      throw error;
    },
    ...options,
  });
}

const echo: Step = (input, _nowMs, effects) => {
  effects.push({ kind: 'said', text: input.kind === 'say' ? input.text : `timer ${input.timer}` });
};

/** `start` sets a timer that `heard` cancels. */
const startsSilence: Step = (input, nowMs, effects) => {
  echo(input, nowMs, effects);
  if (input.kind !== 'say') return;
  if (input.text === 'start') effects.push({ kind: 'setTimer', timer: 'silence', delayMs: 10 });
  if (input.text === 'heard') effects.push({ kind: 'cancelTimer', timer: 'silence' });
};

function clockOf(time: { readonly ms: number }): Clock {
  return { monotonicMs: () => time.ms, monotonicUs: () => time.ms * 1000, wallMs: () => 0 };
}

describe('MachineDriver', () => {
  it('performs once a turn what all inputs of the turn asked for', async () => {
    const turns: string[][] = [];
    await new Promise<void>((resolve) => {
      const driver = driverOf(echo, {
        perform: (effects) => {
          turns.push(effects.map(({ text }) => text));
          if (turns.length === 1) driver.submit({ kind: 'say', text: 'c' });
          else resolve();
        },
      });
      driver.submit({ kind: 'say', text: 'a' });
      driver.submit({ kind: 'say', text: 'b' });
    });
    expect(turns).toEqual([['a', 'b'], ['c']]);
  });

  it('goes on in the same turn with what performing brought, up to a bound', async () => {
    const said: string[] = [];
    const driver = driverOf(echo, {
      perform: (effects) => {
        said.push(...effects.map(({ text }) => text));
        if (said.length < 20) driver.submit({ kind: 'say', text: String(said.length) });
      },
    });
    driver.submit({ kind: 'say', text: '0' });
    driver.drainNow();
    expect(said).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(said).toHaveLength(16);
    driver.stop();
  });

  it('runs the turn at once when one socket brought something after a quiet time, else with what others bring', async () => {
    let nowUs = 1000;
    const turns: string[][] = [];
    const driver = driverOf(echo, {
      clock: { monotonicMs: () => nowUs / 1000, monotonicUs: () => nowUs, wallMs: () => 0 },
      perform: (effects) => turns.push(effects.map(({ text }) => text)),
    });
    const bring = (...texts: string[]): void => {
      driver.gather(() => {
        for (const text of texts) driver.submit({ kind: 'say', text });
      });
    };
    bring('a', 'b');
    expect(turns).toEqual([['a', 'b']]);
    nowUs += 5;
    bring('c');
    nowUs += 1000;
    bring('d');
    bring();
    expect(turns).toHaveLength(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(turns).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    driver.stop();
  });

  it('waits for the other sockets while they come together, and no more when they come alone', async () => {
    let nowUs = 0;
    let count = 0;
    const driver = driverOf(echo, {
      clock: { monotonicMs: () => nowUs / 1000, monotonicUs: () => nowUs, wallMs: () => 0 },
      perform: () => count++,
    });
    const bring = (): boolean => {
      const before = count;
      driver.gather(() => {
        driver.submit({ kind: 'say', text: 'a' });
      });
      return count > before;
    };
    const wake = async (sockets: number): Promise<boolean> => {
      nowUs += 1000;
      let isAtOnce = false;
      for (let socket = 0; socket < sockets; socket++) isAtOnce = bring() || isAtOnce;
      await new Promise((resolve) => setImmediate(resolve));
      return isAtOnce;
    };
    expect(await wake(1)).toBe(true);
    for (let round = 0; round < 10; round++) await wake(3);
    expect(await wake(3)).toBe(false);
    for (let round = 0; round < 40; round++) await wake(1);
    expect(await wake(1)).toBe(true);
    driver.stop();
  });

  it('believes what other sockets bring before a timer, also after a quiet time', () => {
    const said: string[] = [];
    const time = { ms: 0 };
    const driver = driverOf(startsSilence, {
      clock: clockOf(time),
      perform: (effects) => said.push(...effects.map(({ text }) => text)),
    });
    driver.submit({ kind: 'say', text: 'start' });
    driver.drainNow();
    time.ms = 50;
    for (const text of ['other', 'heard']) {
      driver.gather(() => {
        driver.submit({ kind: 'say', text });
      });
    }
    driver.drainNow();
    expect(said).toEqual(['start', 'other', 'heard']);
    driver.stop();
  });

  it('drains at once when it is told to', () => {
    const said: string[] = [];
    const driver = driverOf(echo, {
      perform: (effects) => said.push(...effects.map(({ text }) => text)),
    });
    driver.submit({ kind: 'say', text: 'a' });
    driver.drainNow();
    expect(said).toEqual(['a']);
    driver.stop();
  });

  it('rings timers in order, drops those that were cancelled, and hides them from the shell', async () => {
    const said: string[] = [];
    await new Promise<void>((resolve) => {
      const driver = driverOf(
        (input, nowMs, effects) => {
          echo(input, nowMs, effects);
          if (input.kind !== 'say') return;
          effects.push({ kind: 'setTimer', timer: 'late', delayMs: 6 });
          effects.push({ kind: 'setTimer', timer: 'soon', delayMs: 2 });
          effects.push({ kind: 'setTimer', timer: 'never', delayMs: 1 });
          effects.push({ kind: 'cancelTimer', timer: 'never' });
        },
        {
          perform: (effects) => {
            said.push(...effects.map(({ text }) => text));
            if (said.includes('timer late')) resolve();
          },
        },
      );
      driver.submit({ kind: 'say', text: 'go' });
    });
    expect(said).toEqual(['go', 'timer soon', 'timer late']);
  });

  it('believes an input before a timer that became due in the same turn', () => {
    const said: string[] = [];
    const time = { ms: 0 };
    const driver = driverOf(startsSilence, {
      clock: clockOf(time),
      perform: (effects) => said.push(...effects.map(({ text }) => text)),
    });
    driver.submit({ kind: 'say', text: 'start' });
    driver.drainNow();
    time.ms = 50;
    driver.submit({ kind: 'say', text: 'heard' });
    driver.drainNow();
    expect(said).toEqual(['start', 'heard']);
    driver.stop();
  });

  it('lets a machine join an effect to an earlier one of the turn', () => {
    const said: string[] = [];
    const driver = driverOf(
      (input, _nowMs, effects) => {
        if (input.kind !== 'say') return;
        const last = effects.pop();
        const before = last?.kind === 'said' ? last.text : '';
        effects.push({ kind: 'said', text: before + input.text });
      },
      { perform: (effects) => said.push(...effects.map(({ text }) => text)) },
    );
    for (const text of ['a', 'b', 'c']) driver.submit({ kind: 'say', text });
    driver.drainNow();
    expect(said).toEqual(['abc']);
    driver.stop();
  });

  it('stops and tells when the machine throws', () => {
    const crashes: unknown[] = [];
    const bug = new Error('a bug');
    let performed = 0;
    const driver = driverOf(
      () => {
        throw bug;
      },
      { onCrash: (error) => crashes.push(error), perform: () => performed++ },
    );
    driver.submit({ kind: 'say', text: 'x' });
    driver.drainNow();
    driver.submit({ kind: 'say', text: 'y' });
    driver.drainNow();
    expect(crashes).toEqual([bug]);
    expect(performed).toBe(0);
  });

  it('stops when too many inputs wait', () => {
    const crashes: unknown[] = [];
    const driver = driverOf(echo, { inputCountMax: 2, onCrash: (error) => crashes.push(error) });
    for (const text of ['a', 'b', 'c', 'd']) driver.submit({ kind: 'say', text });
    expect(crashes).toHaveLength(1);
  });
});
