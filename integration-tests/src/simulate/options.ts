import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { UsageError } from '../script.ts';

/** What is to be simulated. */
export interface SimulateOptions {
  readonly seeds: readonly number[];
  /** How long each seed's faults and workload last, in simulated seconds. */
  readonly seconds: number;
  /** Worker threads at a time. */
  readonly workers: number;
}

const seedsDefault = 100;
const secondsDefault = 60;
const seedsMax = 1_000_000;
const seedMax = 0x7fff_ffff;
const secondsMax = 86_400;
const workersMax = 256;

/**
 * Reads the words behind `npm run simulate --`.
 *
 * @throws {UsageError} for words that cannot be used
 */
export function optionsOf(words: readonly string[]): SimulateOptions {
  const { values } = wordsOf(words);
  const seconds = numberOf('seconds', values.seconds, secondsMax) ?? secondsDefault;
  const workers = numberOf('workers', values.workers, workersMax) ?? availableParallelism();
  const seed = numberOf('seed', values.seed, seedMax);
  const count = numberOf('seeds', values.seeds, seedsMax);
  if (seed !== undefined && count !== undefined) {
    throw new UsageError(
      'Cannot use --seed and --seeds together: one replays a seed, one runs many',
    );
  }
  const seeds =
    seed === undefined
      ? Array.from({ length: count ?? seedsDefault }, (_, index) => index + 1)
      : [seed];
  return { seeds, seconds, workers: Math.min(workers, seeds.length) };
}

function wordsOf(words: readonly string[]): {
  readonly values: Readonly<Partial<Record<'seeds' | 'seconds' | 'seed' | 'workers', string>>>;
} {
  const text = { type: 'string' } as const;
  const options = { seeds: text, seconds: text, seed: text, workers: text };
  try {
    return parseArgs({ args: [...words], options, strict: true, allowPositionals: false });
  } catch (error) {
    const [why = ''] = (error as Error).message.split('. ');
    throw new UsageError(`${why}. It takes --seeds N or --seed N, --seconds S and --workers W`);
  }
}

function numberOf(name: string, word: string | undefined, max: number): number | undefined {
  if (word === undefined) return undefined;
  const value = Number(word);
  if (/^\d+$/.test(word) && value >= 1 && value <= max) return value;
  throw new UsageError(`Cannot use --${name} "${word}": it is a whole number from 1 to ${max}`);
}
