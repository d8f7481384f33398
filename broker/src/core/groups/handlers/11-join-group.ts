import { type PendingRequest } from '../../connections.ts';
import { type Handler } from '../../handlers/handler.ts';
import { type Joins } from '../joins.ts';

/** JoinGroup: answered when the generation that it is part of begins. */
export class JoinGroupHandler implements Handler {
  readonly api = 'joinGroup';
  private readonly joins: Joins;

  constructor(joins: Joins) {
    this.joins = joins;
  }

  handle(request: PendingRequest): void {
    this.joins.handle(request);
  }
}
