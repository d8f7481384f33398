import { type BrokerContext } from './context.ts';
import {
  type LogReadWanted,
  type LogSlice,
  type PartitionKey,
  type TimestampFound,
} from './types.ts';

/** Who reads slices of logs. */
export interface ReadListener {
  onRead(slices: readonly LogSlice[]): void;
}

/** Who looks for records by time. */
export interface SearchListener {
  onFound(found: readonly TimestampFound[]): void;
}

/** Reads and searches that the shell was asked for. */
export class LogReads {
  private readonly context: BrokerContext;
  /** In the order in which they were asked for, as they are answered. */
  private readonly reads: { readonly token: number; readonly listener: ReadListener }[] = [];
  private readonly searches = new Map<number, SearchListener>();

  constructor(context: BrokerContext) {
    this.context = context;
  }

  read(
    { maxBytes, reads }: { readonly maxBytes: number; readonly reads: readonly LogReadWanted[] },
    listener: ReadListener,
  ): void {
    const token = this.context.nextToken();
    this.reads.push({ token, listener });
    this.context.emit({ kind: 'readLog', token, maxBytes, reads });
  }

  search(
    searches: readonly (PartitionKey & { readonly timestamp: number })[],
    listener: SearchListener,
  ): void {
    const token = this.context.nextToken();
    this.searches.set(token, listener);
    this.context.emit({ kind: 'findTimestamps', token, searches });
  }

  onRead(token: number, slices: readonly LogSlice[]): void {
    const index = this.reads.findIndex((read) => read.token === token);
    if (index === -1) return;
    const [read] = index === 0 ? [this.reads.shift()] : this.reads.splice(index, 1);
    read?.listener.onRead(slices);
  }

  onFound(token: number, found: readonly TimestampFound[]): void {
    const listener = this.searches.get(token);
    this.searches.delete(token);
    listener?.onFound(found);
  }
}
