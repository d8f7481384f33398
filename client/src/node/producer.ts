import { type ProducerRecord, type RecordHeader } from '../core/index.ts';
import { ClientError, parseBootstrap } from './clientError.ts';
import { ClientShell, type ClientEvent } from './clientShell.ts';

/** How a producer writes. Times in ms. */
export interface NodeProducerOptions {
  /** `host:port,…` */
  readonly bootstrap: string;
  readonly clientId?: string;
  readonly acks?: -1 | 0 | 1;
  readonly lingerMs?: number;
  readonly batchBytesMax?: number;
  readonly deliveryTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  readonly isIdempotent?: boolean;
}

/** A record to be sent; its time is now when none is given. */
export interface RecordToSend {
  readonly topic: string;
  readonly partition?: number;
  readonly key?: Uint8Array | string | null;
  readonly value: Uint8Array | string | null;
  readonly headers?: readonly RecordHeader[];
  readonly timestampMs?: number;
}

/** Where a record is. The offset is -1 with acks=0. */
export interface Delivery {
  readonly partition: number;
  readonly offset: number;
}

interface Waiting {
  readonly resolve: (delivery: Delivery) => void;
  readonly reject: (error: Error) => void;
}

/** Writes records: batched, idempotent, retried when leadership moves. */
export class NodeProducer {
  private readonly shell: ClientShell;
  private readonly waiting = new Map<number, Waiting>();
  private tokenNext = 1;
  private onClosed: () => void = () => undefined;

  /** @throws {ClientError} BAD_ADDRESS */
  constructor(options: NodeProducerOptions) {
    const { acks = -1, requestTimeoutMs = 30_000 } = options;
    this.shell = new ClientShell({
      clientId: options.clientId ?? 'zookafka-producer',
      config: {
        bootstrap: parseBootstrap(options.bootstrap),
        requestTimeoutMs,
        producer: {
          acks,
          requestTimeoutMs,
          lingerMs: options.lingerMs ?? 5,
          batchBytesMax: options.batchBytesMax ?? 16_384,
          deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120_000,
          retryBackoffMs: 100,
          bufferCountMax: 100_000,
          // Without waiting for all, a retry cannot be told from a new record.
          isIdempotent: options.isIdempotent ?? acks === -1,
        },
        consumer: undefined,
        group: undefined,
      },
      onEvent: (event) => {
        this.onEvent(event);
      },
      onCrash: (error) => {
        for (const { reject } of this.waiting.values()) reject(error as Error);
        this.waiting.clear();
        this.onClosed();
      },
    });
  }

  /** @throws {ClientError} why it was not delivered; `isUnknown` when it may have been */
  send(record: RecordToSend): Promise<Delivery> {
    const token = this.tokenNext++;
    return new Promise((resolve, reject) => {
      this.waiting.set(token, { resolve, reject });
      this.shell.submit({ kind: 'produce', token, record: recordOf(record) });
    });
  }

  /** Sends what has gathered without waiting for the linger time. */
  flush(): void {
    this.shell.submit({ kind: 'flush' });
  }

  /** Waits until every record was delivered or given up. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.onClosed = () => {
        this.shell.stop();
        resolve();
      };
      this.shell.submit({ kind: 'close' });
    });
  }

  private onEvent(event: ClientEvent): void {
    if (event.kind === 'closed') this.onClosed();
    else if (event.kind === 'delivered') {
      this.take(event.token)?.resolve({ partition: event.partition, offset: event.offset });
    } else if (event.kind === 'notDelivered') {
      this.take(event.token)?.reject(new ClientError(event.refusal, event.isUnknown));
    }
  }

  private take(token: number): Waiting | undefined {
    const waiting = this.waiting.get(token);
    this.waiting.delete(token);
    return waiting;
  }
}

function recordOf(record: RecordToSend): ProducerRecord {
  return {
    topic: record.topic,
    partition: record.partition,
    key: bytesOf(record.key ?? null),
    value: bytesOf(record.value),
    headers: record.headers ?? [],
    timestampMs: record.timestampMs ?? Date.now(),
  };
}

function bytesOf(value: Uint8Array | string | null): Uint8Array | null {
  return typeof value === 'string' ? Buffer.from(value) : value;
}
