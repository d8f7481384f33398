import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type SimulateOptions } from './options.ts';
import { type SeedResult } from './seedResult.ts';

/** A seed leaves little behind it: a large nursery lets most of it die there. */
const youngMegabytes = 64;

/**
 * Runs seeds on worker threads, each one seed at a time.
 *
 * @param onResult told of each seed as it ends, in no order
 */
export async function runSeeds(
  { seeds, seconds, workers }: SimulateOptions,
  onResult: (result: SeedResult) => void,
): Promise<void> {
  const waiting = seeds.values();
  await Promise.all(
    Array.from({ length: workers }, () => runWorker(waiting, { seconds, onResult })),
  );
}

function runWorker(
  waiting: Iterator<number, undefined>,
  { seconds, onResult }: { seconds: number; onResult: (result: SeedResult) => void },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(join(__dirname, 'worker.js'), {
      workerData: { seconds },
      resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes },
    });
    const next = (): void => {
      const seed = waiting.next();
      if (seed.done !== true) worker.postMessage(seed.value);
      else
        void worker.terminate().then(() => {
          resolve();
        });
    };
    worker.on('error', reject);
    worker.on('message', (result: SeedResult) => {
      onResult(result);
      next();
    });
    next();
  });
}
