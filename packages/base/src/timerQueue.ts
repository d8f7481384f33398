interface Entry<Key> {
  readonly key: Key;
  readonly dueMs: number;
  /** Equal times come out in the order in which they were set. */
  readonly order: number;
}

/**
 * What is due when: one deadline a key, the earliest first. Setting a key again replaces its deadline.
 *
 * A binary heap with lazy removal: `set` and `takeDue` cost log n, `cancel` nothing.
 */
export class TimerQueue<Key> {
  private heap: Entry<Key>[] = [];
  private readonly current = new Map<Key, Entry<Key>>();
  private orderNext = 0;

  get count(): number {
    return this.current.size;
  }

  /** When the earliest is due, or undefined when nothing is set. */
  get nextDueMs(): number | undefined {
    this.dropStale();
    return this.heap[0]?.dueMs;
  }

  /** @returns when `key` is due, or undefined */
  dueMsOf(key: Key): number | undefined {
    return this.current.get(key)?.dueMs;
  }

  set(key: Key, dueMs: number): void {
    const entry = { key, dueMs, order: this.orderNext++ };
    this.current.set(key, entry);
    this.heap.push(entry);
    this.siftUp(this.heap.length - 1);
    if (this.heap.length > 64 && this.heap.length > this.current.size * 4) this.rebuild();
  }

  cancel(key: Key): void {
    this.current.delete(key);
  }

  /** Takes the earliest key whose time has come, or undefined. */
  takeDue(nowMs: number): Key | undefined {
    this.dropStale();
    const first = this.heap[0];
    if (first === undefined || first.dueMs > nowMs) return undefined;
    this.popFirst();
    this.current.delete(first.key);
    return first.key;
  }

  clear(): void {
    this.heap = [];
    this.current.clear();
  }

  private dropStale(): void {
    for (let first = this.heap[0]; first !== undefined; first = this.heap[0]) {
      if (this.current.get(first.key) === first) return;
      this.popFirst();
    }
  }

  private rebuild(): void {
    this.heap = [...this.current.values()].sort((left, right) => (isBefore(left, right) ? -1 : 1));
  }

  private popFirst(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    this.heap[0] = last;
    this.siftDown();
  }

  private siftUp(start: number): void {
    let index = start;
    const entry = this.heap[index] as Entry<Key>;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.heap[parent] as Entry<Key>;
      if (!isBefore(entry, above)) break;
      this.heap[index] = above;
      index = parent;
    }
    this.heap[index] = entry;
  }

  private siftDown(): void {
    const entry = this.heap[0] as Entry<Key>;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= this.heap.length) break;
      const right = this.heap[child + 1];
      if (right !== undefined && isBefore(right, this.heap[child] as Entry<Key>)) child++;
      const below = this.heap[child] as Entry<Key>;
      if (!isBefore(below, entry)) break;
      this.heap[index] = below;
      index = child;
    }
    this.heap[index] = entry;
  }
}

function isBefore<Key>(left: Entry<Key>, right: Entry<Key>): boolean {
  return left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.order < right.order);
}
