import { type PendingRequest } from '../../connections.ts';
import { type Handler } from '../../handlers/handler.ts';
import { type Syncs } from '../syncs.ts';

/** Heartbeat: a member is there; it learns that it has to join again. */
export class HeartbeatHandler implements Handler {
  readonly api = 'heartbeat';
  private readonly syncs: Syncs;

  constructor(syncs: Syncs) {
    this.syncs = syncs;
  }

  handle(request: PendingRequest): void {
    this.syncs.handleHeartbeat(request);
  }
}
