/** A worker thread: is given seeds, one after the other, and tells what came of each. */
import { parentPort, workerData } from 'node:worker_threads';
import { runSeed } from './seedResult.ts';

const { seconds } = workerData as { readonly seconds: number };

parentPort?.on('message', (seed: number) => {
  parentPort?.postMessage(runSeed(seed, seconds));
});
