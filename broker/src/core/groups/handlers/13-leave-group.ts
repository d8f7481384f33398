import { type PendingRequest } from '../../connections.ts';
import { type Handler } from '../../handlers/handler.ts';
import { type Leaves } from '../leaves.ts';

/** LeaveGroup: members go, one or, from version 3 on, several. */
export class LeaveGroupHandler implements Handler {
  readonly api = 'leaveGroup';
  private readonly leaves: Leaves;

  constructor(leaves: Leaves) {
    this.leaves = leaves;
  }

  handle(request: PendingRequest): void {
    this.leaves.handle(request);
  }
}
