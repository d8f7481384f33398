import {
  batchHeads,
  decodeRecords,
  isControlBatch,
  type FetchedRecord,
} from '@zookafka/kafka-wire';
import { type NativeCodecs, loadCodecs } from '@zookafka/runtime';
import { type AssignedPartition } from '../core/index.ts';
import { ClientError, parseBootstrap } from './clientError.ts';
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
  /** Told which partitions this consumer reads from now on. */
  readonly onAssigned?: (partitions: readonly AssignedPartition[]) => void;
}

/** A record and where it is from. */
export interface ConsumedRecord extends FetchedRecord {
  readonly topic: string;
  readonly partition: number;
}

type Records = Extract<ClientEvent, { kind: 'records' }>;

const recordsBytesMax = 256 << 20;

/** Reads records: of partitions that it is given, or of its share of a group's topics. */
export class NodeConsumer {
  private readonly shell: ClientShell;
  private readonly codecs: NativeCodecs;
  private readonly queue: Records[] = [];
  private readonly commits = new Map<number, (error: ClientError | undefined) => void>();
  private tokenNext = 1;
  private failure: Error | undefined;
  private isClosed = false;
  private wake: () => void = () => undefined;

  private constructor(options: NodeConsumerOptions, codecs: NativeCodecs) {
    const { requestTimeoutMs = 30_000, sessionTimeoutMs = 10_000, group } = options;
    this.codecs = codecs;
    this.shell = new ClientShell({
      clientId: options.clientId ?? 'zookafka-consumer',
      config: {
        bootstrap: parseBootstrap(options.bootstrap),
        requestTimeoutMs,
        producer: undefined,
        consumer: {
          autoOffsetReset: options.autoOffsetReset ?? 'latest',
          fetchWaitMsMax: 500,
          fetchBytesMax: 50 << 20,
          partitionBytesMax: 1 << 20,
          requestTimeoutMs,
          retryBackoffMs: 100,
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
                retryBackoffMs: 100,
              },
      },
      onEvent: (event) => {
        if (event.kind === 'assigned') {
          // What was fetched of partitions that may be another's now is not given any more.
          this.queue.length = 0;
          options.onAssigned?.(event.partitions);
        } else this.onEvent(event);
      },
      onCrash: (error) => {
        this.fail(error as Error);
      },
    });
  }

  /** @throws {ClientError} BAD_ADDRESS */
  static async create(options: NodeConsumerOptions): Promise<NodeConsumer> {
    return new NodeConsumer(options, await loadCodecs());
  }

  /** Reads this consumer's share of the topics as a member of its group. */
  subscribe(topics: readonly string[]): void {
    this.shell.submit({ kind: 'subscribe', topics });
  }

  /** Reads exactly these partitions. */
  assign(partitions: readonly AssignedPartition[]): void {
    this.shell.submit({ kind: 'assign', partitions });
  }

  /**
   * Records as they come, until `close`.
   *
   * @throws {ClientError} what cannot be put right by trying again
   */
  async *records(): AsyncGenerator<ConsumedRecord> {
    for (;;) {
      const next = this.queue.shift();
      if (next !== undefined) {
        this.shell.submit({ kind: 'poll' });
        yield* this.recordsOf(next);
        continue;
      }
      if (this.failure !== undefined) throw this.failure;
      if (this.isClosed) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Commits what `records` has given so far. @throws {ClientError} */
  commit(): Promise<void> {
    const token = this.tokenNext++;
    return new Promise((resolve, reject) => {
      this.commits.set(token, (error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
      this.shell.submit({ kind: 'commit', token });
    });
  }

  /** Leaves the group. */
  close(): void {
    this.shell.submit({ kind: 'close' });
  }

  private *recordsOf({ topic, partition, offset, batches }: Records): Generator<ConsumedRecord> {
    for (const head of batchHeads(batches)) {
      if (isControlBatch(head)) continue;
      const records = decodeRecords(batches, head, (kind, bytes) =>
        kind === 'none' ? bytes : this.codecs.decompress(kind, bytes, recordsBytesMax),
      );
      // A batch may begin before the offset that was asked for.
      for (const record of records.filter((one) => one.offset >= offset)) {
        this.shell.submit({ kind: 'consumed', topic, partition, offsetNext: record.offset + 1 });
        yield { topic, partition, ...record };
      }
    }
  }

  private onEvent(event: ClientEvent): void {
    if (event.kind === 'records') this.queue.push(event);
    else if (event.kind === 'failed') this.failure = new ClientError(event.refusal);
    else if (event.kind === 'closed') {
      this.isClosed = true;
      this.shell.stop();
    } else if (event.kind === 'committed') {
      this.commits.get(event.token)?.(event.refusal && new ClientError(event.refusal));
      this.commits.delete(event.token);
      return;
    } else return;
    this.wake();
  }

  private fail(error: Error): void {
    this.failure = error;
    this.wake();
  }
}
