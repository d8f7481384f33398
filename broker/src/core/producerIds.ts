import { type BrokerContext } from './context.ts';

/** Who wants a producer id: undefined when there is none to be had now. */
export type ProducerIdListener = (producerId: number | undefined) => void;

/** Requests that wait for a block: more are told at once that there is none. */
const waitingMax = 10_000;

/** Producer ids from blocks that the cluster gives out: the next block is asked for when little is left. */
export class ProducerIds {
  private readonly context: BrokerContext;
  private readonly allocate: (token: number) => void;
  private next = 0;
  private end = 0;
  private blockNext: { readonly first: number; readonly count: number } | undefined;
  private countLow = 0;
  private token: number | undefined;
  private waiting: ProducerIdListener[] = [];

  constructor(context: BrokerContext, allocate: (token: number) => void) {
    this.context = context;
    this.allocate = allocate;
  }

  take(listener: ProducerIdListener): void {
    if (this.next === this.end) this.startBlock();
    if (this.next < this.end) {
      const producerId = this.next++;
      if (this.end - this.next <= this.countLow) this.ask();
      listener(producerId);
      return;
    }
    if (this.waiting.length >= waitingMax) {
      listener(undefined);
      return;
    }
    this.waiting.push(listener);
    this.ask();
  }

  /** @param count 0 when the cluster could not say */
  onAllocated(token: number, { first, count }: { first: number; count: number }): void {
    if (token !== this.token) return;
    this.token = undefined;
    if (count > 0) this.blockNext = { first, count };
    const { waiting } = this;
    this.waiting = [];
    for (const listener of waiting) {
      if (count > 0) this.take(listener);
      else listener(undefined);
    }
  }

  private startBlock(): void {
    if (this.blockNext === undefined) return;
    const { first, count } = this.blockNext;
    this.blockNext = undefined;
    this.next = first;
    this.end = first + count;
    // Source: Apache Kafka, `ProducerIdManager`: when nine tenths are used up.
    this.countLow = Math.floor(count / 10);
  }

  private ask(): void {
    if (this.token !== undefined || this.blockNext !== undefined) return;
    this.token = this.context.nextToken();
    this.allocate(this.token);
  }
}
