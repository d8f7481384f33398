import { type PendingRequest } from '../../connections.ts';
import { type Handler } from '../../handlers/handler.ts';
import { type OffsetCommits } from '../offsets.ts';

/** OffsetCommit: version 0, which Kafka keeps in ZooKeeper, is kept like the others. */
export class OffsetCommitHandler implements Handler {
  readonly api = 'offsetCommit';
  private readonly commits: OffsetCommits;

  constructor(commits: OffsetCommits) {
    this.commits = commits;
  }

  handle(request: PendingRequest): void {
    this.commits.handle(request);
  }
}
