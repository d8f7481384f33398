import { type Connections, type PendingRequest } from './connections.ts';
import { type BrokerContext } from './context.ts';
import { type Deadlines } from './deadlines.ts';
import { fetchAnswer } from './fetchAnswer.ts';
import { type FetchLook } from './fetchLook.ts';
import { FetchOp, type FetchOptions, type FetchRunner } from './fetchOp.ts';
import { type FetchPart } from './fetchPart.ts';
import { type LogReads } from './logReads.ts';
import { type LogReadWanted } from './types.ts';

/** What the fetches of a broker need. */
export interface FetchDeskParts {
  readonly context: BrokerContext;
  readonly connections: Connections;
  readonly deadlines: Deadlines;
  readonly reads: LogReads;
  readonly look: FetchLook;
}

/** Runs all fetches: each is looked at when it comes, and again when one of its partitions got further. */
export class FetchDesk implements FetchRunner {
  private readonly parts: FetchDeskParts;
  private woken: FetchOp[] = [];
  private parkedCount = 0;
  /** By follower, the fetch that it waits for. */
  private readonly byFollower = new Map<number, FetchOp>();

  constructor(parts: FetchDeskParts) {
    this.parts = parts;
  }

  get waitingCount(): number {
    return this.parkedCount;
  }

  begin(request: PendingRequest, options: FetchOptions): void {
    const fetch = new FetchOp(request, options, this);
    request.parked = fetch;
    if (options.session !== undefined) options.session.isBusy = true;
    if (fetch.isReplica) this.replaceFetchOf(fetch);
    this.lookAt(fetch, true);
  }

  /** Answers what these followers wait for: there is a partition that they should ask for as well. */
  nudge(followers: readonly number[]): void {
    for (const follower of followers) {
      const fetch = this.byFollower.get(follower);
      if (fetch?.state === 'parked') this.answer(fetch);
    }
  }

  /** At the end of a step: those whose partitions got further, once each. */
  lookAtWoken(): void {
    while (this.woken.length > 0) {
      const woken = this.woken;
      this.woken = [];
      for (const fetch of woken) {
        fetch.isWoken = false;
        if (fetch.state === 'parked') this.lookAt(fetch, false);
      }
    }
  }

  onWoken(fetch: FetchOp): void {
    this.woken.push(fetch);
  }

  onFetchRead(fetch: FetchOp): void {
    const isEnough = fetch.bytes >= fetch.options.minBytes;
    if (isEnough || fetch.isExpired || fetch.isUrgent) this.answer(fetch);
    else this.park(fetch);
  }

  onFetchExpired(fetch: FetchOp): void {
    if (fetch.state === 'parked') this.lookAt(fetch, false);
  }

  onFetchAbandoned(fetch: FetchOp): void {
    this.finish(fetch);
  }

  private lookAt(fetch: FetchOp, isNew: boolean): void {
    const { reader, parts } = fetch.options;
    for (const part of parts) this.parts.look.look(part, reader, isNew);
    const readable = parts.filter((part) => part.isReadable);
    if (readable.length > 0) this.read(fetch, readable);
    else if (fetch.isExpired || fetch.isUrgent) this.answer(fetch);
    else this.park(fetch);
  }

  private read(fetch: FetchOp, readable: FetchPart[]): void {
    this.setState(fetch, 'reading');
    fetch.reading = readable;
    const { maxBytes } = fetch.options;
    this.parts.reads.read({ maxBytes, reads: readable.map(readOf) }, fetch);
  }

  private park(fetch: FetchOp): void {
    if (this.parkedCount >= this.parts.context.config.requestsParkedMax) {
      this.answer(fetch);
      return;
    }
    const isFirst = fetch.listeningTo.length === 0;
    this.setState(fetch, 'parked');
    // What it would have got may be read again later, and more with it.
    for (const part of fetch.options.parts) {
      const { replica } = part;
      part.chunks = [];
      part.bytes = 0;
      if (!isFirst || replica === undefined) continue;
      replica.listen(fetch);
      fetch.listeningTo.push(replica);
    }
    if (isFirst) this.parts.deadlines.set(fetch, fetch.options.maxWaitMs);
  }

  private answer(fetch: FetchOp): void {
    const body = fetchAnswer(fetch);
    this.finish(fetch);
    this.parts.connections.answer(fetch.request, body);
  }

  private finish(fetch: FetchOp): void {
    this.setState(fetch, 'done');
    for (const replica of fetch.listeningTo) replica.unlisten(fetch);
    fetch.listeningTo = [];
    this.parts.deadlines.cancel(fetch);
    if (fetch.options.session !== undefined) fetch.options.session.isBusy = false;
    const { replicaId } = fetch.options.reader;
    if (this.byFollower.get(replicaId) === fetch) this.byFollower.delete(replicaId);
  }

  private setState(fetch: FetchOp, state: FetchOp['state']): void {
    if (fetch.state === 'parked') this.parkedCount--;
    if (state === 'parked') this.parkedCount++;
    fetch.state = state;
  }

  /** A follower that asks again got more to follow: its fetch before ends, or the next would wait behind it. */
  private replaceFetchOf(fetch: FetchOp): void {
    const { replicaId } = fetch.options.reader;
    const before = this.byFollower.get(replicaId);
    if (before?.state === 'parked') this.answer(before);
    this.byFollower.set(replicaId, fetch);
  }
}

function readOf({ wanted, replica, readBound }: FetchPart): LogReadWanted {
  return {
    topic: wanted.topic,
    topicId: replica?.topicId ?? wanted.topicId,
    partition: wanted.partition,
    offset: wanted.fetchOffset,
    maxBytes: wanted.maxBytes,
    upToOffset: readBound,
  };
}
