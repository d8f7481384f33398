import { setTimeout as delay } from 'node:timers/promises';
import { type Delivery, NodeConsumer, NodeProducer } from '@zookafka/client';
import { eventually } from '../eventually.ts';

/** A moment in the life of a flow. */
export interface Mark {
  elapsedMs: () => number;
  /** Whether a record that was sent since then is acknowledged and read in this partition. */
  hasPassed: (partition: number) => boolean;
}

const usersCount = 30;
const pauseMs = 2;
const tailMsMax = 30_000;

/** A producer that writes what users do, and a consumer that reads it, both as any program would use them. */
export class Flow {
  private readonly producer: NodeProducer;
  private readonly consumer: NodeConsumer;
  private readonly read: readonly string[][];
  private readonly acknowledged = new Map<string, Delivery>();
  private readonly running: Promise<unknown>[] = [];
  private sent = 0;
  private isOver = false;
  private failure: Error | undefined;

  private constructor(producer: NodeProducer, consumer: NodeConsumer, partitionCount: number) {
    this.producer = producer;
    this.consumer = consumer;
    this.read = Array.from({ length: partitionCount }, () => []);
  }

  static async start(bootstrap: string, topic: string, partitionCount: number): Promise<Flow> {
    const producer = new NodeProducer({ bootstrap });
    const consumer = await NodeConsumer.create({ bootstrap, autoOffsetReset: 'earliest' });
    const flow = new Flow(producer, consumer, partitionCount);
    consumer.assign(flow.read.map((_, partition) => ({ topic, partition, offset: 0 })));
    flow.running.push(flow.write(topic), flow.consume());
    return flow;
  }

  get consumed(): number {
    return this.read.reduce((sum, lines) => sum + lines.length, 0);
  }

  /** By partition: what was read so far, in order. */
  get lines(): readonly (readonly string[])[] {
    return this.read;
  }

  mark(): Mark {
    const beganMs = performance.now();
    const sent = this.sent;
    return {
      elapsedMs: () => Math.round(performance.now() - beganMs),
      hasPassed: (partition) => {
        const last = this.read[partition]?.at(-1) ?? '';
        return numberOf(last) > sent && this.acknowledged.has(last);
      },
    };
  }

  /**
   * Writes no more, reads the rest.
   *
   * @throws {Error} when a record was not delivered, lost, doubled or out of order
   */
  async finish(): Promise<{ readonly produced: number; readonly consumed: number }> {
    this.isOver = true;
    await this.running[0];
    await this.producer.close();
    if (this.failure !== undefined) throw this.failure;
    const produced = this.acknowledged.size;
    await eventually('all is read', () => this.consumed >= produced || undefined, tailMsMax);
    this.consumer.close();
    await this.running[1];
    this.read.forEach((lines, partition) => {
      this.check(lines, partition);
    });
    if (this.consumed !== produced) {
      throw new Error(`Read ${this.consumed} records where ${produced} were acknowledged`);
    }
    return { produced, consumed: this.consumed };
  }

  /** A record that is read where it was acknowledged was neither lost nor doubled, and stands in its order. */
  private check(lines: readonly string[], partition: number): void {
    lines.forEach((line, offset) => {
      const delivery = this.acknowledged.get(line);
      if (delivery?.partition === partition && delivery.offset === offset) return;
      throw new Error(
        `"${line}" is at ${partition}/${offset}, acknowledged at ${JSON.stringify(delivery)}`,
      );
    });
    const isOrdered = lines.every((line, at) => numberOf(line) > numberOf(lines[at - 1] ?? '0'));
    if (!isOrdered) throw new Error(`Partition ${partition} is not in the order of sending`);
  }

  private async write(topic: string): Promise<void> {
    while (!this.isOver) {
      const user = `user-${this.sent % usersCount}`;
      const value = `${++this.sent} ${user} opened a page`;
      // A user's records all go to one partition, and stay in order.
      this.producer.send({ topic, key: user, value }).then(
        (delivery) => this.acknowledged.set(value, delivery),
        (error: unknown) => (this.failure ??= error as Error),
      );
      await delay(pauseMs);
    }
  }

  private async consume(): Promise<void> {
    for await (const { partition, value } of this.consumer.records()) {
      this.read[partition]?.push(Buffer.from(value ?? []).toString());
    }
  }
}

function numberOf(line: string): number {
  return Number(line.split(' ', 1)[0]);
}
