import { type ProducerRecord, type RecordHeader } from '../core/index.ts';
import { ClientError, parseAddresses } from './clientError.ts';
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
  readonly bytes: number;
  readonly resolve: (delivery: Delivery) => void;
  readonly reject: (error: Error) => void;
}

/** More records or bytes on their way are refused. */
const bufferCountMax = 100_000;
const bufferBytesMax = 32 << 20;
/** What a record takes beside its key and value. */
const recordOverheadBytes = 40;

/** Writes records: batched, idempotent, retried when leadership moves. */
export class NodeProducer {
  private readonly shell: ClientShell;
  private readonly waiting = new Map<number, Waiting>();
  private waitingBytes = 0;
  private tokenNext = 1;
  private ended: Error | undefined;
  private closing: Promise<void> | undefined;
  private onClosed: () => void = () => undefined;
  private onRoom: (() => void)[] = [];

  /** @throws {ClientError} BAD_ADDRESS */
  constructor(options: NodeProducerOptions) {
    const { acks = -1, requestTimeoutMs = 30_000 } = options;
    this.shell = new ClientShell({
      clientId: options.clientId ?? 'zookafka-producer',
      config: {
        bootstrap: parseAddresses(options.bootstrap),
        requestTimeoutMs,
        producer: {
          acks,
          requestTimeoutMs,
          lingerMs: options.lingerMs ?? 5,
          batchBytesMax: options.batchBytesMax ?? 16_384,
          deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120_000,
          retryBackoffMs: 100,
          bufferCountMax,
          bufferBytesMax,
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
        this.end(error as Error);
      },
    });
  }

  /** @throws {ClientError} why it was not delivered; `isUnknown` when it may have been */
  send(record: RecordToSend): Promise<Delivery> {
    const token = this.tokenNext++;
    return new Promise((resolve, reject) => {
      if (this.ended !== undefined) {
        reject(this.ended);
        return;
      }
      const produced = recordOf(record);
      const bytes =
        recordOverheadBytes + (produced.key?.length ?? 0) + (produced.value?.length ?? 0);
      this.waiting.set(token, { bytes, resolve, reject });
      this.waitingBytes += bytes;
      this.shell.submit({ kind: 'produce', token, record: produced });
    });
  }

  /**
   * Waits until less than half of the buffer is taken. `send` refuses records when all of it is: a program that makes
   * them faster than they can be written waits here before each.
   */
  async room(): Promise<void> {
    while (this.isHalfFull()) {
      await new Promise<void>((resolve) => {
        this.onRoom.push(resolve);
      });
    }
  }

  /** Sends what has gathered without waiting for the linger time. */
  flush(): void {
    this.shell.submit({ kind: 'flush' });
  }

  /** Takes nothing more, and waits until every record was delivered or given up. */
  close(): Promise<void> {
    this.closing ??= new Promise((resolve) => {
      this.onClosed = resolve;
      if (this.ended === undefined) this.shell.submit({ kind: 'close' });
      else resolve();
    });
    return this.closing;
  }

  private isHalfFull(): boolean {
    const { waiting, waitingBytes } = this;
    return waiting.size * 2 > bufferCountMax || waitingBytes * 2 > bufferBytesMax;
  }

  private onEvent(event: ClientEvent): void {
    if (event.kind === 'closed') {
      this.shell.stop();
      this.end(new ClientError({ code: 'CLOSED', message: 'Cannot send: the producer is closed' }));
    } else if (event.kind === 'delivered') {
      this.take(event.token)?.resolve({ partition: event.partition, offset: event.offset });
    } else if (event.kind === 'notDelivered') {
      this.take(event.token)?.reject(new ClientError(event.refusal, event.isUnknown));
    }
  }

  private take(token: number): Waiting | undefined {
    const waiting = this.waiting.get(token);
    if (waiting === undefined) return undefined;
    this.waiting.delete(token);
    this.waitingBytes -= waiting.bytes;
    if (this.onRoom.length > 0 && !this.isHalfFull()) this.tellOfRoom();
    return waiting;
  }

  private tellOfRoom(): void {
    const { onRoom } = this;
    this.onRoom = [];
    for (const resolve of onRoom) resolve();
  }

  /** Nothing is sent after this. */
  private end(error: Error): void {
    this.ended ??= error;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    this.waitingBytes = 0;
    for (const { reject } of waiting) reject(error);
    this.tellOfRoom();
    this.onClosed();
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
