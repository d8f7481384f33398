import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import { defined } from '@zookafka/base';
import { type DatabaseOptions } from './memberDatabase.ts';
import { type EngineMessage, LocalEngine } from './storeEngine.ts';

/** How many messages one transaction takes at most. */
const batchCountMax = 1000;

serve(defined(parentPort, 'This file is the main file of a thread'));

/** Takes whatever waits, so that one sync serves it all. */
function serve(port: MessagePort): void {
  const engine = new LocalEngine(workerData as DatabaseOptions, (report) => {
    port.postMessage(report);
    if (report.kind === 'closed' || report.kind === 'refused') port.close();
  });
  port.on('message', (first: EngineMessage) => {
    let message: EngineMessage | undefined = first;
    for (let count = 1; message !== undefined; count++) {
      if (message === 'close') {
        engine.close();
        return;
      }
      engine.run(message);
      if (count === batchCountMax) break;
      message = receiveMessageOnPort(port)?.message as EngineMessage | undefined;
    }
    engine.runAll();
  });
}
