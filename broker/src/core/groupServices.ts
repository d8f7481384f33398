import { errorCodes } from '@zookafka/kafka-wire';
import { type Connections, type PendingRequest } from './connections.ts';
import { type BrokerContext } from './context.ts';
import { type Deadlines, type Expirable } from './deadlines.ts';
import { type GroupCoordinatorPort, offsetsTopic, type OffsetsRead } from './groupPort.ts';
import { type LeaderAppender, type OutcomeListener } from './leaderAppend.ts';
import { type LogReads } from './logReads.ts';
import { type MetadataImage } from './metadata.ts';
import { type ReplicaTable } from './replicaTable.ts';
import { type TopicsDesk } from './topicsDesk.ts';
import { type BatchVerdict, type BrokerConfig, type LogSlice } from './types.ts';

/** What the broker gives to its groups from. */
export interface GroupServiceParts {
  readonly context: BrokerContext;
  readonly connections: Connections;
  readonly deadlines: Deadlines;
  readonly replicas: ReplicaTable;
  readonly appender: LeaderAppender;
  readonly reads: LogReads;
  readonly topics: TopicsDesk;
  /** A timer of the groups is due. */
  readonly onTimer: (name: string) => void;
}

/** The broker's side of the group coordinator. */
export class GroupServices implements GroupCoordinatorPort {
  private readonly parts: GroupServiceParts;
  private readonly timers = new Map<string, Expirable>();

  constructor(parts: GroupServiceParts) {
    this.parts = parts;
  }

  get config(): BrokerConfig {
    return this.parts.context.config;
  }

  get image(): MetadataImage {
    return this.parts.context.image;
  }

  get nowMs(): number {
    return this.parts.context.nowMs;
  }

  get wallMs(): number {
    return this.parts.context.wallMs;
  }

  random(): number {
    return this.parts.context.prng.uint32();
  }

  answer(request: PendingRequest, body: object): void {
    this.parts.connections.answer(request, body);
  }

  append(
    partition: number,
    batch: { readonly records: Uint8Array; readonly verdict: BatchVerdict },
    onDone: (errorCode: number) => void,
  ): void {
    const { appender, deadlines, replicas } = this.parts;
    const wait = new GroupAppendWait((errorCode) => {
      deadlines.cancel(wait);
      onDone(errorCode);
    });
    const replica = replicas.find(offsetsTopic, partition);
    const outcome = appender.append(replica, { ...batch, acks: -1 }, wait);
    if (outcome.isFinal) wait.onCommitted(outcome.errorCode);
    else deadlines.set(wait, offsetsCommitTimeoutMs);
  }

  read(
    partition: number,
    { offset, maxBytes }: { readonly offset: number; readonly maxBytes: number },
    onDone: (read: OffsetsRead) => void,
  ): void {
    const replica = this.parts.replicas.find(offsetsTopic, partition);
    const leadership = replica?.leadership;
    if (replica === undefined || leadership === undefined) {
      onDone({
        errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER,
        chunks: [],
        logStartOffset: -1,
        logEndOffset: -1,
      });
      return;
    }
    const { logStartOffset } = replica;
    const logEndOffset = leadership.epochStart;
    const from = Math.max(offset, logStartOffset);
    if (from >= logEndOffset) {
      const end = (errorCode: number): void => {
        onDone({ errorCode, chunks: [], logStartOffset, logEndOffset });
      };
      // What was read may still be taken back while it is not committed.
      if (replica.highWatermark >= logEndOffset) end(0);
      else leadership.wait({ offset: logEndOffset, isOver: false, onCommitted: end });
      return;
    }
    const read = { ...replica.key, offset: from, maxBytes, upToOffset: logEndOffset };
    this.parts.reads.read(
      { maxBytes, reads: [read] },
      {
        onRead: (slices) => {
          const { errorCode, chunks } = slices[0] as LogSlice;
          onDone({ errorCode, chunks, logStartOffset, logEndOffset });
        },
      },
    );
  }

  setTimer(name: string, delayMs: number): void {
    let timer = this.timers.get(name);
    if (timer === undefined) {
      timer = {
        onDeadline: () => {
          this.timers.delete(name);
          this.parts.onTimer(name);
        },
      };
      this.timers.set(name, timer);
    }
    this.parts.deadlines.set(timer, delayMs);
  }

  cancelTimer(name: string): void {
    const timer = this.timers.get(name);
    if (timer === undefined) return;
    this.timers.delete(name);
    this.parts.deadlines.cancel(timer);
  }

  createOffsetsTopic(): void {
    if (!this.image.topics.has(offsetsTopic)) this.parts.topics.autoCreate(offsetsTopic);
  }

  trace(event: string, facts: Readonly<Record<string, unknown>>): void {
    this.parts.context.trace(event, facts);
  }
}

/** Source: Apache Kafka, `offsets.commit.timeout.ms`. */
const offsetsCommitTimeoutMs = 5000;

class GroupAppendWait implements OutcomeListener, Expirable {
  offset = -1;
  isOver = false;
  private readonly onDone: (errorCode: number) => void;

  constructor(onDone: (errorCode: number) => void) {
    this.onDone = onDone;
  }

  onAppended(): void {
    // In the log is not enough: it has to be committed.
  }

  onCommitted(errorCode: number): void {
    if (this.isOver) return;
    this.isOver = true;
    this.onDone(errorCode);
  }

  onDeadline(): void {
    this.onCommitted(errorCodes.REQUEST_TIMED_OUT);
  }
}
