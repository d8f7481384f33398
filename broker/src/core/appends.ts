import { assert, clearArray } from '@zookafka/base';
import { type BrokerContext } from './context.ts';
import { type Replica } from './replica.ts';

/** Who is told when an append is in the log. */
export interface AppendListener {
  onAppended(): void;
}

/** Chunks on their way into a log. */
export interface AppendWanted {
  readonly chunks: readonly Uint8Array[];
  /** The offset after their last record. */
  readonly offsetNext: number;
  /** Given to them by a leader; -1 for a follower, whose chunks have theirs. */
  readonly leaderEpoch: number;
  readonly listener: AppendListener | undefined;
}

interface AppendUnderWay {
  readonly token: number;
  readonly replica: Replica;
  readonly generation: number;
  readonly offsetNext: number;
  readonly listener: AppendListener | undefined;
}

/** Appends that the shell was asked for and has not confirmed: confirmed in the order of asking. */
export class Appends {
  private readonly context: BrokerContext;
  private readonly onLogGrown: (replica: Replica) => void;
  private underWay: (AppendUnderWay | undefined)[] = [];
  private head = 0;
  private readonly touched: Replica[] = [];

  /** @param onLogGrown called once a replica, after all that the shell confirmed at once */
  constructor(context: BrokerContext, onLogGrown: (replica: Replica) => void) {
    this.context = context;
    this.onLogGrown = onLogGrown;
  }

  get countUnderWay(): number {
    return this.underWay.length - this.head;
  }

  append(replica: Replica, { chunks, offsetNext, leaderEpoch, listener }: AppendWanted): void {
    assert(replica.log === 'open', 'Only an open log is appended to', { topic: replica.topic });
    assert(offsetNext > replica.offsetNext, 'An append makes a log longer', { offsetNext });
    const token = this.context.nextToken();
    this.context.emit({
      kind: 'appendLog',
      token,
      topic: replica.topic,
      topicId: replica.topicId,
      partition: replica.partition,
      chunks,
      firstOffset: replica.offsetNext,
      leaderEpoch,
    });
    replica.offsetNext = offsetNext;
    const generation = replica.logGeneration;
    this.underWay.push({ token, replica, generation, offsetNext, listener });
  }

  /** Everything up to this token is in its log. */
  onAppended(token: number): void {
    for (;;) {
      const first = this.underWay[this.head];
      if (first === undefined || first.token > token) break;
      this.underWay[this.head++] = undefined;
      this.confirm(first);
    }
    if (this.head === this.underWay.length) {
      clearArray(this.underWay);
      this.head = 0;
    } else if (this.head > 1024 && this.head * 2 > this.underWay.length) {
      this.underWay = this.underWay.slice(this.head);
      this.head = 0;
    }
    for (const replica of this.touched) {
      replica.isTouched = false;
      this.onLogGrown(replica);
    }
    clearArray(this.touched);
  }

  private confirm({ replica, generation, offsetNext, listener }: AppendUnderWay): void {
    if (generation === replica.logGeneration) {
      replica.logEndOffset = offsetNext;
      if (!replica.isTouched) {
        replica.isTouched = true;
        this.touched.push(replica);
      }
    }
    listener?.onAppended();
  }
}
