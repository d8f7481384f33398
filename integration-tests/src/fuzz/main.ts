import { runScript, ScriptFailure, tell, tellStep } from '../script.ts';
import { Fuzz, type FuzzFindings } from './fuzz.ts';
import { optionsOf } from './options.ts';
import { frameNames } from './ports.ts';

/** The slowest of a hundred answers to the clients that behave well may take so long. */
const p99MsMax = 1000;
const grownBytesMax = 64 << 20;

/** `npm run fuzz -- [--frames N] [--seed N]` */
export function main(words: readonly string[]): Promise<void> {
  return runScript('fuzz', async () => {
    const options = optionsOf(words);
    const startMs = performance.now();
    tell(`The seed is ${options.seed}`);
    const findings = await new Fuzz(options).run();
    const seconds = Math.round((performance.now() - startMs) / 1000);
    const figures = { seed: options.seed, ...figuresOf(findings), seconds };
    const failures = [...findings.failures, ...limitsBroken(findings)];
    tellFindings(findings);
    if (failures.length === 0) return figures;
    throw new ScriptFailure(`It failed: ${failures.join('; ')}`, { ...figures, failures });
  });
}

/** @returns a sentence for each limit that was not kept */
export function limitsBroken({
  bystanders,
  grownBytes,
}: Pick<FuzzFindings, 'bystanders' | 'grownBytes'>): readonly string[] {
  const slow = Object.entries(bystanders).filter(([, { p99Ms }]) => p99Ms > p99MsMax);
  const grown = Object.entries(grownBytes).filter(([, bytes]) => bytes > grownBytesMax);
  return [
    ...slow.map(([name, { p99Ms }]) => `others' p99 at the ${name} is ${p99Ms} ms`),
    ...grown.map(([name, bytes]) => `${name} grew by ${mebibytes(bytes)} MiB`),
  ];
}

function figuresOf({ tally, bystanders, grownBytes }: FuzzFindings): object {
  const [answered, closed, silent] = (['answer', 'end', 'nothing'] as const).map((outcome) =>
    tally.count(outcome),
  );
  const counts = Object.values(tally.counts(frameNames));
  return {
    frames: { total: tally.total, ...tally.frames },
    followed: { answered, closed, silent },
    keys: { covered: counts.filter((count) => count > 0).length, all: frameNames.length },
    fewestOfAKey: Math.min(...counts),
    bystanders,
    grownMiB: Object.fromEntries(
      Object.entries(grownBytes).map(([name, bytes]) => [name, mebibytes(bytes)]),
    ),
  };
}

function tellFindings({ tally, bystanders, grownBytes }: FuzzFindings): void {
  tellStep('What came of it');
  for (const [sort, { answer, end, nothing }] of Object.entries(tally.followed)) {
    tell(`  ${sort}: ${answer} answered, ${end} connections ended, ${nothing} times nothing`);
  }
  const counts = Object.entries(tally.counts(frameNames));
  tell(
    `  mutated behind the header: ${counts.map(([name, count]) => `${name} ${count}`).join(', ')}`,
  );
  for (const [name, { answers, p50Ms, p99Ms, maxMs }] of Object.entries(bystanders)) {
    tell(
      `  others at the ${name}: ${answers} answers, p50 ${p50Ms}, p99 ${p99Ms}, max ${maxMs} ms`,
    );
  }
  for (const [name, bytes] of Object.entries(grownBytes)) {
    tell(`  ${name} grew by ${mebibytes(bytes)} MiB`);
  }
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 / 102.4) / 10;
}
