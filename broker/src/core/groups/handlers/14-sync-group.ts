import { type PendingRequest } from '../../connections.ts';
import { type Handler } from '../../handlers/handler.ts';
import { type Syncs } from '../syncs.ts';

/** SyncGroup: the leader brings the assignments, each member takes its own. */
export class SyncGroupHandler implements Handler {
  readonly api = 'syncGroup';
  private readonly syncs: Syncs;

  constructor(syncs: Syncs) {
    this.syncs = syncs;
  }

  handle(request: PendingRequest): void {
    this.syncs.handleSync(request);
  }
}
