import { type SessionId } from '@zookafka/zookeeper-wire';

/**
 * A map by session id: two numeric maps, because an id is two 32-bit halves and a text of it would be made
 * anew for every transaction. Halves are taken as signed, whichever way they came.
 */
export class SessionMap<Value> {
  private readonly byHigh = new Map<number, Map<number, { id: SessionId; value: Value }>>();
  private size = 0;

  get count(): number {
    return this.size;
  }

  get(id: SessionId): Value | undefined {
    return this.byHigh.get(id.high | 0)?.get(id.low | 0)?.value;
  }

  has(id: SessionId): boolean {
    return this.byHigh.get(id.high | 0)?.has(id.low | 0) ?? false;
  }

  set(id: SessionId, value: Value): void {
    let low = this.byHigh.get(id.high | 0);
    if (low === undefined) {
      low = new Map();
      this.byHigh.set(id.high | 0, low);
    }
    if (!low.has(id.low | 0)) this.size++;
    low.set(id.low | 0, { id, value });
  }

  delete(id: SessionId): boolean {
    const low = this.byHigh.get(id.high | 0);
    if (low?.delete(id.low | 0) !== true) return false;
    this.size--;
    if (low.size === 0) this.byHigh.delete(id.high | 0);
    return true;
  }

  clear(): void {
    this.byHigh.clear();
    this.size = 0;
  }

  *[Symbol.iterator](): IterableIterator<{ readonly id: SessionId; readonly value: Value }> {
    for (const low of this.byHigh.values()) yield* low.values();
  }
}
