import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

import { MemberDatabase } from './memberDatabase.ts';
import { type StoreAnswer, type StoreOperation } from './memberStoreTypes.ts';
import { StoreExecutor } from './storeExecutor.ts';

/** What the worker is told when it starts. */
export interface StoreWorkerData {
  readonly databasePath: string;
  readonly folder: string;
}

/** What comes to the worker: operations, or the end. */
export type StoreWorkerMessage = readonly StoreOperation[] | 'close';

/**
 * The thread that waits for the disk, so that the member never does. All that came while it waited is the next
 * transaction.
 */
export function runStoreWorker(): void {
  const port = parentPort;
  if (port === null) throw new Error('The store worker is not a thread');
  const { databasePath, folder } = workerData as StoreWorkerData;
  const executor = new StoreExecutor(new MemberDatabase(databasePath), folder);
  const answer = (answers: readonly StoreAnswer[]): void => {
    port.postMessage(answers);
  };
  const fail = (error: unknown): void => {
    answer([{ kind: 'failed', message: error instanceof Error ? error.message : String(error) }]);
    port.close();
  };
  port.on('message', (first: StoreWorkerMessage) => {
    try {
      const batch: StoreOperation[] = [];
      let message: StoreWorkerMessage | undefined = first;
      while (message !== undefined && message !== 'close') {
        batch.push(...message);
        message = (receiveMessageOnPort(port) as { message: StoreWorkerMessage } | undefined)
          ?.message;
      }
      if (batch.length > 0) answer(executor.run(batch));
      if (message === 'close') {
        executor.close();
        port.close();
      } else executor.idle();
    } catch (error) {
      fail(error);
    }
  });
}
