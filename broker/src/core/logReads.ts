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
  private readonly reads = new Map<number, ReadListener>();
  private readonly searches = new Map<number, SearchListener>();

  constructor(context: BrokerContext) {
    this.context = context;
  }

  read(
    { maxBytes, reads }: { readonly maxBytes: number; readonly reads: readonly LogReadWanted[] },
    listener: ReadListener,
  ): void {
    const token = this.context.nextToken();
    this.reads.set(token, listener);
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
    const listener = this.reads.get(token);
    this.reads.delete(token);
    listener?.onRead(slices);
  }

  onFound(token: number, found: readonly TimestampFound[]): void {
    const listener = this.searches.get(token);
    this.searches.delete(token);
    listener?.onFound(found);
  }
}
