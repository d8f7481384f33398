import { type ApiName } from '@zookafka/kafka-wire';
import { type PendingRequest } from '../connections.ts';

/** Serves one API key: answers now, or has somebody answer later. */
export interface Handler {
  readonly api: ApiName;
  handle(request: PendingRequest): void;
}
