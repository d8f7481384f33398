import {
  batchHeads,
  decodeRecords,
  type FetchedRecord,
  isControlBatch,
  isIntact,
  portableCodecs,
} from '@zookafka/kafka-wire';
import { type NativeCodecs, loadCodecs } from '@zookafka/runtime';
import { type AssignedPartition, type ClientConfig } from '../core/index.ts';
import { ClientError, parseAddresses } from './clientError.ts';
import { ClientShell, type ClientEvent } from './clientShell.ts';

/** How a consumer reads. Times in ms. */
export interface NodeConsumerOptions {
  /** `host:port,…` */
  readonly bootstrap: string;
  readonly clientId?: string;
  /** Left out: partitions are assigned by the program. */
  readonly group?: string;
  readonly autoOffsetReset?: 'earliest' | 'latest' | 'none';
  readonly sessionTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  /** Told which partitions this consumer reads from now on: none while its group deals them out anew. */
  readonly onAssigned?: (partitions: readonly AssignedPartition[]) => void;
  /** Told that records which were read are lost: an unclean election chose a leader whose log is shorter. */
  readonly onTruncated?: (truncation: Truncation) => void;
}

/** What of a partition was read and is in its leader's log no more. */
export interface Truncation {
  readonly topic: string;
  readonly partition: number;
  /** The offset after the last record that was read. */
  readonly offsetNext: number;
  /** Where reading goes on, or -1: where the leader knows nothing of the epoch; then `autoOffsetReset` decides. */
  readonly endOffset: number;
}

/** A record and where it is from. */
export interface ConsumedRecord extends FetchedRecord {
  readonly topic: string;
  readonly partition: number;
  /** Of the leader that appended it. */
  readonly leaderEpoch: number;
}

type Records = Extract<ClientEvent, { kind: 'records' }>;

const recordsBytesMax = 256 << 20;

/** Reads records: of partitions that it is given, or of its share of a group's topics. */
export class NodeConsumer {
  private readonly shell: ClientShell;
  private readonly codecs: NativeCodecs;
  private readonly onAssigned: NodeConsumerOptions['onAssigned'];
  private readonly onTruncated: NodeConsumerOptions['onTruncated'];
  /** What was fetched and not looked at; its bound is the machine's `bufferedCountMax`. */
  private queue: Records[] = [];
  /** What is left of the piece that is being given. */
  private current: Iterator<ConsumedRecord> | undefined;
  /** By partition, the offset after the last record that was given since the last commit. */
  private readonly given = new Map<string, ConsumedRecord>();
  private readonly commits = new Map<number, (error: Error | undefined) => void>();
  private tokenNext = 1;
  private failure: Error | undefined;
  private isStopped = false;
  private isClosing = false;
  private isClosed = false;
  private waiting: (() => void)[] = [];

  private constructor(options: NodeConsumerOptions, codecs: NativeCodecs) {
    this.codecs = codecs;
    this.onAssigned = options.onAssigned;
    this.onTruncated = options.onTruncated;
    this.shell = new ClientShell({
      clientId: options.clientId ?? 'zookafka-consumer',
      config: configOf(options),
      onEvent: (event) => {
        this.onEvent(event);
      },
      onCrash: (error) => {
        this.failure = error as Error;
        this.end(this.failure);
      },
    });
  }

  /** @throws {ClientError} BAD_ADDRESS */
  static async create(options: NodeConsumerOptions): Promise<NodeConsumer> {
    return new NodeConsumer(options, await loadCodecs(portableCodecs));
  }

  /** Reads this consumer's share of the topics as a member of its group. */
  subscribe(topics: readonly string[]): void {
    this.shell.submit({ kind: 'subscribe', topics });
  }

  /** Reads exactly these partitions. */
  assign(partitions: readonly AssignedPartition[]): void {
    this.drop();
    this.shell.submit({ kind: 'assign', partitions });
  }

