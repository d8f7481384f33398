import { parseArgs } from 'node:util';
import { UsageError } from '../script.ts';

/** How much is sent, and what a run is repeated by. */
export interface FuzzOptions {
  readonly frames: number;
  readonly seed: number;
}

const framesDefault = 20_000;
/** With fewer, chance may leave a key out. */
const framesMin = 5000;
const framesMax = 100_000_000;
const seedMax = 0x7fff_ffff;

/**
 * Reads the words behind `npm run fuzz --`.
 *
 * @throws {UsageError} for words that cannot be used
 */
export function optionsOf(words: readonly string[]): FuzzOptions {
  const { frames, seed } = wordsOf(words);
  return {
    frames: numberOf('frames', frames, [framesMin, framesMax]) ?? framesDefault,
    seed: numberOf('seed', seed, [0, seedMax]) ?? Math.floor(Math.random() * seedMax),
  };
}

function wordsOf(words: readonly string[]): Readonly<Partial<Record<keyof FuzzOptions, string>>> {
  const text = { type: 'string' } as const;
  try {
    const options = { frames: text, seed: text };
    return parseArgs({ args: [...words], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const [why = ''] = (error as Error).message.split('. ');
    throw new UsageError(`${why}. It takes --frames N and --seed N`);
  }
}

function numberOf(
  name: string,
  word: string | undefined,
  [min, max]: readonly [number, number],
): number | undefined {
  if (word === undefined) return undefined;
  const value = Number(word);
  if (/^\d+$/.test(word) && value >= min && value <= max) return value;
  throw new UsageError(
    `Cannot use --${name} "${word}": it is a whole number from ${min} to ${max}`,
  );
}
