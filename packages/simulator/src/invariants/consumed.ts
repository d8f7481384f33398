import { type PlacedRecord } from './ghostRecords.ts';
import { ReplicationInvariant } from './replicationInvariant.ts';

/** K8: what was read once never changes, and is what was committed. */
export class RepeatableRead extends ReplicationInvariant {
  override onConsumed({ partition, offset, value }: PlacedRecord): void {
    const { consumed, committed } = this.view.ghost.of(partition);
    const where = `offset ${offset} of partition ${partition}`;
    const before = consumed[offset];
    if (before !== undefined && before !== value) {
      this.fail('K8', `${where} was read as ${before} and later as ${value}`);
    }
    const wanted = committed[offset];
    if (wanted === undefined || wanted === value) return;
    this.fail('K8', `${where} was read as ${value}, committed was ${wanted}`);
  }
}

/** K9: a consumer is given nothing that is not committed. */
export class ReadBound extends ReplicationInvariant {
  override onConsumed({ partition, offset }: PlacedRecord): void {
    const { highWatermark } = this.view.ghost.of(partition);
    if (offset < highWatermark) return;
    this.fail(
      'K9',
      `a consumer was given offset ${offset} of partition ${partition}, committed is all below ${highWatermark}`,
    );
  }
}
