import { ProcessCluster } from '../processCluster.ts';
import { runScript, tell, tellStep, UsageError } from '../script.ts';
import { runExample } from './example.ts';

/** `npm run example` */
export function main(words: readonly string[]): Promise<void> {
  return runScript('example', async () => {
    if (words.length > 0) throw new UsageError(`Cannot use "${words[0]}": it takes no arguments`);
    tellStep('Three coordinators and three brokers, each a process of its own');
    const cluster = await ProcessCluster.start({ coordinators: 3, brokers: 3 });
    try {
      tell(`They serve after ${cluster.ready.readyMs} ms, in ${cluster.data}`);
      return await runExample(cluster, tell);
    } finally {
      await cluster.stop();
    }
  });
}
