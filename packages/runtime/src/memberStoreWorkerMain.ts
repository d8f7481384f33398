import { runStoreWorker } from './memberStoreWorker.ts';

runStoreWorker();