  /**
   * Records as they come, until `stop` or `close`. A loop that was left is gone on with by another one: nothing is passed over.
   *
   * @throws {ClientError} what cannot be put right by trying again
   */
  async *records(): AsyncGenerator<ConsumedRecord> {
    for (;;) {
      const record = this.take();
      if (record !== undefined) {
        this.given.set(`${record.topic}-${record.partition}`, record);
        yield record;
        continue;
      }
      if (this.failure !== undefined) throw this.failure;
      if (this.isClosing || this.isStopped) return;
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
      });
    }
  }

  /**
   * Commits what `records` has given so far, of the partitions that this consumer still has.
   *
   * @throws {ClientError} REBALANCE_IN_PROGRESS, ILLEGAL_GENERATION or UNKNOWN_MEMBER_ID when they may be another's
   */
  commit(): Promise<void> {
    const token = this.tokenNext++;
    return new Promise((resolve, reject) => {
      if (this.isClosed || this.isClosing) {
        reject(closedError());
        return;
      }
      this.commits.set(token, (error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
      for (const { topic, partition, offset, leaderEpoch } of this.given.values()) {
        const offsetNext = offset + 1;
        this.shell.submit({ kind: 'consumed', topic, partition, offsetNext, leaderEpoch });
      }
      this.given.clear();
      this.shell.submit({ kind: 'commit', token });
    });
  }

  /** Ends `records`: a last `commit` may follow, and `close`. */
  stop(): void {
    this.isStopped = true;
    this.wake();
  }

  /** Gives nothing more, ends the commits that are under way, and leaves the group. */
  close(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    this.drop();
    this.shell.submit({ kind: 'close' });
    this.wake();
  }

  /** Waits until a `close` has had its effect. */
  async whenClosed(): Promise<void> {
    while (!this.isClosed) {
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
      });
    }
  }

  private take(): ConsumedRecord | undefined {
    while (this.failure === undefined && !this.isClosing && !this.isStopped) {
      if (this.current === undefined) {
        const piece = this.queue.shift();
        if (piece === undefined) return undefined;
        this.shell.submit({ kind: 'poll' });
        this.current = this.recordsOf(piece);
      }
      try {
        const next = this.current.next();
        if (next.done !== true) return next.value;
        this.current = undefined;
      } catch (error) {
        // What cannot be read is not passed over in silence.
        this.failure = error as Error;
      }
    }
    return undefined;
  }

  private *recordsOf({ topic, partition, offset, batches }: Records): Generator<ConsumedRecord> {
    for (const head of batchHeads(batches)) {
      if (isControlBatch(head)) continue;
      if (!isIntact(batches, head, this.codecs.crc32c)) {
        const message = `Cannot read the batch at offset ${head.baseOffset} of ${topic}-${partition}: its checksum is wrong`;
        throw new ClientError({ code: 'CORRUPT_MESSAGE', message });
      }
      const records = decodeRecords(batches, head, (kind, bytes) =>
        kind === 'none' ? bytes : this.codecs.decompress(kind, bytes, recordsBytesMax),
      );
      for (const record of records) {
        // A batch may begin before the offset that was asked for.
        if (record.offset < offset) continue;
        yield { topic, partition, leaderEpoch: head.leaderEpoch, ...record };
      }
    }
  }

  private onEvent(event: ClientEvent): void {
    switch (event.kind) {
      case 'records':
        this.queue.push(event);
        break;
      case 'assigned':
        // What was fetched of partitions that may be another's now is not given any more.
        this.drop();
        if (event.partitions.length > 0) this.given.clear();
        this.onAssigned?.(event.partitions);
        return;
      case 'truncated':
        this.onTruncated?.(event);
        return;
      case 'committed':
        this.commits.get(event.token)?.(event.refusal && new ClientError(event.refusal));
        this.commits.delete(event.token);
        return;
      case 'failed':
        this.failure = new ClientError(event.refusal);
        break;
      case 'closed':
        this.shell.stop();
        this.end(closedError());
        return;
      default:
        return;
    }
    this.wake();
  }

  private drop(): void {
    this.queue = [];
    this.current = undefined;
  }

  private end(error: Error): void {
    this.isClosing = true;
    this.isClosed = true;
    for (const settle of this.commits.values()) settle(error);
    this.commits.clear();
    this.wake();
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}

function configOf(options: NodeConsumerOptions): ClientConfig {
  const { requestTimeoutMs = 30_000, sessionTimeoutMs = 10_000, group } = options;
  const retryBackoffMs = 100;
  return {
    bootstrap: parseAddresses(options.bootstrap),
    requestTimeoutMs,
    producer: undefined,
    consumer: {
      autoOffsetReset: options.autoOffsetReset ?? 'latest',
      fetchWaitMsMax: 500,
      fetchBytesMax: 50 << 20,
      partitionBytesMax: 1 << 20,
      requestTimeoutMs,
      retryBackoffMs,
      bufferedCountMax: 64,
    },
    group:
      group === undefined
        ? undefined
        : {
            group,
            sessionTimeoutMs,
            rebalanceTimeoutMs: 60_000,
            heartbeatMs: Math.max(1, Math.floor(sessionTimeoutMs / 3)),
            requestTimeoutMs,
            retryBackoffMs,
          },
  };
}

function closedError(): ClientError {
  return new ClientError({ code: 'CLOSED', message: 'Cannot go on: the consumer is closed' });
}
