import { type PendingRequest } from '../../connections.ts';
import { type Handler } from '../../handlers/handler.ts';
import { type OffsetReads } from '../offsetReads.ts';

/** OffsetFetch: what groups committed. No transaction is ever pending, so that `requireStable` changes nothing. */
export class OffsetFetchHandler implements Handler {
  readonly api = 'offsetFetch';
  private readonly reads: OffsetReads;

  constructor(reads: OffsetReads) {
    this.reads = reads;
  }

  handle(request: PendingRequest): void {
    this.reads.handle(request);
  }
}
