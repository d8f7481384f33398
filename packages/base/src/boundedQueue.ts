import { assert } from './assert.ts';

/** First in, first out, with a bound that has a name: `push` answers false when it is full. */
export class BoundedQueue<Item> {
  private items: (Item | undefined)[] = [];
  private head = 0;
  readonly countMax: number;

  constructor(countMax: number) {
    assert(countMax > 0, 'A queue holds at least one item', { countMax });
    this.countMax = countMax;
  }

  get count(): number {
    return this.items.length - this.head;
  }

  get first(): Item | undefined {
    return this.items[this.head];
  }

  /** @returns the item that so many others stand before */
  at(index: number): Item | undefined {
    return this.items[this.head + index];
  }

  /** @returns false, and nothing is kept, when the queue is full */
  push(item: Item): boolean {
    if (this.count >= this.countMax) return false;
    this.items.push(item);
    return true;
  }

  shift(): Item | undefined {
    if (this.count === 0) return undefined;
    const item = this.items[this.head];
    this.items[this.head++] = undefined;
    // Half of it used up: copy the rest, so that each item is moved at most once on average.
    if (this.head > 32 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  clear(): void {
    this.items = [];
    this.head = 0;
  }

  *[Symbol.iterator](): IterableIterator<Item> {
    for (let index = this.head; index < this.items.length; index++) yield this.items[index] as Item;
  }
}
