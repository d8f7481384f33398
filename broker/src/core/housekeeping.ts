import { type BrokerContext } from './context.ts';
import { type IsrKeeper } from './isrKeeper.ts';
import { type Replica } from './replica.ts';
import { type ReplicaTable } from './replicaTable.ts';
import { type PartitionKey } from './types.ts';

/** The shell's timer behind the walk over the ISRs. */
export const isrTimer = 'isr';
/** The shell's timer behind the high watermarks' checkpoint. */
export const checkpointTimer = 'checkpoint';

/** How many replicas' producers one step looks at. */
const sliceCountMax = 2000;

/** What a broker does now and then: ISRs shrink, high watermarks are written down, idle producers are forgotten. */
export class Housekeeping {
  private readonly context: BrokerContext;
  private readonly replicas: ReplicaTable;
  private readonly isrKeeper: IsrKeeper;
  private moved: Replica[] = [];
  private isrFrom = 0;

  constructor(context: BrokerContext, replicas: ReplicaTable, isrKeeper: IsrKeeper) {
    this.context = context;
    this.replicas = replicas;
    this.isrKeeper = isrKeeper;
  }

  start(): void {
    this.setTimer(isrTimer, this.isrPeriodMs);
    this.setTimer(checkpointTimer, this.context.config.highWatermarkCheckpointMs);
  }

  onHighWatermarkMoved(replica: Replica): void {
    if (replica.isCheckpointDue) return;
    replica.isCheckpointDue = true;
    this.moved.push(replica);
  }

  /** Walks in slices: a walk that is not at its end goes on after the inputs that came meanwhile. */
  onIsrTimer(): void {
    const from = this.isrFrom;
    this.isrFrom = this.isrKeeper.shrinkSlice(this.replicas.all, from);
    this.expireProducers(from);
    this.setTimer(isrTimer, this.isrFrom === 0 ? this.isrPeriodMs : 1);
  }

  /** Brokers went: what waits for them is looked at now. */
  onBrokersGone(): void {
    this.isrFrom = 0;
    this.onIsrTimer();
  }

  onCheckpointTimer(): void {
    this.checkpoint();
    this.setTimer(checkpointTimer, this.context.config.highWatermarkCheckpointMs);
  }

  /** Writes down the high watermarks that moved. */
  checkpoint(): void {
    if (this.moved.length === 0) return;
    const moved: (PartitionKey & { readonly highWatermark: number })[] = [];
    for (const replica of this.moved) {
      replica.isCheckpointDue = false;
      if (replica.log === 'absent') continue;
      moved.push({ ...replica.key, highWatermark: replica.highWatermark });
    }
    this.moved = [];
    this.context.emit({ kind: 'checkpointHighWatermarks', moved });
  }

  private expireProducers(from: number): void {
    const { all } = this.replicas;
    const end = Math.min(all.length, from + sliceCountMax);
    const { wallMs, config } = this.context;
    for (let index = from; index < end; index++) {
      (all[index] as Replica).producers.expire(wallMs, config.producerIdExpirationMs);
    }
  }

  private get isrPeriodMs(): number {
    return Math.max(1, Math.floor(this.context.config.replicaLagTimeMaxMs / 2));
  }

  private setTimer(timer: string, delayMs: number): void {
    this.context.emit({ kind: 'setTimer', timer, delayMs });
  }
}
