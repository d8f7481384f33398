import { type ReadTopic } from './topicReading.ts';
import { numberOfLine } from './text.ts';

/** What became of a producer's lines. All but `lines` must be 0. */
export interface Verdict {
  readonly lines: number;
  readonly lost: number;
  readonly doubled: number;
  /** Lines that stand behind a later one in their partition. */
  readonly disordered: number;
  /** Lines that nobody wrote. */
  readonly foreign: number;
}

/**
 * Compares what was read with what was written: lines 1 to `total`, all acknowledged.
 *
 * A line that is doubled counts as disordered too, where it stands behind a later one.
 */
export function judge(
  partitions: ReadTopic['partitions'],
  total: number,
  lineOf: (number: number) => string,
): Verdict {
  const seen = new Uint8Array(total + 1);
  let doubled = 0;
  let disordered = 0;
  let foreign = 0;
  for (const lines of partitions) {
    let last = 0;
    for (const line of lines) {
      const number = numberOfLine(line);
      if (!(number >= 1 && number <= total) || line !== lineOf(number)) {
        foreign++;
        continue;
      }
      if (seen[number] === 1) doubled++;
      seen[number] = 1;
      if (number < last) disordered++;
      last = number;
    }
  }
  const found = seen.reduce((sum, one) => sum + one, 0);
  return { lines: found, lost: total - found, doubled, disordered, foreign };
}

/** @throws {Error} saying what is wrong, when anything is */
export function requireFlawless(what: string, verdict: Verdict): void {
  const { lost, doubled, disordered, foreign } = verdict;
  if (lost + doubled + disordered + foreign === 0) return;
  throw new Error(`${what} did not survive: ${JSON.stringify(verdict)}`);
}
