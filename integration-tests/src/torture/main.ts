import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ProcessCluster } from '../processCluster.ts';
import { runScript, tell, tellStep, UsageError } from '../script.ts';
import { runEnsembleTorture } from './ensemble.ts';
import { runTorture } from './torture.ts';

/** The words of `npm run torture`, understood. */
interface Wishes {
  readonly lines: number;
  readonly rounds: number;
  readonly seed: number;
  readonly isKept: boolean;
  /** The other torture: members of the ensemble die, then everything. */
  readonly isOfEnsemble: boolean;
}

const defaults = { lines: '200000', rounds: '1', seed: '1' };
const linesMax = 10_000_000;
const roundsMax = 1000;
const seedMax = 2 ** 32 - 1;

/** `npm run torture` */
export function main(words: readonly string[]): Promise<void> {
  return runScript('torture', async () => {
    const { isKept, isOfEnsemble, ...options } = parseWishes(words);
    if (spawnSync('kcat', ['-V']).status !== 0)
      throw new UsageError('There is no kcat: install it');
    tellStep('Three coordinators and three brokers');
    const cluster = await ProcessCluster.start({ coordinators: 3, brokers: 3 }, { isKept });
    try {
      tell(`They serve after ${cluster.ready.readyMs} ms, in ${cluster.data}`);
      return isOfEnsemble
        ? await runEnsembleTorture(cluster, tell)
        : await runTorture(cluster, options, tell);
    } finally {
      await cluster.stop();
      if (isKept) tell(`Kept: ${cluster.data}`);
    }
  });
}

/** @throws {UsageError} naming the first word that cannot be used */
export function parseWishes(words: readonly string[]): Wishes {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parsed(() =>
    parseArgs({
      args: [...words],
      options: { lines: text, rounds: text, seed: text, keep: flag, ensemble: flag },
    }),
  );
  const { ensemble: isOfEnsemble = false } = values;
  const counted = [values.lines, values.rounds, values.seed].some((value) => value !== undefined);
  if (isOfEnsemble && counted) {
    throw new UsageError('--ensemble takes no --lines, --rounds or --seed: it is always the same');
  }
  const { lines, rounds, seed } = { ...defaults, ...values };
  return {
    lines: count('--lines', lines, { min: 1, max: linesMax }),
    rounds: count('--rounds', rounds, { min: 1, max: roundsMax }),
    seed: count('--seed', seed, { min: 0, max: seedMax }),
    isKept: values.keep ?? false,
    isOfEnsemble,
  };
}

function parsed<Value>(parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function count(
  name: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`${name} is ${text}: accepted is a whole number from ${min} to ${max}`);
}
