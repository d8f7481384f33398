import { batch, batchHeaderFault, wholeBatchBytes } from '@zookafka/partition-log';
import { type AppendListener, type Appends } from './appends.ts';
import { type BrokerContext } from './context.ts';
import { type Following, type Replica } from './replica.ts';

/** What a leader answered for one partition, without an error. */
export interface FetchedPart {
  readonly records: Uint8Array | null;
  readonly highWatermark: number;
  readonly logStartOffset: number;
}

/** Who hears that the records of a fetch are in the log. */
export type FollowerAppended = () => void;

/**
 * Appends what a follower fetched: epochs and producers are learned from the batches, the high watermark is taken
 * over when the batches are in the log.
 */
export class FollowerAppender {
  private readonly context: BrokerContext;
  private readonly appends: Appends;
  private readonly onMoved: (replica: Replica) => void;

  constructor(context: BrokerContext, appends: Appends, onMoved: (replica: Replica) => void) {
    this.context = context;
    this.appends = appends;
    this.onMoved = onMoved;
  }

  /**
   * @param onAppended called when an append was needed and is done
   * @returns what is wrong with the batches, or undefined; and nothing is appended when something is
   */
  append(replica: Replica, part: FetchedPart, onAppended: FollowerAppended): AppendFound {
    const { records } = part;
    const bytes = records === null ? 0 : wholeBatchBytes(records);
    if (records === null || bytes === 0) {
      this.takeOver(replica, part);
      return { fault: undefined, isAppending: false };
    }
    const chunk = bytes === records.length ? records : records.subarray(0, bytes);
    const fault = chunkFault(chunk, replica.offsetNext);
    if (fault !== undefined) return { fault, isAppending: false };
    const offsetNext = learn(replica, chunk);
    const listener = new FollowerListener(this, { replica, part, onAppended });
    this.appends.append(replica, { chunks: [chunk], offsetNext, leaderEpoch: -1, listener });
    return { fault: undefined, isAppending: true };
  }

  /** The leader's high watermark and log start, as far as our log reaches. */
  takeOver(replica: Replica, { highWatermark, logStartOffset }: FetchedPart): void {
    const logEnd = replica.logEndOffset;
    const bounded = this.context.rules.followerHighWatermark({
      highWatermark: replica.highWatermark,
      leaderHighWatermark: highWatermark,
      logEnd,
    });
    if (bounded >= 0 && replica.moveHighWatermark(bounded)) this.onMoved(replica);
    const startOffset = Math.min(logStartOffset, replica.highWatermark);
    if (!replica.moveLogStart(startOffset)) return;
    this.context.emit({ kind: 'advanceLogStart', ...replica.key, offset: startOffset });
  }
}

/** What came of a fetched part. */
export interface AppendFound {
  readonly fault: string | undefined;
  readonly isAppending: boolean;
}

interface FollowerAppendFacts {
  readonly replica: Replica;
  readonly part: FetchedPart;
  readonly onAppended: FollowerAppended;
}

class FollowerListener implements AppendListener {
  private readonly appender: FollowerAppender;
  private readonly facts: FollowerAppendFacts;
  private readonly following: Following | undefined;

  constructor(appender: FollowerAppender, facts: FollowerAppendFacts) {
    this.appender = appender;
    this.facts = facts;
    this.following = facts.replica.following;
  }

  onAppended(): void {
    const { replica, part, onAppended } = this.facts;
    if (replica.following === this.following && replica.log === 'open') {
      this.appender.takeOver(replica, part);
    }
    onAppended();
  }
}

/** @returns what makes the batches no continuation of a log that ends at `offsetNext`, or undefined */
function chunkFault(chunk: Uint8Array, offsetNext: number): string | undefined {
  let next = offsetNext;
  for (let at = 0; at < chunk.length; at += batch.size(chunk, at)) {
    const fault = batchHeaderFault(chunk, at, chunk.length);
    if (fault !== undefined) return fault;
    if (batch.baseOffset(chunk, at) < next) return 'its offset is before the end of the log';
    next = batch.lastOffset(chunk, at) + 1;
  }
  return undefined;
}

/** @returns the offset after the last batch */
function learn(replica: Replica, chunk: Uint8Array): number {
  let offsetNext = replica.offsetNext;
  for (let at = 0; at < chunk.length; at += batch.size(chunk, at)) {
    const epoch = batch.leaderEpoch(chunk, at);
    const latest = replica.epochs.latest?.epoch ?? -1;
    if (epoch > latest) replica.epochs.assign(epoch, batch.baseOffset(chunk, at));
    replica.producers.appendBatch(chunk, at);
    offsetNext = batch.lastOffset(chunk, at) + 1;
  }
  return offsetNext;
}
