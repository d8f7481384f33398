import { performance } from 'node:perf_hooks';
import { runScript, ScriptFailure, tell, tellStep } from '../script.ts';
import { optionsOf, type SimulateOptions } from './options.ts';
import { runSeeds } from './seedPool.ts';
import { type SeedResult } from './seedResult.ts';
import { Summary } from './summary.ts';

/** How many violations are told with all their events; of others, only the sentence. */
const toldWholeMax = 3;
const progressMs = 1000;
const progressLineMs = 30_000;

/** `npm run simulate -- [--seeds N | --seed N] [--seconds S] [--workers W]` */
export function main(words: readonly string[]): Promise<void> {
  return runScript('simulate', () => simulate(optionsOf(words)));
}

async function simulate(options: SimulateOptions): Promise<object> {
  const { seeds, seconds, workers } = options;
  const what = seeds.length === 1 ? `Seed ${seeds[0]}` : `${seeds.length} seeds`;
  tellStep(`${what} of ${seconds} simulated seconds, ${workers} at a time`);
  const startMs = performance.now();
  const elapsedMs = (): number => performance.now() - startMs;
  const summary = new Summary();
  const stopProgress = showProgress(summary, seeds.length, elapsedMs);
  let only: SeedResult | undefined;
  try {
    await runSeeds(options, (result) => {
      summary.add(result);
      only = result;
      if (result.kind === 'violated') explain(result, options, summary.violated.length);
    });
  } finally {
    stopProgress();
  }
  const isOne = seeds.length === 1 && only?.kind === 'done';
  const figures = {
    ...(isOne && only?.kind === 'done' ? { seed: only.seed, hash: only.hash } : {}),
    ...summary.figures(elapsedMs()),
  };
  if (only?.kind === 'done' && isOne) tell(`Its history is ${only.hash}, its swarm ${only.swarm}`);
  tellFigures(figures);
  const { failures } = summary;
  if (failures.length > 0) throw new ScriptFailure(`It failed: ${failures.join('; ')}`, figures);
  return figures;
}

function explain(
  { seed, explanation }: Extract<SeedResult, { kind: 'violated' }>,
  { seconds }: SimulateOptions,
  count: number,
): void {
  const [sentence = ''] = explanation.split('\n');
  tell(`\nSeed ${seed} broke a rule. ${count <= toldWholeMax ? explanation : sentence}`);
  tell(`Replay it: npm run simulate -- --seed ${seed} --seconds ${seconds}`);
}

function tellFigures(figures: object): void {
  for (const [name, value] of Object.entries(figures)) {
    if (typeof value !== 'object') tell(`  ${name}: ${String(value)}`);
    else
      tell(
        `  ${name}: ${JSON.stringify(value)
          .replaceAll(/["{}[\]]/g, '')
          .replaceAll(',', ', ')}`,
      );
  }
}

/** On a terminal one line that changes, elsewhere a line now and then. */
function showProgress(summary: Summary, seedCount: number, elapsedMs: () => number): () => void {
  const { stderr } = process;
  const show = (): void => {
    const speed = summary.speed(elapsedMs());
    const text = `${summary.seedCount} of ${seedCount} seeds, ${summary.violated.length} violations, ${speed} simulated seconds a second`;
    stderr.write(stderr.isTTY ? `\r${text}  ` : `${text}\n`);
  };
  const timer = setInterval(show, stderr.isTTY ? progressMs : progressLineMs);
  return () => {
    clearInterval(timer);
    if (stderr.isTTY) stderr.write('\n');
  };
}
