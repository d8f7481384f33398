import { type Parked, type PendingRequest } from './connections.ts';
import { type Expirable } from './deadlines.ts';
import { type FetchPart } from './fetchPart.ts';
import { type FetchSession } from './fetchSessions.ts';
import { type Reader } from './fetchLook.ts';
import { type ReadListener } from './logReads.ts';
import { type ProgressListener, type Replica } from './replica.ts';
import { type LogSlice } from './types.ts';

/** What a fetch asks for. */
export interface FetchOptions {
  readonly reader: Reader;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
  readonly session: FetchSession | undefined;
  /** Whether the answer names only what changed. */
  readonly isIncremental: boolean;
  readonly parts: readonly FetchPart[];
}

/** Who runs fetches. */
export interface FetchRunner {
  onWoken(fetch: FetchOp): void;
  onFetchRead(fetch: FetchOp): void;
  onFetchExpired(fetch: FetchOp): void;
  onFetchAbandoned(fetch: FetchOp): void;
}

/**
 * One Fetch request on its way:
 *
 *     looking ──readable──► reading ──enough──► done
 *        │ ▲                   │ too little
 *        │ └──woken── parked ◄─┘
 *        └──nothing──► parked ──time is up──► done
 */
export class FetchOp implements ProgressListener, Expirable, Parked, ReadListener {
  readonly request: PendingRequest;
  readonly options: FetchOptions;
  readonly isReplica: boolean;
  state: 'looking' | 'reading' | 'parked' | 'done' = 'looking';
  isExpired: boolean;
  /** In the list of those to be looked at again. */
  isWoken = false;
  /** Whose progress wakes it. */
  listeningTo: Replica[] = [];
  /** What is being read, in the order of the slices. */
  reading: FetchPart[] = [];
  private readonly runner: FetchRunner;

  constructor(request: PendingRequest, options: FetchOptions, runner: FetchRunner) {
    this.request = request;
    this.options = options;
    this.runner = runner;
    this.isReplica = options.reader.replicaId >= 0;
    this.isExpired = options.maxWaitMs <= 0 || options.minBytes <= 0;
  }

  get bytes(): number {
    let bytes = 0;
    for (const part of this.options.parts) bytes += part.bytes;
    return bytes;
  }

  /** Whether something has to be told at once. */
  get isUrgent(): boolean {
    for (const part of this.options.parts) {
      if (part.errorCode !== 0 || part.diverging !== undefined) return true;
    }
    return false;
  }

  onProgress(): void {
    if (this.isWoken || this.state === 'done') return;
    this.isWoken = true;
    this.runner.onWoken(this);
  }

  onRead(slices: readonly LogSlice[]): void {
    if (this.state !== 'reading') return;
    this.reading.forEach((part, index) => {
      const slice = slices[index] as LogSlice;
      part.chunks = slice.chunks;
      part.bytes = slice.bytes;
      part.errorCode = slice.errorCode;
    });
    this.runner.onFetchRead(this);
  }

  onDeadline(): void {
    this.isExpired = true;
    this.runner.onFetchExpired(this);
  }

  abandon(): void {
    this.runner.onFetchAbandoned(this);
  }
}
